"""Weights of one rank as vLLM holds them after loading, which is not what the file stores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import ceil
from typing import NamedTuple

from sizing.census import LayerWeights, weights
from sizing.engine import Engine
from sizing.gpu import Gpu
from sizing.kept import keep_rules
from sizing.model import GatedDeltaNet, Gqa, Mla, ModelSpec
from sizing.plan import Layout
from sizing.precision import Precision, stored_bytes
from sizing.sharding import shard
from sizing.tensors import Weight
from sizing.units import MIB

# mxfp4 expert kernels pad the model's width to 256 and the experts' own to 128.
_WIDE, _NARROW = 256, 128
# PyTorch's caching allocator: blocks from 10 MiB on are whole pages of 2 MiB.
_LARGE, _PAGE, _SPLIT = 10 * MIB, 2 * MIB, MIB
# Projections that the engine keeps as one tensor: queries, keys and values; gate and up.
_FUSED = re.compile(r"^(.*\.)?(?:q_proj|k_proj|v_proj|gate_proj|up_proj)$")
# Linear position scaling multiplies the rotation's table (published configurations).
_ROTATION_FACTOR = {"Gemma3ForConditionalGeneration": 8}


class _Mxfp4(NamedTuple):
    """Which kernels run mxfp4 experts: Triton's (Hopper) pad a matrix's inputs, the first versions
    those alone; Marlin's pad both sides."""

    is_triton: bool
    later: bool

    @property
    def pads_rows(self) -> bool:
        """Whether the rows of the first matrix are padded too."""
        return self.later or not self.is_triton


def rank_weights(
    spec: ModelSpec,
    blocks: Mapping[str, int],
    precision: Precision,
    layout: Layout,
    gpu: Gpu,
    engine: Engine,
    *,
    first_layer: int = 0,
    is_first: bool,
    is_last: bool,
) -> int:
    """Bytes on the fullest tensor-parallel rank of a stage that holds `blocks`.

    The stage's layers are consecutive from `first_layer`, which matters where a checkpoint leaves
    some layers of a kind in 16 bits and quantises others.
    """
    stored = sum(
        _bytes(spec, part, precision, layout, gpu, engine) * n
        for part, n in _held(spec, blocks, engine, is_first=is_first, is_last=is_last)
    )
    if keep_rules(precision.keep).depends_on_layer:
        layers = range(first_layer, first_layer + sum(blocks.values()))
        stored += _by_layer(spec, layers, blocks, precision, layout, gpu, engine)
    return stored + _absorbed(spec, blocks, layout, precision) + _rotary(spec, blocks, precision)


def _by_layer(
    spec: ModelSpec,
    layers: range,
    blocks: Mapping[str, int],
    precision: Precision,
    layout: Layout,
    gpu: Gpu,
    engine: Engine,
) -> int:
    """What the layers that are left alone take beyond their kind's quantised size."""
    parts = {p.block: p for p in weights(spec) if p.section == "stack" and p.block in blocks}
    kernels = _kernels(gpu, engine)
    order = spec.layer_order()
    return sum(
        _allocated(parts[order[i]], precision, layout, kernels, i)
        - _bytes(spec, parts[order[i]], precision, layout, gpu, engine)
        for i in layers
    )


def _held(
    spec: ModelSpec, blocks: Mapping[str, int], engine: Engine, *, is_first: bool, is_last: bool
) -> Iterator[tuple[LayerWeights, int]]:
    for part in weights(spec):
        match part.section:
            case "stack" if part.block in blocks:
                yield part, blocks[part.block]
            # A tied table is the head too, so the last stage keeps it as well.
            case "embedding" if is_first or (is_last and spec.tied):
                yield part, 1
            case "head" if is_last:
                yield part, part.count
            case "tower" if is_first:
                yield part, part.count
            # The drafter shares the model's own embedding and head; one module is loaded.
            case "mtp" if is_last and engine.speculative_tokens and part.block == "mtp":
                yield part, 1
            case _:
                pass


