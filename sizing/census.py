"""Counts what a model stores: parameters by group, KV cache and state, from its facts.

Everything is per unique block times its count, so a census does not grow with depth; a spec's
results are kept on the spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sizing.model import (
    Attention,
    Compressed,
    GatedDeltaNet,
    Gqa,
    Group,
    Lightning,
    Mamba1,
    Mamba2,
    Mla,
    ModelSpec,
    Moe,
)
from sizing.tensors import Weight, block_weights, from_tensor

Section = Literal["embedding", "stack", "head", "tower", "mtp"]
ENGINE_INDEXER_BYTES = 4
"""vLLM keeps an indexer key as one fp8 byte per element plus a 4-byte scale."""


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """The tensors of one layer of a kind, and how many such layers there are."""

    section: Section
    block: str
    count: int
    weights: tuple[Weight, ...]

    @property
    def elements(self) -> int:
        """Parameters and buffers of all these layers."""
        return self.count * sum(w.elements for w in self.weights)


@dataclass(frozen=True, slots=True)
class KvLayers:
    """What `count` layers of one block cache for a sequence.

    `k_width` and `v_width` are elements per head; an MLA latent has one head and no V. `window`
    bounds the tokens held. `stride` is tokens per entry. `fixed_bytes` replaces width x dtype for
    caches whose format is the engine's own (indexer keys).
    """

    block: str
    count: int
    kind: Literal["gqa", "mla", "compressed", "indexer"]
    heads: int
    k_width: int
    v_width: int = 0
    window: int | None = None
    stride: int = 1
    fixed_bytes: int | None = None

    def bytes_per_entry(self, dtype_bytes: float) -> float:
        """Bytes of one cached entry in one layer, all heads."""
        if self.fixed_bytes is not None:
            return float(self.fixed_bytes)
        return self.heads * (self.k_width + self.v_width) * dtype_bytes

    def bytes_at(self, context: int, dtype_bytes: float) -> float:
        """Bytes that one sequence of `context` tokens holds in all these layers."""
        tokens = context if self.window is None else min(context, self.window)
        return self.count * self.bytes_per_entry(dtype_bytes) * tokens / self.stride


@dataclass(frozen=True, slots=True)
class StateLayers:
    """Fixed state of `count` recurrent layers, elements per sequence and layer."""

    block: str
    count: int
    kind: str
    conv: int
    recurrent: int
    heads: int


def weights(spec: ModelSpec) -> tuple[LayerWeights, ...]:
    """Every stored tensor: embedding, stack, head, towers, then the MTP modules."""
    return spec.once("weights", lambda: tuple(_weights(spec)))


def params_by_group(spec: ModelSpec) -> dict[Group, int]:
    """Parameters by group, without MTP modules and buffers; the values sum to `params_total`."""
    return dict(spec.once("by_group", lambda: _by_group(_model(spec))))


def params_total(spec: ModelSpec) -> int:
    """Parameters of the model with its towers; MTP modules and buffers apart, tied ones once."""
    return sum(params_by_group(spec).values())


def params_mtp(spec: ModelSpec) -> int:
    """Parameters of the MTP modules, without their copies of embedding and head."""
    own = _by_group(x for x in weights(spec) if x.section == "mtp" and x.block == "mtp")
    return sum(own.values())


def params_buffers(spec: ModelSpec) -> int:
    """Elements stored beside the parameters (load-balancing biases), MTP apart."""
    return sum(x.count * w.elements for x in _model(spec) for w in x.weights if w.group == "buffer")


def params_active(spec: ModelSpec, *, embedding: bool = True) -> int:
    """Parameters that one text token touches: everything but towers, MTP and unrouted experts.

    The convention counts the head and the whole embedding table; cards often leave out the
    embedding and position tables (`embedding=False`).
    """
    by_group = params_by_group(spec)
    idle = sum(
        count * _idle_expert_params(spec, block) for block, count in spec.layer_counts.items()
    )
    tables = 0 if embedding else by_group["embedding"] + by_group["position"]
    return params_total(spec) - idle - by_group["vision"] - tables


def kv_layers(spec: ModelSpec) -> tuple[KvLayers, ...]:
    """The cache that grows with context, by unique block and kind."""
    return spec.once("kv_layers", lambda: tuple(_kv_layers(spec)))


def kv_bytes_per_token(spec: ModelSpec, dtype_bytes: float = 2.0) -> float:
    """Bytes one more token adds while it is inside every window, whole model, indexer apart."""
    return sum(x.bytes_at(1, dtype_bytes) for x in kv_layers(spec) if x.kind != "indexer")


def kv_growth_per_token(spec: ModelSpec, dtype_bytes: float = 2.0) -> float:
    """Bytes one more token adds beyond every window: layers that see the whole context."""
    growing = (x for x in kv_layers(spec) if x.kind != "indexer" and x.window is None)
    return sum(x.bytes_at(1, dtype_bytes) for x in growing)


def kv_bytes(
    spec: ModelSpec, context: int, dtype_bytes: float = 2.0, *, indexer: bool = False
) -> int:
    """Bytes that one sequence of `context` tokens caches, windows applied.

    `indexer` adds sparse attention's index keys in the engine's own format.
    """
    layers = (x for x in kv_layers(spec) if indexer or x.kind != "indexer")
    return int(sum(x.bytes_at(context, dtype_bytes) for x in layers))


def state_layers(spec: ModelSpec) -> tuple[StateLayers, ...]:
    """Recurrent layers' state, by unique block."""
    return spec.once("state_layers", lambda: tuple(_state_layers(spec)))


