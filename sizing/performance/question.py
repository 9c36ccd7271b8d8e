"""What `sizing perf` is asked, checked before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.deployment import Deployment, find_model, make_layout, one_gpu
from sizing.engine import DEFAULT_ENGINE
from sizing.errors import InputError
from sizing.model import ModelSpec
from sizing.performance.engines import Server, make_server
from sizing.precision import native_precision
from sizing.support import parse_kv_dtype
from sizing.workload import DEFAULT_CONCURRENCY, MAX_CONCURRENCY

MAX = "max"


@dataclass(frozen=True, slots=True)
class Question:
    """A load on a deployment: prompt and output tokens of each request, how many at once.

    `concurrency` is None for as many as the engine holds; with `burst` so many requests arrive at
    once and none after. `spread`: output lengths vary as in chat instead of being all alike.
    """

    deployment: Deployment
    server: Server
    input_len: int
    output_len: int
    concurrency: int | None
    burst: bool
    spread: bool
    assumptions: tuple[str, ...]


def make_question(
    model: str,
    gpu: str,
    input_len: int,
    output_len: int,
    *,
    tp: int = 1,
    pp: int = 1,
    dp: int = 1,
    ep: bool = False,
    params: int | None = None,
    precision: str | None = None,
    kv_dtype: str = "auto",
    concurrency: str | None = None,
    num_prompts: int | None = None,
    spread: bool = False,
    engine: str = DEFAULT_ENGINE,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
    gpu_memory_utilization: float | None = None,
    enforce_eager: bool = False,
) -> Question:
    """The checked question. Raises InputError for anything unknown, absurd or contradictory."""
    spec, chosen = find_model(model, precision, params)
    card = one_gpu(gpu)
    _check_lengths(spec, input_len, output_len)
    server = make_server(
        card,
        engine,
        context=input_len + output_len,
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        gpu_memory_utilization=gpu_memory_utilization,
        enforce_eager=enforce_eager,
    )
    chosen = server.checkpoint(precision, chosen, native_precision(spec))
    cache = server.cache_dtype(parse_kv_dtype(kv_dtype, "kv-dtype"), chosen)
    deployment = Deployment(
        spec=spec,
        precision=chosen,
        kv_dtype=cache,
        gpu=card,
        layout=make_layout(spec, tp, pp, dp, ep=ep),
        engine=server.memory,
        context=input_len + output_len,
    )
    asked = _concurrency(concurrency, num_prompts)
    assumed = [] if precision else [f"precision {chosen.name}, the checkpoint's own"]
    assumed += [] if concurrency or num_prompts else [f"{DEFAULT_CONCURRENCY} requests at once"]
    assumed += [] if cache.name == kv_dtype else [f"KV cache in {cache.name}"]
    assumed += [
        f"{server.max_num_seqs:,} sequences and {server.max_num_batched_tokens:,} tokens of a step "
        f"at most, {server.memory.gpu_memory_utilization:.0%} of the GPU's memory",
        "prompts share nothing: no prefix is cached; no speculation",
    ]
    return Question(
        deployment=deployment,
        server=server,
        input_len=input_len,
        output_len=output_len,
        concurrency=asked,
        burst=num_prompts is not None,
        spread=spread,
        assumptions=tuple(assumed),
    )


def _check_lengths(spec: ModelSpec, input_len: int, output_len: int) -> None:
    limit = spec.context_limit
    for key, value in (("input-len", input_len), ("output-len", output_len)):
        if not 1 <= value < limit:
            near = min(max(value, 1), limit - 1)
            raise InputError(key, value, f"1 to {limit - 1} tokens", near)
    if input_len + output_len > limit:
        raise InputError(
            "output-len",
            output_len,
            f"at most {limit - input_len} after a prompt of {input_len}: {spec.name} holds "
            f"{limit} tokens",
            limit - input_len,
        )


def _concurrency(text: str | None, num_prompts: int | None) -> int | None:
    if num_prompts is not None:
        if text is not None:
            raise InputError("concurrency", text, "nothing beside --num-prompts: all come at once")
        return _count("num-prompts", num_prompts)
    if text is None:
        return DEFAULT_CONCURRENCY
    if text.strip().lower() == MAX:
        return None
    if not text.strip().lstrip("-").isdigit():
        raise InputError("concurrency", text, f"1 to {MAX_CONCURRENCY} requests, or {MAX}", MAX)
    return _count("concurrency", int(text))


def _count(key: str, value: int) -> int:
    if not 1 <= value <= MAX_CONCURRENCY:
        near = min(max(value, 1), MAX_CONCURRENCY)
        raise InputError(key, value, f"1 to {MAX_CONCURRENCY} requests", near)
    return value