def _bytes(
    spec: ModelSpec,
    part: LayerWeights,
    precision: Precision,
    layout: Layout,
    gpu: Gpu,
    engine: Engine,
) -> int:
    """One such layer's bytes on one rank."""
    kernels = _kernels(gpu, engine)
    cut = f"{layout.tp} {layout.dp} {layout.ep}"
    key = f"rank {part.section} {part.block} {hash(precision)} {cut} {kernels}"
    return spec.once(key, lambda: _allocated(part, precision, layout, kernels))


def _kernels(gpu: Gpu, engine: Engine) -> _Mxfp4:
    return _Mxfp4(gpu.compute_capability == "9.0", engine.version.mxfp4_padded)


def _allocated(
    part: LayerWeights,
    precision: Precision,
    layout: Layout,
    kernels: _Mxfp4,
    layer: int | None = None,
) -> int:
    """Bytes of the tensors that the engine makes of a layer, fused and rounded as PyTorch does."""
    # Formats below 8 bits are repacked into blocks that were freed before: nothing is left over.
    repacked = precision.bits < 8
    tensors: dict[str, int] = {}
    for number, weight in enumerate(part.weights):
        name = _FUSED.sub(r"\1", weight.name) if _FUSED.search(weight.name) else str(number)
        tensors[name] = tensors.get(name, 0) + _loaded(weight, precision, layout, kernels, layer)
    return sum(tensors.values() if repacked else map(_rounded, tensors.values()))


def _rounded(size: int) -> int:
    """What PyTorch's allocator counts: pages of 2 MiB; what is left over is only split off a
    block, for others to use, where it is more than 1 MiB."""
    if size < _LARGE:
        return size
    left = -size % _PAGE
    return size + left if left <= _SPLIT else size


def _loaded(
    weight: Weight, precision: Precision, layout: Layout, kernels: _Mxfp4, layer: int | None
) -> int:
    stored = stored_bytes(shard(weight, layout), precision, layer)
    experts = precision.experts or precision
    if weight.group == "expert" and experts.name == "mxfp4":
        return int(stored * _mxfp4_padding(weight, layout, kernels))
    return stored


def _mxfp4_padding(weight: Weight, layout: Layout, kernels: _Mxfp4) -> float:
    """Loaded over stored bytes of an mxfp4 expert matrix."""
    part = shard(weight, layout)
    if weight.shard == "column":
        inner = _padded(part.rows, _NARROW) if kernels.pads_rows else 1
        return inner * _padded(part.cols, _WIDE)
    if kernels.is_triton:
        return _padded(part.cols, _WIDE)
    return _padded(part.rows, _WIDE) * _padded(part.cols, _NARROW)


def _padded(length: int, multiple: int) -> float:
    return ceil(length / multiple) * multiple / length


def _absorbed(
    spec: ModelSpec, blocks: Mapping[str, int], layout: Layout, precision: Precision
) -> int:
    """MLA keeps 16-bit copies of kv_b_proj's two halves, which decoding multiplies by."""
    total = 0
    for name, count in blocks.items():
        attention = spec.blocks[name].attention
        if isinstance(attention, Mla):
            heads = ceil(attention.heads / layout.tp)
            widths = attention.qk_nope_head_dim + attention.v_head_dim
            total += count * heads * widths * attention.kv_lora_rank * _width(precision)
    return total


def _rotary(spec: ModelSpec, blocks: Mapping[str, int], precision: Precision) -> int:
    """Tables of sines and cosines over the whole context, one for each distinct rotation."""
    if spec.max_context is None or spec.positions:
        return 0
    tables = {_rotation(spec, name) for name in blocks} - {None}
    factor = _ROTATION_FACTOR.get(spec.architecture, 1)
    rows = sum(w * (1 if own else factor) for w, own in filter(None, tables))
    return spec.max_context * rows * _width(precision)


def _rotation(spec: ModelSpec, block: str) -> tuple[int, bool] | None:
    """Width of a block's rotation and whether it is a window's own."""
    match spec.blocks[block].attention:
        case Gqa() as a:
            partial = any(isinstance(b.attention, GatedDeltaNet) for b in spec.blocks.values())
            own = a.window is not None and spec.family.startswith("gemma")
            return (a.head_dim // 4 if partial else a.head_dim, own)
        case Mla() as a:
            return (a.qk_rope_head_dim, False)
        case _:
            return None


def _width(precision: Precision) -> int:
    return 4 if precision.name == "fp32" else 2
