"""How vLLM pages a rank's KV cache and states: groups of layers that share one pool of blocks.

Layers of one kind (full attention, one window size, recurrent state) form groups of equal size; a
block id stands for one page in each layer of a group, so every page has the same bytes and a
sequence takes blocks from each group. Rules read from vLLM's KV cache manager, 0.8 to 0.28.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from sizing.census import KvLayers, kv_layers, state_layers
from sizing.engine import Engine
from sizing.model import Gqa, Mla, ModelSpec
from sizing.plan import Layout
from sizing.support import KvDtype

# Where the kinds differ this little in number, the smaller ones are padded to the largest.
_PADDED_BELOW = 1.25
# Attention kernels work on multiples of this many tokens when a page must hold a state.
_STATE_BLOCK_MULTIPLE = 16
_SPARSE_MLA_FP8_BYTES = 656
"""fp8 latent with scales and a 16-bit rope part, as sparse MLA kernels store an entry."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Layers of one kind on this rank: bytes per layer of a block of `block` tokens.

    `block` is None for recurrent state, which takes one block whatever the length.
    """

    layers: int
    page: int
    block: int | None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class KvPages:
    """The pool's geometry on one rank: `block_bytes` of a block id, and what a sequence takes."""

    block_bytes: int
    kinds: tuple[_Kind, ...]
    group_layers: int
    batched_tokens: int
    state_blocks: int

    @property
    def groups(self) -> int:
        """Groups that share the pool."""
        return sum(ceil(kind.layers / self.group_layers) for kind in self.kinds)

    @property
    def block_size(self) -> int:
        """Tokens of the smallest block; 1 where only states are kept."""
        return min((k.block for k in self.kinds if k.block), default=1)

    def blocks(self, pool: int) -> int:
        """Blocks in a pool of so many bytes."""
        return max(0, pool) // self.block_bytes if self.block_bytes else 0

    def blocks_per_sequence(self, context: int) -> int:
        """Blocks that one sequence of `context` tokens takes at most, over all groups."""
        return sum(
            ceil(kind.layers / self.group_layers) * self._of_kind(kind, context)
            for kind in self.kinds
        )

    def bytes_per_sequence(self, context: int) -> int:
        """Bytes of those blocks."""
        return self.blocks_per_sequence(context) * self.block_bytes

    def _of_kind(self, kind: _Kind, context: int) -> int:
        if kind.block is None:
            return self.state_blocks
        if kind.window is None:
            return ceil(context / kind.block)
        # A window's pages are freed only after the step that slides past them.
        held = min(kind.window - 1 + self.batched_tokens, context)
        return ceil(held / kind.block) + 1


def kv_pages(
    spec: ModelSpec,
    blocks: Mapping[str, int],
    layout: Layout,
    engine: Engine,
    kv_dtype: KvDtype,
    width: float,
) -> KvPages:
    """Pages of a rank that holds `blocks` (layers by block); `width` is the model's own bytes."""
    attention = _attention(spec, blocks, layout, engine, _entry(kv_dtype, width))
    states = _states(spec, blocks, layout, engine, width)
    kinds = _equal_pages(attention, states, engine) if states else _same_pages(attention)
    size = _group_layers([kind.layers for kind in kinds])
    page = max((kind.page for kind in kinds), default=0)
    return KvPages(
        block_bytes=page * size,
        kinds=tuple(kinds),
        group_layers=size,
        batched_tokens=engine.max_num_batched_tokens,
        state_blocks=engine.version.state_blocks + engine.speculative_tokens,
    )


def _entry(kv_dtype: KvDtype, width: float) -> float:
    return width if kv_dtype.name == "auto" else kv_dtype.bytes_per_element


def _attention(
    spec: ModelSpec, blocks: Mapping[str, int], layout: Layout, engine: Engine, entry: float
) -> list[_Kind]:
    """Full attention, then each window size: layers, and mean bytes of a page in one of them."""
    held: dict[int | None, list[tuple[int, float]]] = {}
    # Pages of compressed layers are padded to those of the least compression.
    strides = [kv.stride for kv in kv_layers(spec) if kv.kind == "compressed" and not kv.window]
    least = min(strides, default=1)
    for kv in kv_layers(spec):
        if count := blocks.get(kv.block, 0):
            stride = least if kv.kind == "compressed" and kv.window is None else kv.stride
            total = count * _token_bytes(spec, kv, layout, engine, entry) / stride
            # An indexer's keys lie beside their layer's latent: they only widen its page.
            own = 0 if kv.kind == "indexer" else count
            held.setdefault(_window(spec, kv, engine), []).append((own, total))
    return [_kind(window, parts, engine) for window, parts in held.items()]


