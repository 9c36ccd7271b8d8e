"""What each kind of layer keeps of a sequence: a cache that grows, or a state that does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sizing.model import (
    Attention,
    Compressed,
    GatedDeltaNet,
    Gqa,
    Lightning,
    Mamba1,
    Mamba2,
    Mla,
)

ENGINE_INDEXER_BYTES = 4
"""vLLM keeps an indexer key as one fp8 byte per element plus a 4-byte scale."""


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


def block_kv(block: str, count: int, attention: Attention) -> Iterator[KvLayers]:
    """The growing caches of `count` layers of this block."""
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


def block_state(block: str, count: int, attention: Attention) -> StateLayers | None:
    """The fixed state of `count` layers of this block, if they keep one."""
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
