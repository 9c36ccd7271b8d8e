"""The memory of every rank: one function serves plan, fit and report alike."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.engine import Engine, EngineVersion
from sizing.gpu import Gpu
from sizing.kv_pages import KvPages, kv_pages
from sizing.model import ModelSpec
from sizing.plan import Layout, MemoryPerGpu
from sizing.precision import Precision
from sizing.profile_run import activation_peak
from sizing.rank_weights import rank_weights
from sizing.sharding import stage_layers
from sizing.support import KvDtype
from sizing.units import GIB, MIB, gib
from sizing.workload import Workload

# CUDA graphs in logs of vLLM 0.19 on H100 (8 to 80 layers), a base and a share per layer: what
# they took, and the estimate that newer versions set aside. On an L4 it was 0.7 of that.
_GRAPHS, _ESTIMATE, _PER_LAYER = 0.35 * GIB, 0.25 * GIB, 17.5 * MIB
_SMALLER_GPU = 0.7


@dataclass(frozen=True, slots=True)
class RankBudget:
    """Bytes of the ranks of one pipeline stage (its tensor-parallel ranks are equal).

    `pool` is what the engine gives the KV cache (negative: it cannot start); `kv_needed` is what
    the workload asks of it; `kv_per_sequence` is one sequence at the asked context.
    """

    stage: int
    visible: int
    weights: int
    activations: int
    non_torch: int
    cuda_graphs: int
    reserve: int
    pool: int
    kv_per_sequence: int
    kv_needed: int
    pages: KvPages

    @property
    def short(self) -> int:
        """Bytes missing; zero or less when the workload fits."""
        return self.kv_needed - self.pool

    @property
    def required(self) -> int:
        """Bytes that must be there: everything but what the pool has beyond the need."""
        fixed = self.weights + self.activations + self.non_torch + self.cuda_graphs
        return fixed + self.kv_needed

    def per_gpu(self) -> MemoryPerGpu:
        """In GiB, parts summing to the CUDA-visible memory; a pool below zero shows as 0."""
        pool = max(0, self.pool)
        parts = (self.weights, pool, self.activations, self.non_torch, self.cuda_graphs)
        return MemoryPerGpu(
            weights=gib(self.weights),
            kv_cache=gib(pool),
            activations=gib(self.activations),
            non_torch=gib(self.non_torch),
            cuda_graphs=gib(self.cuda_graphs),
            reserve=gib(self.reserve),
            free=gib(self.visible - sum(parts) - self.reserve),
        )


def budget(
    spec: ModelSpec,
    precision: Precision,
    workload: Workload,
    layout: Layout,
    gpu: Gpu,
    engine: Engine,
    kv_dtype: KvDtype,
) -> tuple[RankBudget, ...]:
    """The budget of each pipeline stage, worst first (least memory left for the KV need)."""
    stages = [
        _stage(index, blocks, spec, precision, workload, layout, gpu, engine, kv_dtype)
        for index, blocks in enumerate(stage_blocks(spec, layout.pp))
    ]
    return tuple(sorted(stages, key=lambda s: (-s.short, s.stage)))


def max_concurrency(stages: tuple[RankBudget, ...]) -> float:
    """Sequences of the asked context that fit at once; the tightest stage decides."""
    held = (
        s.pages.blocks(s.pool) * s.pages.block_bytes / s.kv_per_sequence
        for s in stages
        if s.kv_per_sequence
    )
    return min(held, default=0.0)


def cache_tokens(stages: tuple[RankBudget, ...], context: int, version: EngineVersion) -> int:
    """The cache size in tokens, counted as that version of the engine reports it."""
    if version.tokens_by_concurrency:
        return int(max_concurrency(stages) * context)
    held = [
        s.pages.blocks(s.pool) // s.pages.groups * s.pages.block_size
        for s in stages
        if s.pages.block_bytes
    ]
    return min(held, default=0)


def stage_blocks(spec: ModelSpec, stages: int) -> list[dict[str, int]]:
    """How many layers of each block every pipeline stage holds."""
    return spec.once(f"stages {stages}", lambda: _stage_blocks(spec, stages))


def _stage_blocks(spec: ModelSpec, stages: int) -> list[dict[str, int]]:
    order = spec.layer_order()
    found: list[dict[str, int]] = []
    start = 0
    for count in stage_layers(len(order), stages):
        names = order[start : start + count]
        found.append({name: names.count(name) for name in dict.fromkeys(names)})
        start += count
    return found


@dataclass(frozen=True, slots=True)
class _Fixed:
    """What neither the context nor the size of the GPU's memory changes."""

    weights: int
    activations: int
    pages: KvPages