def state_bytes_per_sequence(
    spec: ModelSpec, conv_bytes: float = 2.0, recurrent_bytes: float | None = None
) -> int:
    """Bytes of convolution and recurrent state one sequence holds, whatever its length.

    `recurrent_bytes` per element defaults to the spec's `state_dtype`.
    """
    width = recurrent_bytes or (4.0 if spec.state_dtype == "float32" else 2.0)
    return int(
        sum(x.count * (x.conv * conv_bytes + x.recurrent * width) for x in state_layers(spec))
    )


def attention_kinds(spec: ModelSpec) -> list[str]:
    """Names of the token mixers in use, such as `GQA`, `GQA window 128`, `MLA`."""
    kinds = (_kind_name(b.attention) for b in spec.blocks.values())
    return sorted({kind for kind in kinds if kind})


def _model(spec: ModelSpec) -> Iterator[LayerWeights]:
    return (x for x in weights(spec) if x.section != "mtp")


def _by_group(layers: Iterable[LayerWeights]) -> dict[Group, int]:
    totals: dict[Group, int] = {"embedding": 0, "lm_head": 0, "linear": 0, "expert": 0}
    totals |= {"router": 0, "norm": 0, "bias": 0, "position": 0, "vision": 0, "other": 0}
    for layer in layers:
        for w in layer.weights:
            if w.group != "buffer":
                totals[w.group] += layer.count * w.elements
    return totals


def _weights(spec: ModelSpec) -> Iterator[LayerWeights]:
    yield LayerWeights("embedding", "embedding", 1, tuple(_embedding(spec)))
    for name, count in spec.layer_counts.items():
        block = block_weights(spec.blocks[name], spec.hidden, spec.norm_bias)
        yield LayerWeights("stack", name, count, block)
    yield LayerWeights("head", "head", 1, tuple(_head(spec)))
    for tower in spec.towers:
        yield LayerWeights(
            "tower", f"{tower.kind} layer", tower.layers, tuple(map(from_tensor, tower.per_layer))
        )
        yield LayerWeights("tower", tower.kind, 1, tuple(map(from_tensor, tower.once)))
    yield from _mtp(spec)


def _embedding(spec: ModelSpec) -> Iterator[Weight]:
    yield _table(spec, "embed_tokens", "embedding")
    if spec.positions:
        yield Weight("embed_positions", "position", spec.positions, spec.hidden)
    yield from map(from_tensor, spec.tensors)


def _head(spec: ModelSpec) -> Iterator[Weight]:
    if spec.final_norm:
        yield Weight("norm", "norm", spec.hidden * (2 if spec.norm_bias else 1))
    if not spec.tied:
        yield _table(spec, "lm_head", "lm_head")
    if spec.lm_head_bias:
        yield Weight("lm_head.bias", "lm_head", spec.vocab, 1, 1, "vocab")


