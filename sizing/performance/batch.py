"""Continuous batching in its steady state: whatever ends is replaced at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from sizing.performance.engines import Server
from sizing.performance.step import StepModel


@dataclass(frozen=True, slots=True)
class Load:
    """Requests of `input_len` prompt tokens and `output_len` generated tokens.

    `concurrency` are kept in flight by the client, `held` of them at most run in the engine.
    """

    input_len: float
    output_len: float
    concurrency: float
    held: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What a load gives: tokens per second of a replica, seconds to the first token and between.

    `running` sequences are in the engine on average, `decoding` of them in an average step.
    """

    output_tokens_per_s: float
    total_tokens_per_s: float
    ttft_s: float
    tpot_s: float
    running: float
    decoding: float
    prompt_tokens: float
    prompt_share: float


def steady(model: StepModel, server: Server, request_s: float, load: Load) -> Rates:
    """The steady state of a load.

    While one sequence generates its tokens, each of the others is replaced once on average, so
    that `held` prompts are computed in that time: in the same steps where the engine mixes
    (as far as its token budget goes), else in steps of their own.
    """
    held = min(load.concurrency, load.held)
    if server.mixes:
        found = _mixed(model, server, load, held)
    else:
        found = _prompts_first(model, server, load, held)
    generation, ttft, decoding, prompt, share = found
    # Requests cannot start faster than the front end takes them in.
    cycle = max(generation, held * request_s)
    rate = held / cycle
    queued = max(0.0, load.concurrency - held) / rate
    return Rates(
        output_tokens_per_s=rate * load.output_len,
        total_tokens_per_s=rate * (load.output_len + load.input_len),
        ttft_s=queued + ttft + request_s,
        tpot_s=(cycle - ttft) / max(1.0, load.output_len - 1),
        running=held,
        decoding=decoding,
        prompt_tokens=prompt,
        prompt_share=share,
    )


def first_token_s(model: StepModel, server: Server, request_s: float, input_len: float) -> float:
    """Seconds to the first token of a request that has the engine for itself."""
    budget = server.max_num_batched_tokens * model.ranks
    chunks = ceil(input_len / budget)
    pairs = input_len * (input_len + 1) / 2
    step = model.seconds(input_len / chunks, pairs / chunks, 0, 0)
    return request_s + chunks * step


def _mixed(
    model: StepModel, server: Server, load: Load, held: float
) -> tuple[float, float, float, float, float]:
    """Seconds of a generation, to the first token; sequences and prompt tokens of its steps."""
    budget = server.max_num_batched_tokens * model.ranks
    prompt, output = load.input_len, load.output_len
    chunks = ceil(prompt / budget)
    steps = max(output - 1 + chunks, held * (prompt + output - 1) / budget)
    decoding = held * (output - 1) / steps
    context = decoding * (prompt + output / 2)
    # Prompts that share a step are read together; until then each takes steps of its own.
    share = min(1.0, held * chunks / steps)
    tokens = held * prompt / (steps * share)
    with_prompt = model.seconds(tokens, tokens * prompt / 2, decoding, context)
    without = model.seconds(0, 0, decoding, context) if decoding else 0.0
    generation = steps * (share * with_prompt + (1 - share) * without)
    own = (steps - output + 1) * with_prompt if share == 1.0 else chunks * with_prompt
    # A request arrives in the middle of a step.
    wait = (share * with_prompt + (1 - share) * without) / 2 if held > 1 else 0.0
    return generation, min(own + wait, generation), decoding, tokens, share


def _prompts_first(
    model: StepModel, server: Server, load: Load, held: float
) -> tuple[float, float, float, float, float]:
    budget = server.max_num_batched_tokens * model.ranks
    prompt, output = load.input_len, load.output_len
    context = held * (prompt + output / 2)
    decode = model.seconds(0, 0, held, context)
    # As many prompts are read together as sequences end in the time of one step.
    tokens = min(budget, max(prompt, held * prompt / output))
    tokens = prompt / ceil(prompt / budget) if prompt > budget else tokens
    batch = model.seconds(tokens, tokens * prompt / 2, 0, 0)
    prefill = held * prompt / tokens * batch
    generation = (output - 1) * decode + prefill
    own = ceil(prompt / budget) * batch
    return generation, min(own + (decode / 2 if held > 1 else 0), generation), held, tokens, 0.0
