"""What attention asks of one rank: operations and cached bytes, by how far layers look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, inf

from sizing.caches import ENGINE_INDEXER_BYTES
from sizing.model import Compressed, Gqa, Mla, ModelSpec
from sizing.plan import Layout
from sizing.support import KvDtype


@dataclass(frozen=True, slots=True)
class Mixer:
    """Attention of like layers over cached entries, one for each `stride` tokens.

    At most `limit` entries are looked at (a window, a sparse selection). `pair_operations` are of
    one prompt token and one entry, `entry_operations` and `entry_bytes` of one decoding sequence
    and one entry.
    """

    limit: float
    stride: int
    pair_operations: float
    entry_operations: float
    entry_bytes: float


def count_mixers(spec: ModelSpec, kv_dtype: KvDtype, layout: Layout) -> tuple[Mixer, ...]:
    """Attention of a rank's layers; those that look equally far are one, and cost a step less."""
    found: dict[tuple[float, int], Mixer] = {}
    for m in _mixers(spec, kv_dtype, layout):
        key = (m.limit, m.stride)
        same = found.get(key, Mixer(*key, 0.0, 0.0, 0.0))
        found[key] = Mixer(
            *key,
            same.pair_operations + m.pair_operations,
            same.entry_operations + m.entry_operations,
            same.entry_bytes + m.entry_bytes,
        )
    return tuple(found.values())


def _mixers(spec: ModelSpec, kv_dtype: KvDtype, layout: Layout) -> Iterator[Mixer]:
    width = kv_dtype.bytes_per_element
    for name, count in spec.layer_counts.items():
        match spec.blocks[name].attention:
            case Gqa() as a:
                heads, kv = ceil(a.heads / layout.tp), ceil(a.kv_heads / layout.tp)
                both = a.head_dim + a.v_dim
                operations = count * 2.0 * heads * both
                window = min(filter(None, (a.window, a.chunk)), default=inf)
                yield Mixer(window, 1, operations, operations, count * kv * both * width)
            case Mla() as a:
                yield from _latent(a, count, width, layout)
            case Compressed() as a:
                yield from _compressed(a, count, width, layout)
            case _:
                continue


def _latent(a: Mla, count: int, width: float, layout: Layout) -> Iterator[Mixer]:
    """Prompts expand the latent to heads; decoding multiplies the queries into the latent."""
    heads, latent = ceil(a.heads / layout.tp), a.kv_lora_rank + a.qk_rope_head_dim
    expanded = a.qk_nope_head_dim + a.qk_rope_head_dim + a.v_head_dim
    absorbed = 2 * a.kv_lora_rank + a.qk_rope_head_dim
    limit = a.indexer.topk if a.indexer else inf
    yield Mixer(
        limit,
        1,
        # A sparse selection is looked at in the latent's own space, prompt or not.
        count * 2.0 * heads * (absorbed if a.indexer else expanded),
        count * 2.0 * heads * absorbed,
        count * latent * width,
    )
    if a.indexer:
        operations = count * 2.0 * a.indexer.heads * a.indexer.head_dim
        size = count * (a.indexer.head_dim + ENGINE_INDEXER_BYTES)
        yield Mixer(inf, 1, operations, operations, size)


def _compressed(a: Compressed, count: int, width: float, layout: Layout) -> Iterator[Mixer]:
    operations = count * 4.0 * ceil(a.heads / layout.tp) * a.head_dim
    size = count * a.head_dim * width
    yield Mixer(a.window, 1, operations, operations, size)
    if a.ratio:
        limit = a.indexer.topk if a.indexer else inf
        yield Mixer(limit, a.ratio, operations, operations, size)
    if a.ratio and a.indexer:
        scored = count * 2.0 * a.indexer.heads * a.indexer.head_dim
        keys = count * (a.indexer.head_dim + ENGINE_INDEXER_BYTES)
        yield Mixer(inf, a.ratio, scored, scored, keys)
