"""What a step asks of one rank, counted from the architecture: operations, bytes, messages.

Nothing here depends on how fast anything is. Counts are of the whole stack: a pipeline's stages
one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sizing.census import state_layers, weights
from sizing.kept import is_kept
from sizing.model import Mla, ModelSpec, Moe
from sizing.performance.attention import Mixer, count_mixers
from sizing.plan import Layout
from sizing.precision import Precision, stored_bytes
from sizing.sharding import is_routed, shard
from sizing.support import KvDtype
from sizing.tensors import Weight

_ACTIVATION_BYTES = 2
# Kernels of a layer in vLLM's graphs: projections, norms, rotation, cache write, attention and its
# reduction; routing, alignment, two grouped products, activation and sum of the experts.
_MIXER_KERNELS = {"gqa": 8, "mla": 14, "compressed": 18, "none": 0}
_OTHER_MIXER_KERNELS, _INDEXER_KERNELS = 10, 8
_FFN_KERNELS = {"dense": 4, "moe": 10, "none": 0}
_KERNELS_OF_AN_EXPERT = 2
_QUANTISATIONS = 2
"""Kernels that bring the inputs of a mixer's or an FFN's products to 8 or 4 bits."""
_LOGIT_PASSES_BYTES = 16
"""The sampler reads and writes float32 logits about twice each way."""


@dataclass(frozen=True, slots=True)
class Product:
    """Matrix products with weights of one format: operations per token, bytes read per step.

    `precision` is None for weights left in the model's own 16 bits.
    """

    precision: Precision | None
    operations: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Experts:
    """Routed experts of like layers: `held` of `experts` on this rank, `top_k` for each token.

    `operations` per row that an expert is given, `bytes` of one expert, over all these layers;
    `inner` is this rank's part of an expert's inner width.
    """

    precision: Precision | None
    experts: int
    top_k: int
    held: int
    layers: int
    inner: int
    operations: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Work:
    """One rank's work. `kernels` are launched in a step, `quantisations` more where the
    inputs of products are quantised, `each_expert` more where an engine launches every expert by
    itself. `reduces` are all-reduces of one step, `exchanges` all-to-alls;
    `reduced_bytes` and `exchanged_bytes` are what one token adds to all of them."""

    products: tuple[Product, ...]
    experts: tuple[Experts, ...]
    mixers: tuple[Mixer, ...]
    head: Product
    logit_bytes: float
    moved_bytes: float
    state_bytes: float
    state_operations: float
    kernels: int
    quantisations: int
    each_expert: int
    reduces: int
    reduced_bytes: float
    exchanges: int
    exchanged_bytes: float
    hop_bytes: float


def count_work(spec: ModelSpec, precision: Precision, kv_dtype: KvDtype, layout: Layout) -> Work:
    """The work of one rank of a legal layout; kept on the spec."""
    degrees = (layout.tp, layout.pp, layout.dp, layout.ep)
    key = f"work {hash((degrees, precision, kv_dtype))}"
    return spec.once(key, lambda: _count(spec, precision, kv_dtype, layout))


def _count(spec: ModelSpec, precision: Precision, kv_dtype: KvDtype, layout: Layout) -> Work:
    state, moe_layers = _state_elements(spec) / layout.tp, _moe_layers(spec)
    mixing = sum(
        n for name, n in spec.layer_counts.items() if spec.blocks[name].attention.kind != "none"
    )
    feeding = sum(
        n for name, n in spec.layer_counts.items() if spec.blocks[name].ffn.kind != "none"
    )
    spread = layout.dp > 1
    experts = tuple(_experts(spec, precision, layout))
    tensor = layout.tp > 1
    row = spec.hidden * _ACTIVATION_BYTES
    reduces = (mixing + feeding - (moe_layers if spread else 0)) if tensor else 0
    exchanges = 2 * moe_layers if spread else 0
    return Work(
        products=tuple(_products(spec, precision, layout)),
        experts=experts,
        mixers=count_mixers(spec, kv_dtype, layout),
        head=_head(spec, precision, layout),
        logit_bytes=spec.vocab * _LOGIT_PASSES_BYTES,
        moved_bytes=_moved(spec, layout),
        # A state is read and written, and takes a multiply and an add per element and direction.
        state_bytes=2 * state * (4 if spec.state_dtype == "float32" else 2),
        state_operations=4 * state,
        kernels=_kernels(spec),
        quantisations=_QUANTISATIONS * (mixing + feeding),
        each_expert=sum(_KERNELS_OF_AN_EXPERT * e.layers * e.held for e in experts),
        reduces=reduces,
        reduced_bytes=reduces * row,
        exchanges=exchanges,
        exchanged_bytes=sum(2 * e.layers * min(e.top_k, layout.ep) * row for e in experts)
        if spread
        else 0,
        hop_bytes=row,
    )


def _products(spec: ModelSpec, precision: Precision, layout: Layout) -> Iterator[Product]:
    """Linear layers and routers, those in the precision's format and those left in 16 bits."""
    found: dict[Precision | None, list[float]] = {}
    for part in weights(spec):
        if part.section != "stack":
            continue
        for weight in part.weights:
            if weight.group not in ("linear", "router", "expert") or is_routed(weight):
                continue
            mine = shard(weight, layout)
            sums = found.setdefault(_format(weight, precision), [0.0, 0.0])
            sums[0] += 2.0 * part.count * mine.elements
            sums[1] += part.count * stored_bytes(mine, precision)
    for format_, (operations, size) in found.items():
        yield Product(format_, operations, size)