def _kind(window: int | None, parts: list[tuple[int, float]], engine: Engine) -> _Kind:
    layers = max(1, sum(own for own, _ in parts))
    total = sum(per_token for _, per_token in parts)
    return _Kind(layers, ceil(total * engine.block_size / layers), engine.block_size, window)


def _has_indexer(spec: ModelSpec) -> bool:
    return any(kv.kind == "indexer" for kv in kv_layers(spec))


def _window(spec: ModelSpec, kv: KvLayers, engine: Engine) -> int | None:
    attention = spec.blocks[kv.block].attention
    # vLLM pages chunked attention as full attention unless told otherwise.
    chunked = isinstance(attention, Gqa) and attention.chunk is not None
    return kv.window if engine.version.window_pages and not chunked else None


def _token_bytes(
    spec: ModelSpec, kv: KvLayers, layout: Layout, engine: Engine, entry: float
) -> float:
    """Bytes of one entry on one rank: KV heads are cut, but never below one; latents are whole."""
    if kv.kind == "gqa":
        heads = max(1, ceil(kv.heads / layout.tp))
        return heads * (kv.k_width + kv.v_width) * entry
    if kv.fixed_bytes is not None:
        return kv.fixed_bytes
    if kv.kind == "mla":
        if engine.version.latent_expanded:
            return _heads(spec, kv.block, layout) * 2 * engine.version.latent_expanded * entry
        multiple = engine.version.latent_multiple
        latent = ceil(kv.k_width / multiple) * multiple
        sparse = entry == 1 and _has_indexer(spec)
        return _SPARSE_MLA_FP8_BYTES if sparse else latent * entry
    return kv.k_width * entry


def _heads(spec: ModelSpec, block: str, layout: Layout) -> int:
    attention = spec.blocks[block].attention
    return ceil(attention.heads / layout.tp) if isinstance(attention, Mla) else 1


def _states(
    spec: ModelSpec, blocks: Mapping[str, int], layout: Layout, engine: Engine, width: float
) -> list[_Kind]:
    recurrent = 4 if spec.state_dtype == "float32" else width
    return [
        _Kind(
            blocks[s.block],
            ceil(
                (s.conv * width * _lookahead(s.conv, engine) + s.recurrent * recurrent) / layout.tp
            ),
            None,
        )
        for s in state_layers(spec)
        if blocks.get(s.block)
    ]


def _lookahead(conv: int, engine: Engine) -> float:
    """A convolution keeps further columns for drafted tokens (kernel 4: three are kept)."""
    return 1 + engine.speculative_tokens / 3 if conv else 1


def _equal_pages(attention: list[_Kind], states: list[_Kind], engine: Engine) -> list[_Kind]:
    """Blocks grow until an attention page holds a state; states are padded to that page."""
    state = max(kind.page for kind in states)
    if not attention:
        return [replace(kind, page=state) for kind in states]
    per_token = max(kind.page for kind in attention) / engine.block_size
    needed = ceil(state / (_STATE_BLOCK_MULTIPLE * per_token)) * _STATE_BLOCK_MULTIPLE
    block = max(engine.block_size, needed)
    page = ceil(block * per_token)
    return [replace(k, page=page, block=block) for k in attention] + [
        replace(k, page=page) for k in states
    ]


def _same_pages(kinds: list[_Kind]) -> list[_Kind]:
    """Kinds with smaller entries get longer blocks, so that all pages are alike."""
    largest = max((kind.page for kind in kinds), default=0)
    return [
        replace(k, page=largest, block=(k.block or 1) * (largest // k.page if k.page else 1))
        for k in kinds
    ]


def _group_layers(layers: list[int]) -> int:
    """Layers of a group: the least of any kind, or the most where padding costs little."""
    if not layers:
        return 1
    return max(layers) if max(layers) < _PADDED_BELOW * min(layers) else min(layers)
