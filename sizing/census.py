"""Counts what a model stores: parameters by group, KV cache and state, from its facts.

Everything is per unique block times its count, so a census does not grow with depth; a spec's
results are kept on the spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sizing.caches import KvLayers, StateLayers, block_kv, block_state
from sizing.model import (
    Attention,
    Compressed,
    Gqa,
    Group,
    Mla,
    ModelSpec,
    Moe,
)
from sizing.tensors import Weight, block_weights, from_tensor

__all__ = [
    "KvLayers",
    "LayerWeights",
    "StateLayers",
    "attention_kinds",
    "kv_bytes",
    "kv_bytes_per_token",
    "kv_growth_per_token",
    "kv_layers",
    "params_active",
    "params_buffers",
    "params_by_group",
    "params_mtp",
    "params_total",
    "state_bytes_per_sequence",
    "state_layers",
    "weights",
]

Section = Literal["embedding", "stack", "head", "tower", "mtp"]


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
        yield from block_kv(name, count, spec.blocks[name].attention)


def _state_layers(spec: ModelSpec) -> Iterator[StateLayers]:
    for name, count in spec.layer_counts.items():
        state = block_state(name, count, spec.blocks[name].attention)
        if state:
            yield state


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
