"""Pages of the KV cache: groups, equal pages, what a sequence takes, what a log reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sizing.catalog.gpus import gpu
from sizing.engine import make_engine
from sizing.kv_pages import KvPages, kv_pages
from sizing.memory import stage_blocks
from sizing.plan import Layout
from sizing.resolve import resolve
from sizing.support import parse_kv_dtype
from sizing.units import GIB


def pages(
    model: str,
    *,
    tp: int = 1,
    kv: str = "auto",
    engine: str = "vllm:0.19",
    on: str = "H100",
    settings: Mapping[str, Any] | None = None,
) -> KvPages:
    """Pages of a whole model on one rank."""
    spec = resolve(model).spec
    settled = make_engine(gpu(on), engine, **(settings or {}))
    layout = Layout(tp=tp, pp=1)
    return kv_pages(spec, stage_blocks(spec, 1)[0], layout, settled, parse_kv_dtype(kv), 2.0)


@pytest.mark.parametrize(
    ("model", "tp", "pool_gib", "context", "blocks", "concurrency"),
    [
        ("llama-3.1-8b", 1, 58.11, 8192, 29751, 58.11),
        # Two groups of 12 layers; a window of 128 holds the whole prefill step.
        ("gpt-oss-20b", 2, 59.32, 8192, 323972, 316.07),
        # Six groups of 8 layers.
        ("gemma-3-12b", 1, 47.72, 8192, 48867, 15.88),
    ],
)
def test_blocks_and_concurrency_are_those_of_the_log(
    model: str, tp: int, pool_gib: float, context: int, blocks: int, concurrency: float
) -> None:
    found = pages(model, tp=tp)
    held = found.blocks(int(pool_gib * GIB))
    assert held == pytest.approx(blocks, rel=0.0003)
    assert held / found.blocks_per_sequence(context) == pytest.approx(concurrency, rel=0.0005)


@pytest.mark.parametrize(
    ("model", "tp", "kv", "pool_gib", "context", "tokens"),
    [
        # 0.24 and 0.21-dev: states hold two blocks a group, tokens are concurrency x context.
        ("qwen3.6-35b-a3b", 1, "fp8", 5.98, 131_072, 567_978),
        ("qwen3.6-27b", 2, "fp8_e5m2", 9.84, 262_144, 619_202),
    ],
)
def test_hybrid_caches_hold_what_the_log_says(
    model: str, tp: int, kv: str, pool_gib: float, context: int, tokens: int
) -> None:
    found = pages(model, tp=tp, kv=kv, engine="vllm:0.24", on="RTX-5090")
    held = found.blocks(int(pool_gib * GIB)) / found.blocks_per_sequence(context)
    assert held * context == pytest.approx(tokens, rel=0.0005)


def test_a_page_grows_until_it_holds_a_state() -> None:
    """A log of this architecture on one GPU with an fp8 cache printed 1,568 tokens."""
    assert pages("qwen3.6-27b", kv="fp8").block_size == 1568


def test_a_latent_is_whole_on_every_rank() -> None:
    assert pages("deepseek-v3", tp=8) == pages("deepseek-v3", tp=1)
    assert pages("deepseek-v3").bytes_per_sequence(8192) == 8192 * 70_272


def test_sparse_attention_stores_656_bytes_and_the_indexers_key() -> None:
    """GLM-5.1, fp8, 78 layers: 61,464 bytes a token in the logs."""
    assert pages("glm-5.1", tp=8, kv="fp8").bytes_per_sequence(16) == 16 * 61_464


def test_old_versions_page_windows_like_full_attention() -> None:
    assert pages("gemma-3-12b", engine="vllm:0.9").groups == 1
    assert pages("gemma-3-12b", engine="vllm:0.11").groups == 6


def test_chunked_attention_is_paged_whole() -> None:
    assert pages("llama-4-scout").groups == 1


def test_smaller_entries_get_longer_blocks() -> None:
    found = pages("gemma-4-26b-a4b")
    assert len({kind.page for kind in found.kinds}) == 1
    assert len({kind.block for kind in found.kinds}) == 2


def test_the_first_versions_kept_every_head_of_a_latent() -> None:
    """27 layers, 8 of 16 heads, a key and a value of 256 each, 2 bytes."""
    found = pages("deepseek-v2-lite", tp=2, engine="vllm:0.5")
    assert found.bytes_per_sequence(16) == 16 * 27 * 8 * 2 * 256 * 2


def test_a_partly_filled_block_counts_whole() -> None:
    found = pages("llama-3.1-8b")
    assert found.blocks_per_sequence(16) == 1
    assert found.blocks_per_sequence(17) == 2


def test_no_pool_no_blocks() -> None:
    assert pages("llama-3.1-8b").blocks(-GIB) == 0