def _format(weight: Weight, precision: Precision) -> Precision | None:
    if weight.group not in precision.covers or is_kept(weight.name, precision.keep, None):
        return None
    if is_routed(weight):
        return precision.experts or precision
    return precision


def _experts(spec: ModelSpec, precision: Precision, layout: Layout) -> Iterator[Experts]:
    for part in weights(spec):
        routed = [w for w in part.weights if is_routed(w)] if part.section == "stack" else []
        if not routed:
            continue
        ffn = spec.blocks[part.block].ffn
        assert isinstance(ffn, Moe)
        mine = [shard(w, layout) for w in routed]
        held = mine[0].copies
        yield Experts(
            precision=_format(routed[0], precision),
            experts=ffn.experts,
            top_k=ffn.top_k,
            held=held,
            layers=part.count,
            inner=next(w.cols for w in mine if w.shard == "row"),
            operations=2.0 * part.count * sum(w.rows * w.cols for w in mine),
            bytes=part.count * sum(stored_bytes(w, precision) for w in mine) / held,
        )


def _head(spec: ModelSpec, precision: Precision, layout: Layout) -> Product:
    """The projection to the vocabulary; a tied one multiplies by the embedding."""
    sections = ("embedding",) if spec.tied else ("head",)
    group = "embedding" if spec.tied else "lm_head"
    found = [
        w
        for part in weights(spec)
        if part.section in sections
        for w in part.weights
        if w.group == group
    ]
    mine = [shard(w, layout) for w in found]
    size = sum(stored_bytes(w, precision) for w in mine)
    return Product(None, 2.0 * sum(w.elements for w in mine), size)


def _moved(spec: ModelSpec, layout: Layout) -> float:
    """Bytes of activations between kernels, per token: written once and read once each."""
    elements = 0.0
    for part in weights(spec):
        if part.section != "stack":
            continue
        ffn = spec.blocks[part.block].ffn
        routed = ffn.top_k if isinstance(ffn, Moe) else 0
        for weight in part.weights:
            if weight.group not in ("linear", "expert"):
                continue
            mine = shard(weight, layout)
            # Experts see a token's row top_k times, on as many ranks as they are spread over.
            times = routed * mine.copies / weight.copies if is_routed(weight) else 1
            elements += part.count * times * mine.rows
        # Residual and norms around mixer and FFN.
        elements += part.count * 4 * spec.hidden
    return 2 * _ACTIVATION_BYTES * elements


def _kernels(spec: ModelSpec) -> int:
    total = 0
    for name, count in spec.layer_counts.items():
        block = spec.blocks[name]
        mixer = _MIXER_KERNELS.get(block.attention.kind, _OTHER_MIXER_KERNELS)
        indexed = isinstance(block.attention, Mla) and block.attention.indexer is not None
        total += count * (mixer + _FFN_KERNELS[block.ffn.kind] + _INDEXER_KERNELS * indexed)
    return total


def _state_elements(spec: ModelSpec) -> float:
    return sum(s.count * (s.conv + s.recurrent) for s in state_layers(spec))


def _moe_layers(spec: ModelSpec) -> int:
    return sum(n for b, n in spec.layer_counts.items() if isinstance(spec.blocks[b].ffn, Moe))
