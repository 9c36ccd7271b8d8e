"""The verdict on plain Transformers: one process, its layers spread over the GPUs it is given."""

from __future__ import annotations

from sizing.deployment import MAX_BATCH, find_model, make_layout, one_gpu
from sizing.errors import InputError
from sizing.evidence import Evidence
from sizing.fit import Fit
from sizing.plan import Layout
from sizing.support import KvDtype, parse_kv_dtype, support
from sizing.transformers_engine import (
    ProcessMemory,
    TransformersEngine,
    cache_room,
    process_memory,
    transformers_engine,
)
from sizing.units import gib

DEFAULT_OUTPUT = 2048


def fit_transformers(
    model: str,
    gpu: str,
    *,
    gpus: int = 1,
    precision: str | None = None,
    kv_dtype: str = "auto",
    batch: int = 1,
    input_len: int | None = None,
    output_len: int | None = None,
    params: int | None = None,
    context: int | None = None,
    gpu_memory_gib: float | None = None,
    engine: str = "transformers",
) -> Fit:
    """Whether `batch` sequences can be generated. `context` is prompt and output together.

    Raises InputError for anything unknown, absurd or contradictory.
    """
    spec, chosen = find_model(model, precision, params)
    card, kv = one_gpu(gpu, gpu_memory_gib), parse_kv_dtype(kv_dtype, "kv-dtype")
    library = transformers_engine(engine)
    make_layout(spec, gpus, 1, 1, ep=False)
    if not 1 <= batch <= MAX_BATCH:
        raise InputError("batch", batch, f"1 to {MAX_BATCH:,}", min(max(batch, 1), MAX_BATCH))
    limit = spec.context_limit
    tokens, said = _tokens(limit, input_len, output_len, context)
    memory = process_memory(spec, chosen, kv, card, library, gpus=gpus, batch=batch, tokens=tokens)
    runs = support(chosen, card.compute_capability)
    refused = f"{card.name}: {runs.reason}" if runs.mode == "no" else None
    room, each = cache_room(memory), memory.kv_cache / batch
    held = room / each if each else float(MAX_BATCH)
    longest = min(limit, int(tokens * held / batch))
    return Fit(
        model=spec.name,
        hf_id=spec.hf_id or "",
        fits=refused is None and memory.free_per_gpu >= 0,
        reason=refused or _reason(memory, batch, tokens),
        precision=chosen.name,
        kv_dtype=kv.name,
        gpu=card.name,
        gpus=gpus,
        # Layers are spread, not cut: as a pipeline whose stages take turns.
        layout=Layout(tp=1, pp=gpus),
        engine=library.name,
        context=tokens,
        memory_per_gpu_gib=memory.per_gpu(),
        total_gib=gib(memory.total),
        kv_cache_needed_gib=gib(memory.kv_cache),
        kv_cache_tokens=int(held * tokens),
        max_concurrency=held,
        max_context_that_fits=longest if refused is None else 0,
        suggestions=(),
        evidence=_evidence(card.cuda_evidence),
        assumptions=tuple(said),
        warnings=_warnings(library, kv),
    )


def _tokens(
    limit: int, input_len: int | None, output_len: int | None, context: int | None
) -> tuple[int, list[str]]:
    """Tokens of one sequence at its end, and what was assumed."""
    if context is not None and (input_len is not None or output_len is not None):
        raise InputError("context", context, "either a context, or an input and an output length")
    for key, value, least in (("input-len", input_len, 1), ("output-len", output_len, 0)):
        if value is not None and not least <= value <= limit:
            raise InputError(
                key, value, f"{least} to {limit} tokens", min(max(value, least), limit)
            )
    said = [f"{DEFAULT_OUTPUT:,} output tokens"] if output_len is None and context is None else []
    tokens = (
        context
        if context is not None
        else (input_len or 1) + (DEFAULT_OUTPUT if output_len is None else output_len)
    )
    if not 1 <= tokens <= limit:
        near = min(max(tokens, 1), limit)
        raise InputError("context", tokens, f"1 to {limit} tokens (the model's limit)", near)
    return tokens, said


def _reason(memory: ProcessMemory, batch: int, tokens: int) -> str:
    each, seen = gib(memory.total) / memory.gpus, gib(memory.visible)
    load = f"{batch:,} x {tokens:,} tokens" if batch > 1 else f"{tokens:,} tokens"
    short = gib(-memory.free_per_gpu)
    if short <= 0:
        return f"{load} take {each:.2f} of the {seen:.2f} GiB of each GPU"
    return f"{load} take {each:.2f} GiB of each GPU and overheads; {short:.2f} GiB are missing"


def _evidence(visible: Evidence) -> dict[str, Evidence]:
    return {
        "weights": Evidence.DERIVED,
        "kv_cache": Evidence.DERIVED,
        "activations": Evidence.ESTIMATED,
        "non_torch": Evidence.ESTIMATED,
        "cuda_visible_memory": visible,
    }


def _warnings(engine: TransformersEngine, kv: KvDtype) -> tuple[str, ...]:
    found = ["prompts are assumed to be processed without keeping all logits"]
    if kv.bytes_per_element == 1:
        found.append("a quantised cache needs a cache implementation of its own")
    if engine.caches_at_once > 1:
        found.append(f"{engine.name} holds the cache twice while it grows")
    return tuple(found)
