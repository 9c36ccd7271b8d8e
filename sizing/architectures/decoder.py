"""The common decoder: grouped-query attention and one MLP per layer, in its many flavours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sizing.architectures.facts import Facts
from sizing.architectures.registry import Layers
from sizing.errors import InputError
from sizing.model import Attention, Block, Dense, Ffn, Gqa, QkNorm, Tensor

Switch = bool | str
"""A fixed answer, or the config key that decides (absent means no)."""


@dataclass(frozen=True, kw_only=True)
class Flavour:
    """What one family does differently from Llama."""

    qkv_bias: Switch = False
    o_bias: Switch = False
    mlp_bias: Switch = False
    gated: bool = True
    qk_norm: QkNorm | str = "none"
    norms: int = 2
    norm_bias: bool = False
    tied: bool = False
    window_every: int = 0
    """Every n-th layer sees everything where `layer_types` is absent; 0: all windowed."""
    window_switch: str | None = None
    """The config key that turns the window on; None: a window that is given is used."""


def switched(f: Facts, switch: Switch) -> bool:
    """A fixed answer, or what the config's key says."""
    return f.flag(switch, default=False) if isinstance(switch, str) else switch


def head_dim(f: Facts, hidden: int, heads: int) -> int:
    """The config's own head size; hidden / heads only where it gives none."""
    given = f.opt_size("head_dim", "attention_head_dim", high=65536)
    return given or f.divided(hidden, heads, "hidden_size")


def kv_heads(f: Facts, heads: int) -> int:
    """KV heads, all heads by default; they must divide the heads."""
    count = f.size("num_key_value_heads", "num_kv_heads", default=heads, high=4096)
    if heads % count:
        raise InputError(f.key("num_key_value_heads"), count, f"a divisor of {heads} heads")
    return count


def gqa(f: Facts, flavour: Flavour, hidden: int) -> Gqa:
    """Full attention as the config and the flavour describe it."""
    heads = f.size("num_attention_heads", high=4096)
    return Gqa(
        kind="gqa",
        heads=heads,
        kv_heads=kv_heads(f, heads),
        head_dim=head_dim(f, hidden, heads),
        qkv_bias=switched(f, flavour.qkv_bias),
        o_bias=switched(f, flavour.o_bias),
        qk_norm=_qk_norm(f, flavour.qk_norm),
    )


def windows(f: Facts, layers: int, every: int = 0) -> list[int | None]:
    """The window of every layer: from `layer_types`, else every `every`-th layer is full."""
    window = f.opt_size("sliding_window")
    limit = f.opt_size("max_position_embeddings")
    if window is None or (limit and window >= limit):
        return [None] * layers
    if every and "sliding_window_pattern" in f and not f.is_text("sliding_window_pattern"):
        every = f.size("sliding_window_pattern", high=layers)
    full = full_layers(f, layers, every)
    return [None if is_full else window for is_full in full]


def full_layers(f: Facts, layers: int, every: int) -> list[bool]:
    """Which layers attend to everything."""
    types = f.texts("layer_types")
    if not types:
        return [every > 0 and (i + 1) % every == 0 for i in range(layers)]
    if len(types) < layers:
        raise InputError(f.key("layer_types"), f"{len(types)} values", f"one for each of {layers}")
    return [t == "full_attention" for t in types[:layers]]


def windowed(attention: Gqa, per_layer: Sequence[int | None]) -> list[tuple[str, Attention]]:
    """A named attention for every layer, with that layer's window."""
    kinds = {w: attention.model_copy(update={"window": w}) for w in set(per_layer)}
    return [("full" if w is None else f"window_{w}", kinds[w]) for w in per_layer]


def combine(
    attentions: Sequence[tuple[str, Attention]],
    ffns: Sequence[tuple[str, Ffn]],
    norms: int = 2,
    tensors: tuple[Tensor, ...] = (),
) -> tuple[list[str], dict[str, Block]]:
    """Order and blocks of layers that each have one of these attentions and FFNs."""
    order: list[str] = []
    blocks: dict[str, Block] = {}
    for (mixer, attention), (kind, ffn) in zip(attentions, ffns, strict=True):
        name = f"{mixer}-{kind}"
        order.append(name)
        if name not in blocks:
            blocks[name] = Block(attention=attention, ffn=ffn, norms=norms, tensors=tensors)
    return order, blocks


def uniform(
    layers: int, attention: Attention, ffn: Ffn, norms: int = 2
) -> tuple[list[str], dict[str, Block]]:
    """Order and blocks of layers that are all the same."""
    return combine([("full", attention)] * layers, [(ffn.kind, ffn)] * layers, norms)


def surroundings(f: Facts, order: list[str], blocks: dict[str, Block], tied: bool) -> Layers:
    """The usual embedding and head around these layers."""
    return Layers(
        hidden=f.size("hidden_size"),
        vocab=f.size("vocab_size"),
        tied=f.flag("tie_word_embeddings", default=tied),
        order=order,
        blocks=blocks,
        max_context=f.opt_size("model_max_length", "max_position_embeddings", high=10**9),
    )


def dense_ffn(f: Facts, flavour: Flavour) -> Dense:
    """The MLP as the config and the flavour describe it."""
    return Dense(
        kind="dense",
        intermediate=f.size("intermediate_size"),
        gated=flavour.gated,
        bias=switched(f, flavour.mlp_bias),
    )


def read_dense(f: Facts, flavour: Flavour) -> Layers:
    """A decoder whose every layer has one MLP."""
    return read_with(f, flavour, [("dense", dense_ffn(f, flavour))] * f.layers())


def read_with(f: Facts, flavour: Flavour, ffns: Sequence[tuple[str, Ffn]]) -> Layers:
    """A decoder whose layers have these FFNs, one each."""
    per_layer: Sequence[int | None] = windows(f, len(ffns), flavour.window_every)
    if flavour.window_switch:
        per_layer = _switched_windows(f, flavour.window_switch, per_layer)
    attentions = windowed(gqa(f, flavour, f.size("hidden_size")), per_layer)
    order, blocks = combine(attentions, ffns, flavour.norms)
    return replace(surroundings(f, order, blocks, flavour.tied), norm_bias=flavour.norm_bias)


def _switched_windows(
    f: Facts, switch: str, per_layer: Sequence[int | None]
) -> Sequence[int | None]:
    """Qwen's windows: off without the switch, and only from `max_window_layers` on."""
    if not f.flag(switch, default=False):
        return [None for _ in per_layer]
    if "layer_types" in f:
        return per_layer
    first = f.count("max_window_layers", default=len(per_layer))
    return [window if i >= first else None for i, window in enumerate(per_layer)]


def _qk_norm(f: Facts, setting: str) -> QkNorm:
    match setting:
        case "none" | "head" | "full" | "per_head":
            return setting
        case key:
            return "per_head" if f.flag(key, default=False) else "none"
