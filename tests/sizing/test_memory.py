"""The budget of a rank: its parts, and what must never happen when a setting changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.catalog.gpus import gpu
from sizing.census import params_total
from sizing.engine import make_engine
from sizing.memory import RankBudget, budget
from sizing.plan import Layout
from sizing.precision import parse_precision, weight_bytes
from sizing.resolve import resolve
from sizing.support import parse_kv_dtype
from sizing.units import GIB, gib
from sizing.workload import Workload

MODELS = [
    "llama-3.1-8b",
    "llama-3.1-405b",
    "qwen3-235b-a22b",
    "deepseek-v3",
    "gpt-oss-120b",
    "gemma-3-12b",
    "qwen3-next-80b",
    "qwen3-vl-8b",
]


def ranks(
    model: str = "llama-3.1-70b",
    precision: str = "bf16",
    layout: Layout | None = None,
    context: int = 8192,
    concurrency: int = 16,
    kv: str = "auto",
    on: str = "H100",
) -> tuple[RankBudget, ...]:
    card = gpu(on)
    return budget(
        resolve(model).spec,
        parse_precision(precision),
        Workload(context=context, concurrency=concurrency),
        layout or Layout(tp=4, pp=1),
        card,
        make_engine(card),
        parse_kv_dtype(kv),
    )


@pytest.mark.parametrize("layout", [Layout(tp=8, pp=1), Layout(tp=4, pp=2), Layout(tp=2, pp=4)])
@pytest.mark.parametrize("model", MODELS)
def test_parts_sum_to_what_cuda_sees(model: str, layout: Layout) -> None:
    for rank in ranks(model, layout=layout):
        total = sum(rank.per_gpu().model_dump().values())
        assert total == pytest.approx(gib(gpu("H100").cuda_bytes), abs=1e-6)


@pytest.mark.parametrize(
    ("model", "precision", "tp", "measured_gib"),
    [
        ("llama-3.1-8b", "bf16", 1, 14.99),
        ("llama-3.1-8b", "fp8", 1, 8.49),
        ("llama-3.3-70b", "fp8", 2, 33.88),
        ("llama-3.3-70b", "fp8", 4, 16.96),
    ],
)
def test_weights_agree_with_start_up_logs(
    model: str, precision: str, tp: int, measured_gib: float
) -> None:
    """vLLM 0.19 on H100 printed these."""
    rank = ranks(model, precision, Layout(tp=tp, pp=1))[0]
    assert gib(rank.weights) == pytest.approx(measured_gib, rel=0.01)


def test_the_pool_agrees_with_a_start_up_log() -> None:
    """vLLM 0.19, 70B fp8 on 2 x H100 (79.19 GiB) at 0.95: 37.28 GiB of KV cache."""
    card = gpu("H100").model_copy(update={"cuda_bytes": int(79.19 * GIB)})
    stages = budget(
        resolve("llama-3.3-70b").spec,
        parse_precision("fp8"),
        Workload(context=8192, concurrency=1),
        Layout(tp=2, pp=1),
        card,
        make_engine(card, "vllm:0.19", gpu_memory_utilization=0.95),
        parse_kv_dtype("auto"),
    )
    assert gib(stages[0].pool) == pytest.approx(37.28, rel=0.001)


def test_ranks_hold_all_weights() -> None:
    stages = ranks("llama-3.1-405b", layout=Layout(tp=8, pp=2))
    held = 8 * sum(rank.weights for rank in stages)
    whole = weight_bytes(resolve("llama-3.1-405b").spec, parse_precision("bf16"))
    assert held == pytest.approx(whole, rel=0.001)
    assert held >= 2 * params_total(resolve("llama-3.1-405b").spec)


def test_kv_heads_are_replicated_not_cut_below_one() -> None:
    eight = ranks("llama-3.1-8b", layout=Layout(tp=8, pp=1))[0]
    sixteen = ranks("llama-3.1-8b", layout=Layout(tp=16, pp=1))[0]
    assert sixteen.kv_per_sequence == eight.kv_per_sequence


def test_a_latent_cache_is_whole_on_every_rank() -> None:
    one = ranks("deepseek-v3", "fp8-block", Layout(tp=1, pp=1))[0]
    eight = ranks("deepseek-v3", "fp8-block", Layout(tp=8, pp=1))[0]
    assert eight.kv_per_sequence == one.kv_per_sequence == 8192 * 70_272


layouts = st.sampled_from([Layout(tp=t, pp=p) for t in (1, 2, 4, 8) for p in (1, 2, 4)])
lengths = st.integers(1, 131_072)


@settings(deadline=None)
@given(st.sampled_from(MODELS), layouts, lengths, lengths)
def test_more_context_never_needs_less(model: str, layout: Layout, a: int, b: int) -> None:
    short, long = sorted((a, b))
    assert ranks(model, layout=layout, context=short)[0].required <= (
        ranks(model, layout=layout, context=long)[0].required
    )


@settings(deadline=None)
@given(st.sampled_from(MODELS), st.sampled_from(["bf16", "fp8", "int8", "int4", "nf4", "mxfp4"]))
def test_more_tensor_parallel_never_holds_more(model: str, precision: str) -> None:
    held = [ranks(model, precision, Layout(tp=t, pp=1))[0].weights for t in (1, 2, 4, 8)]
    assert held == sorted(held, reverse=True)


@settings(deadline=None)
@given(st.sampled_from(MODELS), layouts)
def test_fewer_bits_never_hold_more(model: str, layout: Layout) -> None:
    held = [ranks(model, p, layout)[0].weights for p in ("fp32", "bf16", "fp8", "int4")]
    assert held == sorted(held, reverse=True)


@settings(deadline=None)
@given(st.sampled_from(["llama-3.1-8b", "llama-3.1-405b", "gpt-oss-120b"]), layouts, lengths)
def test_an_fp8_cache_takes_half(model: str, layout: Layout, context: int) -> None:
    whole = {r.stage: r for r in ranks(model, layout=layout, context=context)}
    for half in ranks(model, layout=layout, context=context, kv="fp8"):
        assert half.kv_per_sequence * 2 == whole[half.stage].kv_per_sequence


@settings(deadline=None)
@given(st.sampled_from(MODELS), layouts, lengths)
def test_what_fits_still_fits_with_more_memory(model: str, layout: Layout, context: int) -> None:
    small = ranks(model, layout=layout, context=context, on="H100")[0]
    large = ranks(model, layout=layout, context=context, on="H200")[0]
    assert small.short > 0 or large.short <= 0
