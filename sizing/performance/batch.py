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
    """What a load gives: tokens per second of a replica, mean seconds to the first token and
    between tokens. `running` sequences are in the engine on average."""

    output_tokens_per_s: float
    total_tokens_per_s: float
    ttft_s: float
    tpot_s: float
    running: float


@dataclass(frozen=True, slots=True)
class StepKind:
    """Like steps: their share of all, the prompt tokens and decoding sequences of each."""

    share: float
    prompt_tokens: float
    decoding: float


@dataclass(frozen=True, slots=True)
class Generation:
    """The time in which a sequence generates all its tokens, and in which each that runs beside it
    is replaced once: `seconds`, those to its first token, and the steps in it."""

    seconds: float
    first_token_s: float
    steps: tuple[StepKind, StepKind]


def steady(model: StepModel, server: Server, request_s: float, load: Load) -> Rates:
    """The steady state of a load: so many requests are kept in flight, the rest of them waits."""
    held = min(load.concurrency, load.held)
    found = generation(model, server, load)
    # Requests cannot start faster than the front end takes them in.
    cycle = max(found.seconds, held * request_s)
    rate = held / cycle
    queued = max(0.0, load.concurrency - held) / rate
    between = (cycle - found.first_token_s) / max(1.0, load.output_len - 1)
    return Rates(
        output_tokens_per_s=rate * load.output_len,
        total_tokens_per_s=rate * (load.output_len + load.input_len),
        ttft_s=queued + found.first_token_s + request_s,
        tpot_s=between if load.output_len > 1 else 0.0,
        running=held,
    )


def generation(model: StepModel, server: Server, load: Load) -> Generation:
    """A generation of the sequences that run: `held` prompts are computed in it, in the same steps
    where the engine mixes (as far as its token budget goes), else in steps of their own."""
    held = min(load.concurrency, load.held)
    kind = _mixed if server.mixes else _prompts_first
    return kind(model, server, load, held)


def first_token_s(model: StepModel, server: Server, request_s: float, input_len: float) -> float:
    """Seconds to the first token of a request that has the engine for itself."""
    budget = server.max_num_batched_tokens * model.ranks
    chunks = ceil(input_len / budget)
    pairs = input_len * (input_len + 1) / 2
    step = model.seconds(input_len / chunks, pairs / chunks, 0, 0)
    return request_s + chunks * step


def _mixed(model: StepModel, server: Server, load: Load, held: float) -> Generation:
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
    mean = share * with_prompt + (1 - share) * without
    own = (steps - output + 1 if share == 1.0 else chunks) * with_prompt
    # A request arrives in the middle of a step.
    wait = mean / 2 if held > 1 else 0.0
    return Generation(
        steps * mean,
        min(own + wait, steps * mean),
        (StepKind(share, tokens, decoding), StepKind(1 - share, 0.0, decoding)),
    )


def _prompts_first(model: StepModel, server: Server, load: Load, held: float) -> Generation:
    budget = server.max_num_batched_tokens * model.ranks
    prompt, output = load.input_len, load.output_len
    chunks = ceil(prompt / budget)
    decode = model.seconds(0, 0, held, held * (prompt + output / 2))
    # As many prompts are read together as sequences end in the time of one step.
    tokens = prompt / chunks if chunks > 1 else min(budget, prompt * max(1.0, held / output))
    batch = model.seconds(tokens, tokens * prompt / 2, 0, 0)
    batches = held * prompt / tokens
    seconds = (output - 1) * decode + batches * batch
    wait = decode / 2 if held > 1 else 0.0
    share = batches / (batches + output - 1)
    return Generation(
        seconds,
        min(chunks * batch + wait, seconds),
        (StepKind(share, tokens, 0.0), StepKind(1 - share, 0.0, held)),
    )
