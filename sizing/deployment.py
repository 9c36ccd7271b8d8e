"""One given deployment: what `sizing fit` is asked about, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sizing.catalog.checkpoint_rows import rows
from sizing.catalog.gpus import find_gpus
from sizing.engine import DEFAULT_ENGINE, Engine, make_engine
from sizing.errors import InputError
from sizing.gpu import Gpu
from sizing.model import ModelSpec
from sizing.plan import Layout
from sizing.precision import PRECISIONS, Precision, choose_precision
from sizing.resolve import resolve
from sizing.support import KvDtype, parse_kv_dtype
from sizing.units import GIB
from sizing.workload import make_workload

MAX_DEGREE = 1024
MAX_BATCH = 100_000
_LARGEST_GPU_GIB = 4096


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model on GPUs, as an engine would be started. `context` is tokens of one sequence."""

    spec: ModelSpec
    precision: Precision
    kv_dtype: KvDtype
    gpu: Gpu
    layout: Layout
    engine: Engine
    context: int
    defaults_used: tuple[str, ...] = ()


def make_deployment(
    model: str,
    gpu: str,
    *,
    tp: int = 1,
    pp: int = 1,
    dp: int = 1,
    ep: bool = False,
    precision: str | None = None,
    kv_dtype: str = "auto",
    params: int | None = None,
    context: int | None = None,
    gpu_memory_gib: float | None = None,
    engine: str = DEFAULT_ENGINE,
    max_num_seqs: int | None = None,
    max_num_batched_tokens: int | None = None,
    gpu_memory_utilization: float | None = None,
    enforce_eager: bool = False,
    block_size: int | None = None,
    speculative_tokens: int = 0,
) -> Deployment:
    """The checked deployment. Raises InputError for anything unknown, absurd or contradictory."""
    spec, chosen = find_model(model, precision, params)
    card = one_gpu(gpu, gpu_memory_gib)
    length = make_workload(spec.context_limit, context).context
    if speculative_tokens and spec.mtp is None:
        raise InputError(
            "speculative-tokens", speculative_tokens, f"0: {spec.name} has no MTP modules", 0
        )
    settings = make_engine(
        card,
        engine,
        context=length,
        gpu_memory_utilization=gpu_memory_utilization,
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        block_size=block_size,
        enforce_eager=enforce_eager,
        speculative_tokens=speculative_tokens,
    )
    given = {
        "context": context,
        "gpu-memory-utilization": gpu_memory_utilization,
        "max-num-seqs": max_num_seqs,
        "max-num-batched-tokens": max_num_batched_tokens,
    }
    return Deployment(
        spec=spec,
        precision=chosen,
        kv_dtype=parse_kv_dtype(kv_dtype, "kv-dtype"),
        gpu=card,
        layout=make_layout(spec, tp, pp, dp, ep=ep),
        engine=settings,
        context=length,
        defaults_used=tuple(_defaults(settings, length, chosen, precision, given)),
    )


def find_model(
    model: str, precision: str | None, params: int | None = None
) -> tuple[ModelSpec, Precision]:
    """The model and how its weights are stored. Raises InputError where it cannot be sized.

    `params` vouches for the size of a model whose architecture is not known.
    """
    found = resolve(model, params=params)
    if found.spec.unsupported_reason:
        raise InputError(
            "model", model, f"a model that can be sized ({found.spec.unsupported_reason})"
        )
    spec, named = found.spec, found.precision_from_name
    chosen = choose_precision(spec, precision, named)
    if precision is None and named is None and chosen.name == "fp32":
        # Engines load float32 checkpoints in 16 bits unless told otherwise.
        chosen = PRECISIONS["bf16"]
    if chosen.name == "fp8" and spec.hf_id:
        chosen = _published_fp8(spec, named) or chosen
    return spec, chosen


def _published_fp8(spec: ModelSpec, named: Precision | None) -> Precision | None:
    """The FP8 format in which the model's own publisher offers it, where that is not per channel.

    Block scales restrict the layouts, so it matters which FP8 is meant.
    """
    native = choose_precision(spec)
    if native.name.startswith("fp8"):
        return native
    publisher = f"{(spec.hf_id or '').partition('/')[0]}/"
    own = (row for row in rows(spec.name) if row.repository.startswith(publisher) and not row.of)
    blocks = next((row.format for row in own if row.precision == "fp8-block"), None)
    return named or blocks or resolve(f"{spec.hf_id}-FP8").precision_from_name


def one_gpu(text: str, memory_gib: float | None = None) -> Gpu:
    """The one GPU that `text` names, with `memory_gib` (GiB that CUDA sees) where given."""
    card, *others = find_gpus(text)
    if others:
        names = ", ".join(g.name for g in (card, *others[:3]))
        raise InputError("gpu", text, f"one GPU: {names}", others[-1].name)
    if memory_gib is None:
        return card
    if not 1 <= memory_gib <= _LARGEST_GPU_GIB:
        near = min(max(memory_gib, 1), _LARGEST_GPU_GIB) if memory_gib == memory_gib else None
        raise InputError("gpu-memory-gib", memory_gib, f"1 to {_LARGEST_GPU_GIB} GiB", near)
    return card.model_copy(update={"cuda_bytes": int(memory_gib * GIB)})


def make_layout(spec: ModelSpec, tp: int, pp: int, dp: int, *, ep: bool) -> Layout:
    """Degrees in range; expert parallelism spans the tensor- and data-parallel ranks."""
    for key, value in (("tp", tp), ("pp", pp), ("dp", dp)):
        if not 1 <= value <= MAX_DEGREE:
            raise InputError(key, value, f"1 to {MAX_DEGREE}", min(max(value, 1), MAX_DEGREE))
    if ep and not spec.has_experts:
        raise InputError("ep", True, f"only models with experts; {spec.name} has none")
    return Layout(tp=tp, pp=pp, dp=dp, ep=tp * dp if ep else 1)


def _defaults(
    engine: Engine,
    context: int,
    chosen: Precision,
    precision: str | None,
    given: Mapping[str, object],
) -> list[str]:
    """What was not said and is assumed, in words."""
    assumed = {
        "context": f"context {context:,} tokens",
        "gpu-memory-utilization": f"{engine.gpu_memory_utilization:.0%} of the GPU's memory",
        "max-num-seqs": f"{engine.max_num_seqs:,} sequences",
        "max-num-batched-tokens": f"{engine.max_num_batched_tokens:,} batched tokens",
    }
    told = [] if precision else [f"precision {chosen.name}, the checkpoint's own"]
    return told + [text for key, text in assumed.items() if given[key] is None]
