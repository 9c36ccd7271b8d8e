"""The memory of every rank: one function serves plan, fit and report alike."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.census import KvLayers, LayerWeights, kv_layers, state_layers, weights
from sizing.engine import Engine
from sizing.gpu import Gpu
from sizing.model import Dense, Gqa, ModelSpec, Moe
from sizing.plan import Layout, MemoryPerGpu
from sizing.precision import Precision, stored_bytes
from sizing.sharding import shard, stage_layers
from sizing.support import KvDtype
from sizing.units import GIB, gib
from sizing.workload import Workload

_ACTIVATION_BYTES = 2
# What CUDA, cuBLAS and NCCL take beside PyTorch's allocator, seen in start-up logs of vLLM 0.19
# on H100: 0.25 GiB alone, 2.1 GiB as soon as tensor parallel ranks talk to each other.
_NON_TORCH = {False: 0.25 * GIB, True: 2.1 * GIB}
# CUDA graphs in the same logs: 0.35 GiB and 17.5 MiB for each captured layer (8 to 80 layers).
_GRAPH_BASE = 0.35 * GIB
_GRAPH_PER_LAYER = 17.5 * 2**20


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
        for index, blocks in enumerate(_stage_blocks(spec, layout.pp))
    ]
    return tuple(sorted(stages, key=lambda s: (-s.short, s.stage)))


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
    is_last = index == layout.pp - 1
    held = _stage_weights(spec, blocks, is_first=index == 0, is_last=is_last)
    weight_bytes = sum(_rank_bytes(spec, part, n, precision, layout) for part, n in held)
    activations = _activations(spec, blocks, layout, engine, is_last=is_last)
    non_torch = int(_NON_TORCH[layout.tp > 1])
    graphs = int(_GRAPH_BASE + _GRAPH_PER_LAYER * sum(blocks.values()))
    usable = int(gpu.cuda_bytes * engine.gpu_memory_utilization)
    in_budget = graphs if engine.version.cuda_graphs_in_budget else 0
    sequence = _sequence_bytes(spec, blocks, workload.context, layout, engine, kv_dtype)
    return RankBudget(
        stage=index,
        visible=gpu.cuda_bytes,
        weights=weight_bytes,
        activations=activations,
        non_torch=non_torch,
        cuda_graphs=graphs,
        # Graphs that the engine does not count are captured in what it leaves untouched.
        reserve=gpu.cuda_bytes - usable - (graphs - in_budget),
        pool=usable - weight_bytes - activations - non_torch - in_budget,
        kv_per_sequence=sequence,
        kv_needed=sequence * workload.concurrency,
    )


def _stage_blocks(spec: ModelSpec, stages: int) -> list[dict[str, int]]:
    """How many layers of each block every pipeline stage holds."""
    order = spec.layer_order()
    found: list[dict[str, int]] = []
    start = 0
    for count in stage_layers(len(order), stages):
        names = order[start : start + count]
        found.append({name: names.count(name) for name in dict.fromkeys(names)})
        start += count
    return found


def _stage_weights(
    spec: ModelSpec, blocks: dict[str, int], *, is_first: bool, is_last: bool
) -> list[tuple[LayerWeights, int]]:
    held: list[tuple[LayerWeights, int]] = []
    for part in weights(spec):
        if part.section == "stack" and part.block in blocks:
            held.append((part, blocks[part.block]))
        # A tied table is the head too, so the last stage keeps it as well.
        elif part.section == "embedding" and (is_first or (is_last and spec.tied)):
            held.append((part, 1))
        elif (part.section == "head" and is_last) or (part.section == "tower" and is_first):
            held.append((part, part.count))
    return held


def _rank_bytes(
    spec: ModelSpec, part: LayerWeights, count: int, precision: Precision, layout: Layout
) -> int:
    key = f"rank {part.section} {part.block} {precision.name} {layout.tp} {layout.ep}"
    one = spec.once(
        key, lambda: sum(stored_bytes(shard(w, layout), precision) for w in part.weights)
    )
    return one * count


def _activations(
    spec: ModelSpec, blocks: dict[str, int], layout: Layout, engine: Engine, *, is_last: bool
) -> int:
    """Peak of the engine's profiling run, in bytes.

    Forward: hidden states and the widest MLP over all batched tokens. Last stage: the sampler's
    logits over the whole vocabulary, which tensor parallelism gathers, beside the hidden states.
    """
    tokens = engine.max_num_batched_tokens
    widest = max((_ffn_elements(spec, name, layout) for name in blocks), default=0)
    forward = _ACTIVATION_BYTES * tokens * (6 * spec.hidden + widest)
    if not is_last:
        return int(forward)
    moe = max((_moe_elements(spec, name, layout) for name in blocks), default=0)
    logits = engine.version.sampler_bytes_per_logit * engine.max_num_seqs * spec.vocab
    held = _ACTIVATION_BYTES * tokens * (spec.hidden + moe)
    return int(max(forward, logits + held))


def _ffn_elements(spec: ModelSpec, block: str, layout: Layout) -> float:
    ffn = spec.blocks[block].ffn
    if isinstance(ffn, Dense):
        return (3 if ffn.gated else 2) * ffn.intermediate / layout.tp
    return _moe_elements(spec, block, layout)


def _moe_elements(spec: ModelSpec, block: str, layout: Layout) -> float:
    """Workspace of the fused expert kernel per token: two ping-pong buffers for top-k copies."""
    ffn = spec.blocks[block].ffn
    if not isinstance(ffn, Moe):
        return 0
    inner = ffn.intermediate / (1 if layout.ep > 1 else layout.tp)
    return ffn.top_k * (max(2 * inner, ffn.latent or spec.hidden) + inner)


def _sequence_bytes(
    spec: ModelSpec,
    blocks: dict[str, int],
    context: int,
    layout: Layout,
    engine: Engine,
    kv_dtype: KvDtype,
) -> int:
    """Bytes one sequence takes on one rank of this stage: KV cache and recurrent state."""
    cached = sum(
        _tokens_held(spec, kv, context, engine)
        / kv.stride
        * _entry_bytes(kv, layout, kv_dtype.bytes_per_element)
        * blocks[kv.block]
        for kv in kv_layers(spec)
        if kv.block in blocks
    )
    state_width = 4 if spec.state_dtype == "float32" else 2
    state = sum(
        (s.conv * _ACTIVATION_BYTES + s.recurrent * state_width) / layout.tp * blocks[s.block]
        for s in state_layers(spec)
        if s.block in blocks
    )
    return int(cached + state)


def _tokens_held(spec: ModelSpec, kv: KvLayers, context: int, engine: Engine) -> int:
    """Tokens whose entries a layer keeps, in whole blocks of the engine."""
    attention = spec.blocks[kv.block].attention
    # vLLM pages chunked attention as full attention unless told otherwise.
    chunked = isinstance(attention, Gqa) and attention.chunk is not None
    held = context
    if kv.window is not None and not chunked:
        # A window's pages are freed only after the step that slides past them.
        held = min(context, kv.window - 1 + engine.max_num_batched_tokens)
    block = engine.version.block_size
    return -(-held // block) * block


def _entry_bytes(kv: KvLayers, layout: Layout, dtype_bytes: float) -> float:
    """Bytes of one entry on one rank: KV heads are cut, but never below one; latents are whole."""
    whole = kv.bytes_per_entry(dtype_bytes)
    if kv.kind != "gqa":
        return whole
    return whole / kv.heads * max(1, -(-kv.heads // layout.tp))