def _mtp(spec: ModelSpec) -> Iterator[LayerWeights]:
    if spec.mtp is None:
        return
    block = block_weights(spec.mtp.block, spec.hidden, spec.norm_bias)
    own = (*block, *map(from_tensor, spec.mtp.tensors))
    yield LayerWeights("mtp", "mtp", spec.mtp.modules, own)
    if spec.mtp.copies_embedding:
        tables = (
            _table(spec, "embed_tokens", "embedding"),
            _table(spec, "shared_head.head", "lm_head"),
        )
        yield LayerWeights("mtp", "mtp tables", spec.mtp.modules, tables)


def _table(spec: ModelSpec, name: str, group: Group) -> Weight:
    return Weight(name, group, spec.vocab, spec.hidden, 1, "vocab")


def _idle_expert_params(spec: ModelSpec, block: str) -> int:
    ffn = spec.blocks[block].ffn
    if not isinstance(ffn, Moe):
        return 0
    layer = next(x for x in weights(spec) if x.section == "stack" and x.block == block)
    routed = sum(w.elements for w in layer.weights if ".experts." in w.name)
    return routed // ffn.experts * (ffn.experts - ffn.top_k)


def _kv_layers(spec: ModelSpec) -> Iterator[KvLayers]:
    for name, count in spec.layer_counts.items():
        yield from _block_kv(name, count, spec.blocks[name].attention)


def _block_kv(block: str, count: int, attention: Attention) -> Iterator[KvLayers]:
    match attention:
        case Gqa(kv_shared=False) as a:
            window = min(filter(None, (a.window, a.chunk)), default=None)
            yield KvLayers(block, count, "gqa", a.kv_heads, a.head_dim, a.v_dim, window)
        case Mla() as a:
            yield KvLayers(block, count, "mla", 1, a.kv_lora_rank + a.qk_rope_head_dim)
            if a.indexer:
                fixed = a.indexer.head_dim + ENGINE_INDEXER_BYTES
                width = a.indexer.head_dim
                yield KvLayers(block, count, "indexer", 1, width, fixed_bytes=fixed)
        case Compressed() as a:
            yield KvLayers(block, count, "compressed", 1, a.head_dim, window=a.window)
            if a.ratio:
                yield KvLayers(block, count, "compressed", 1, a.head_dim, stride=a.ratio)
            if a.indexer and a.ratio:
                width = a.indexer.head_dim
                fixed = width + ENGINE_INDEXER_BYTES
                yield KvLayers(block, count, "indexer", 1, width, stride=a.ratio, fixed_bytes=fixed)
        case _:
            return


def _state_layers(spec: ModelSpec) -> Iterator[StateLayers]:
    for name, count in spec.layer_counts.items():
        state = _block_state(name, count, spec.blocks[name].attention)
        if state:
            yield state


def _block_state(block: str, count: int, attention: Attention) -> StateLayers | None:
    match attention:
        case GatedDeltaNet() as a:
            conv = 2 * a.key_heads * a.key_head_dim + a.value_heads * a.value_head_dim
            matrix = a.value_heads * a.key_head_dim * a.value_head_dim
            return StateLayers(
                block, count, a.kind, conv * (a.conv_kernel - 1), matrix, a.value_heads
            )
        case Lightning() as a:
            return StateLayers(block, count, a.kind, 0, a.heads * a.head_dim**2, a.heads)
        case Mamba1() as a:
            return StateLayers(
                block, count, a.kind, a.inner * (a.conv_kernel - 1), a.inner * a.state, a.inner
            )
        case Mamba2() as a:
            inner = a.heads * a.head_dim
            conv = (inner + 2 * a.groups * a.state) * (a.conv_kernel - 1)
            return StateLayers(block, count, a.kind, conv, inner * a.state, a.heads)
        case _:
            return None


def _kind_name(attention: Attention) -> str | None:
    match attention:
        case Gqa() as a:
            name = "MHA" if a.heads == a.kv_heads else "MQA" if a.kv_heads == 1 else "GQA"
            window = f" window {a.window}" if a.window else f" chunk {a.chunk}" if a.chunk else ""
            return name + window + (" shared KV" if a.kv_shared else "")
        case Mla() as a:
            return "MLA + indexer" if a.indexer else "MLA"
        case Compressed() as a:
            return f"compressed 1/{a.ratio}" if a.ratio else f"window {a.window}"
        case a:
            names = {"gated_delta_net": "gated DeltaNet", "lightning": "lightning attention"}
            return None if a.kind == "none" else names.get(a.kind, a.kind)
