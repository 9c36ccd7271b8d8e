"""What one given deployment does: whether the engine starts, and what it then holds."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from sizing.deployment import Deployment
from sizing.evidence import Evidence, weakest
from sizing.memory import RankBudget, budget, cache_tokens, max_concurrency
from sizing.plan import Layout, MemoryPerGpu
from sizing.sharding import violation
from sizing.support import kv_support, support
from sizing.units import gib
from sizing.workload import Workload


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Suggestion(_Record):
    """A change that was tried and fits: options of `sizing fit` and what the change gives."""

    change: str
    options: dict[str, Any]
    max_concurrency: float
    gpus: int


class Fit(_Record):
    """The verdict on a deployment.

    `memory_per_gpu_gib` is the worst rank; its parts sum to the CUDA-visible memory, so `free` is
    negative where something does not fit. `kv_cache_tokens` and `max_concurrency` are of the whole
    deployment. `total_gib` is what it takes on all its GPUs.
    """

    model: str
    hf_id: str
    fits: bool
    reason: str
    precision: str
    kv_dtype: str
    gpu: str
    gpus: int
    layout: Layout
    engine: str
    context: int
    memory_per_gpu_gib: MemoryPerGpu
    total_gib: float
    kv_cache_needed_gib: float
    kv_cache_tokens: int
    max_concurrency: float
    max_context_that_fits: int
    suggestions: tuple[Suggestion, ...]
    evidence: dict[str, Evidence]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]


def fit(deployment: Deployment, *, suggest: bool = True) -> Fit:
    """The verdict: fits when the layout is legal and one sequence of the context has room."""
    stages = stages_of(deployment)
    illegal = refusal(deployment)
    reason = illegal or _shortage(deployment, stages)
    suggestions: tuple[Suggestion, ...] = ()
    if reason and suggest:
        from sizing.suggestions import suggestions_for

        suggestions = suggestions_for(deployment)
    return _answer(deployment, stages, reason, suggestions, legal=not illegal)


def stages_of(deployment: Deployment) -> tuple[RankBudget, ...]:
    """The budget of every pipeline stage for one sequence, worst first."""
    d = deployment
    one = Workload(context=d.context, concurrency=1)
    return budget(d.spec, d.precision, one, d.layout, d.gpu, d.engine, d.kv_dtype)


def refusal(deployment: Deployment) -> str | None:
    """Why no engine would start this at all, whatever its memory; None if one would."""
    d = deployment
    runs = support(d.precision, d.gpu.compute_capability)
    if runs.mode == "no":
        return f"{d.gpu.name}: {runs.reason}"
    keeps = kv_support(d.kv_dtype, d.gpu.compute_capability)
    if keeps.mode == "no":
        return f"{d.gpu.name}: {keeps.reason}"
    degrees = (d.layout.tp, d.layout.pp, d.layout.dp, d.layout.ep)
    return d.spec.once(
        f"legal {hash((degrees, d.precision))}", lambda: violation(d.spec, d.precision, d.layout)
    )


def starts(deployment: Deployment) -> bool:
    """Whether the engine starts and holds one sequence of the context."""
    return refusal(deployment) is None and stages_of(deployment)[0].short <= 0


def longest_context(stages: tuple[RankBudget, ...], limit: int) -> int:
    """Most tokens, up to `limit`, that one sequence can have on every stage; 0 if none."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if all(s.pages.bytes_per_sequence(middle) <= s.pool for s in stages):
            low = middle
        else:
            high = middle - 1
    return low


def _shortage(deployment: Deployment, stages: tuple[RankBudget, ...]) -> str | None:
    worst = stages[0]
    if worst.short <= 0:
        return None
    where = f" on pipeline stage {worst.stage}" if deployment.layout.pp > 1 else ""
    if worst.pool <= 0:
        return (
            f"weights and overheads take {gib(-worst.pool):.2f} GiB more{where} than the engine "
            f"may use, so nothing is left for the KV cache"
        )
    return (
        f"one sequence of {deployment.context:,} tokens needs {gib(worst.kv_needed):.2f} GiB of KV "
        f"cache, {gib(worst.pool):.2f} GiB are left{where}"
    )


def _answer(
    d: Deployment,
    stages: tuple[RankBudget, ...],
    reason: str | None,
    suggestions: tuple[Suggestion, ...],
    *,
    legal: bool,
) -> Fit:
    worst = stages[0]
    memory = worst.per_gpu()
    limit = d.spec.context_limit
    ranks = d.layout.tp * d.layout.dp
    # Each data-parallel rank keeps a cache of its own; a refused layout keeps none.
    copies = d.layout.dp if legal else 0
    return Fit(
        model=d.spec.name,
        hf_id=d.spec.hf_id or "",
        fits=reason is None,
        reason=reason or _why_it_fits(d, worst),
        precision=d.precision.name,
        kv_dtype=d.kv_dtype.name,
        gpu=d.gpu.name,
        gpus=d.layout.gpus,
        layout=d.layout,
        engine=d.engine.name,
        context=d.context,
        memory_per_gpu_gib=memory,
        total_gib=sum(gib(s.required + s.pool - s.kv_needed) for s in stages) * ranks,
        kv_cache_needed_gib=gib(worst.kv_needed),
        kv_cache_tokens=cache_tokens(stages, d.context, d.engine.version) * copies,
        max_concurrency=max_concurrency(stages) * copies,
        max_context_that_fits=longest_context(stages, limit) if legal else 0,
        suggestions=suggestions,
        evidence=_evidence(d),
        assumptions=d.defaults_used,
        warnings=_warnings(d, worst),
    )


def _why_it_fits(d: Deployment, worst: RankBudget) -> str:
    return (
        f"one sequence of {d.context:,} tokens needs {gib(worst.kv_needed):.2f} of the "
        f"{gib(worst.pool):.2f} GiB that are left for the KV cache"
    )


def _evidence(d: Deployment) -> dict[str, Evidence]:
    visible, version = d.gpu.cuda_evidence, d.engine.version.evidence
    return {
        "weights": Evidence.DERIVED,
        "kv_cache": weakest(Evidence.DERIVED, visible, version),
        "activations": version,
        "non_torch": Evidence.ESTIMATED,
        "cuda_graphs": Evidence.ESTIMATED,
        "cuda_visible_memory": visible,
    }


def _warnings(d: Deployment, worst: RankBudget) -> tuple[str, ...]:
    runs = support(d.precision, d.gpu.compute_capability)
    found = [f"{d.gpu.name}: {runs.reason}"] if runs.mode == "weight-only" else []
    if d.engine.version.graphs_in_activations and not d.engine.enforce_eager:
        found.append("the activation peak holds the CUDA graphs' estimate, as the engine counts it")
    if worst.per_gpu().free < -0.005 and worst.short <= 0:
        found.append(
            "CUDA graphs are captured in what the engine leaves untouched, which is too little "
            "here: lower the utilisation or use eager mode"
        )
    if "unified" in d.gpu.full_name:
        found.append("unified memory: the system and other programs take their share of it")
    if any(b.attention.kind == "compressed" for b in d.spec.blocks.values()):
        found.append("few logs cover compressed attention: the pages of its cache are estimates")
    if d.engine.version.evidence is Evidence.ESTIMATED:
        found.append(f"few start-up logs cover {d.engine.name}: its overheads are estimates")
    return tuple(found)