def _stage(
    index: int,
    blocks: dict[str, int],
    spec: ModelSpec,
    precision: Precision,
    workload: Workload,
    layout: Layout,
    gpu: Gpu,
    engine: Engine,
    kv_dtype: KvDtype,
) -> RankBudget:
    degrees = (layout.tp, layout.pp, layout.dp, layout.ep)
    card = (gpu.name, gpu.compute_capability)
    fixed = spec.once(
        f"fixed {hash((index, degrees, precision, card, engine, kv_dtype))}",
        lambda: _fixed(index, blocks, spec, precision, layout, gpu, engine, kv_dtype),
    )
    held, activations, pages = fixed.weights, fixed.activations, fixed.pages
    non_torch = int(_non_torch(layout, gpu, engine))
    graphs = _graphs(sum(blocks.values()), gpu, engine)
    usable = int(gpu.cuda_bytes * engine.gpu_memory_utilization)
    if engine.version.graphs_in_activations:
        activations, graphs = activations + graphs, 0
    in_budget = graphs if engine.version.cuda_graphs_in_budget else 0
    sequence = pages.bytes_per_sequence(workload.context)
    return RankBudget(
        stage=index,
        visible=gpu.cuda_bytes,
        weights=held,
        activations=activations,
        non_torch=non_torch,
        cuda_graphs=graphs,
        # Graphs that the engine does not count are captured in what it leaves untouched.
        reserve=max(0, gpu.cuda_bytes - usable - (graphs - in_budget)),
        pool=usable - held - activations - non_torch - in_budget,
        kv_per_sequence=sequence,
        kv_needed=sequence * workload.concurrency,
        pages=pages,
    )


def _fixed(
    index: int,
    blocks: dict[str, int],
    spec: ModelSpec,
    precision: Precision,
    layout: Layout,
    gpu: Gpu,
    engine: Engine,
    kv_dtype: KvDtype,
) -> _Fixed:
    first, last = index == 0, index == layout.pp - 1
    cached = _cached(spec, blocks, engine) if last else blocks
    return _Fixed(
        weights=rank_weights(
            spec,
            blocks,
            precision,
            layout,
            gpu,
            engine,
            first_layer=sum(stage_layers(spec.layers, layout.pp)[:index]),
            is_first=first,
            is_last=last,
        ),
        activations=activation_peak(
            spec, blocks, precision, layout, gpu, engine, is_first=first, is_last=last
        ),
        pages=kv_pages(spec, cached, layout, engine, kv_dtype, _width(precision)),
    )


def _cached(spec: ModelSpec, blocks: dict[str, int], engine: Engine) -> dict[str, int]:
    """Layers that cache: a drafter's module is one more of the block that it repeats."""
    if not engine.speculative_tokens or spec.mtp is None:
        return blocks
    kind = spec.mtp.block.attention.kind
    like = [name for name in blocks if spec.blocks[name].attention.kind == kind]
    return {**blocks, like[-1]: blocks[like[-1]] + 1} if like else blocks


def _non_torch(layout: Layout, gpu: Gpu, engine: Engine) -> float:
    """What CUDA, cuBLAS and NCCL take beside PyTorch's allocator."""
    alone, on_nvlink, otherwise, pipeline = engine.version.non_torch
    # Experts spread over ranks exchange tokens even where nothing is tensor-parallel.
    if layout.tp == 1 and layout.ep == 1:
        return pipeline if layout.pp > 1 else alone
    return on_nvlink if gpu.nvlink_gb_s is not None and _is_hopper(gpu) else otherwise


def _graphs(layers: int, gpu: Gpu, engine: Engine) -> int:
    if engine.enforce_eager:
        return 0
    if not engine.version.cuda_graphs_in_budget:
        return int(_GRAPHS + _PER_LAYER * layers)
    return int((_ESTIMATE + _PER_LAYER * layers) * (1 if _is_hopper(gpu) else _SMALLER_GPU))


def _is_hopper(gpu: Gpu) -> bool:
    """Hopper or newer."""
    return int(gpu.compute_capability.partition(".")[0]) >= 9


def _width(precision: Precision) -> float:
    return 4.0 if precision.name == "fp32" else 2.0
