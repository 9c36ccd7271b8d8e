"""What a step asks of a rank, against counts by hand: a wrong count is a wrong speed everywhere."""

from __future__ import annotations

from math import inf

import pytest

from sizing.performance.work import Work, count_work
from sizing.plan import Layout
from sizing.precision import choose_precision
from sizing.resolve import resolve
from sizing.support import KV_DTYPES

BF16, ONE = KV_DTYPES["bf16"], Layout(tp=1, pp=1)


def work(model: str, precision: str | None = None, layout: Layout = ONE) -> Work:
    spec = resolve(model).spec
    return count_work(spec, choose_precision(spec, precision), BF16, layout)


def test_a_dense_model_multiplies_every_linear_weight_once_a_token() -> None:
    # Llama 3.1 8B: 32 layers of 4096 x (4096 + 2 x 1024 + 4096) and 3 x 4096 x 14336.
    linear = 32 * (4096 * (4096 + 2 * 1024 + 4096) + 3 * 4096 * 14336)
    found = work("llama-3.1-8b")
    assert sum(p.operations for p in found.products) == 2 * linear
    assert sum(p.bytes for p in found.products) == 2 * linear
    assert found.head.operations == 2 * 128256 * 4096


def test_a_context_token_is_read_from_every_layer() -> None:
    # 32 layers, 8 KV heads of 128, K and V, 2 bytes.
    (mixer,) = work("llama-3.1-8b").mixers
    assert mixer.entry_bytes == 32 * 8 * 2 * 128 * 2
    assert mixer.pair_operations == 32 * 32 * 4 * 128
    assert mixer.limit == inf


def test_mla_reads_the_latent_not_the_heads() -> None:
    # DeepSeek V3: 61 layers of a latent of 512 and a rotated part of 64, whatever the ranks.
    for tp in (1, 8):
        (mixer,) = work("deepseek-v3", layout=Layout(tp=tp, pp=1)).mixers
        assert mixer.entry_bytes == 61 * 576 * 2
    assert mixer.entry_operations == 61 * 2 * (128 // 8) * (2 * 512 + 64)


def test_a_sparse_selection_bounds_what_is_read_but_not_its_index() -> None:
    sparse, index = sorted(
        work("deepseek-v3.2", layout=Layout(tp=8, pp=1)).mixers, key=lambda m: m.limit
    )
    assert sparse.limit == 2048
    assert index.limit == inf
    assert index.entry_bytes < sparse.entry_bytes / 4


def test_windows_bound_what_is_read() -> None:
    limits = sorted(m.limit for m in work("gpt-oss-20b").mixers)
    assert limits == [128, inf]


@pytest.mark.parametrize("tp", [2, 4, 8])
def test_tensor_parallel_ranks_share_weights_and_cache(tp: int) -> None:
    alone, cut = work("llama-3.1-70b"), work("llama-3.1-70b", layout=Layout(tp=tp, pp=1))
    assert sum(p.bytes for p in cut.products) == sum(p.bytes for p in alone.products) / tp
    assert cut.mixers[0].entry_bytes == alone.mixers[0].entry_bytes / tp
    assert (alone.reduces, cut.reduces) == (0, 160)


def test_experts_are_cut_or_spread_to_the_same_bytes() -> None:
    cut = work("qwen3-235b-a22b", layout=Layout(tp=4, pp=1)).experts[0]
    spread = work("qwen3-235b-a22b", layout=Layout(tp=4, pp=1, ep=4)).experts[0]
    assert (cut.held, cut.inner, cut.top_k) == (128, 384, 8)
    assert (spread.held, spread.inner) == (32, 1536)
    assert cut.held * cut.bytes == spread.held * spread.bytes


def test_data_parallel_attention_exchanges_tokens_instead_of_adding_them() -> None:
    found = work("deepseek-v3", layout=Layout(tp=1, pp=1, dp=8, ep=8))
    assert found.reduces == 0
    assert found.exchanges == 2 * 58


def test_fp8_halves_what_is_read_of_linear_weights() -> None:
    whole, half = work("llama-3.1-70b"), work("llama-3.1-70b", "fp8")
    ratio = sum(p.bytes for p in half.products) / sum(p.bytes for p in whole.products)
    assert 0.5 <= ratio < 0.505


def test_recurrent_layers_read_a_state_that_does_not_grow() -> None:
    found = work("qwen3-next-80b-a3b")
    assert found.state_bytes > 0
    assert len(found.mixers) == 1
