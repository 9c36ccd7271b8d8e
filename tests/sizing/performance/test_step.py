"""The time of a step: rooflines by hand, and what must never get slower or faster."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing.catalog.gpus import gpu as catalogue_gpu
from sizing.errors import InputError
from sizing.performance.engines import make_server
from sizing.performance.factors import efficiency
from sizing.performance.step import PARTS, StepModel, step_model
from sizing.plan import Layout
from sizing.precision import choose_precision
from sizing.resolve import resolve
from sizing.support import KV_DTYPES
from tests.sizing.performance.conftest import Model


def test_a_lone_token_waits_for_the_weights(step: Model) -> None:
    # Llama 3.1 8B in 16 bits: 13.96 GB of linear weights at the H100's 3,350 GB/s.
    least = 13.96e9 / 3350e9
    linear = step("llama-3.1-8b").parts(0, 0, 1, 100)["linear layers"]
    assert least < linear < 1.5 * least


def test_a_long_prompt_waits_for_the_tensor_cores(step: Model) -> None:
    # 8,192 tokens x 13.96 GFLOP at the H100's 989.5 TFLOP/s.
    least = 8192 * 13.96e9 / 989.5e12
    linear = step("llama-3.1-8b").parts(8192, 8192**2 / 2, 0, 0)["linear layers"]
    assert least < linear < 3 * least


def test_cached_tokens_are_read_at_the_memorys_pace(step: Model) -> None:
    # 100,000 tokens of 131,072 bytes.
    least = 1e5 * 131072 / 3350e9
    cache = step("llama-3.1-8b").parts(0, 0, 64, 1e5)["KV cache"]
    assert least < cache < 1.5 * least


def test_the_parts_sum_to_the_step(step: Model) -> None:
    for engine in ("vllm:0.11", "vllm:0.19", "sglang", "tensorrt-llm"):
        model = step("gpt-oss-20b", engine=engine)
        parts = model.parts(500, 1e5, 64, 64000)
        assert tuple(parts) == PARTS
        assert sum(parts.values()) == pytest.approx(model.seconds(500, 1e5, 64, 64000))
        assert min(parts.values()) >= 0


@pytest.mark.parametrize("name", ["llama-3.1-8b", "gpt-oss-20b", "deepseek-v3.2", "gemma-3-27b"])
@pytest.mark.parametrize("context", [64, 1000, 30000])
def test_closed_form_agrees_with_the_step(step: Model, name: str, context: int) -> None:
    """A simulator jumps over steps with it: a difference would add up."""
    model = step(name, "H200", tp=8)
    base, slope = model.affine_in_context(32, context)
    whole = max(base + slope * 32 * context, model.host_seconds(32) if model.overlaps else 0.0)
    assert whole == pytest.approx(model.seconds(0, 0, 32, 32 * context))


def _with_bandwidth(share: float) -> StepModel:
    card = catalogue_gpu("H100")
    faster = card.model_copy(update={"bandwidth_gb_s": card.bandwidth_gb_s * share})
    spec = resolve("llama-3.1-8b").spec
    layout = Layout(tp=1, pp=1)
    precision, kv = choose_precision(spec), KV_DTYPES["auto"]
    return step_model(spec, precision, kv, layout, faster, make_server(faster, "vllm:0.19"))


@given(
    share=st.floats(1, 4),
    prompt=st.floats(0, 8192),
    sequences=st.floats(0, 512),
    context=st.floats(1, 8192),
)
def test_more_bandwidth_is_never_slower(
    share: float, prompt: float, sequences: float, context: float
) -> None:
    load = (prompt, prompt * context / 2, sequences, sequences * context)
    assert _with_bandwidth(share).seconds(*load) <= _with_bandwidth(1).seconds(*load) + 1e-12


_SHARED = resolve("qwen3-235b-a22b").spec


@given(
    prompt=st.floats(0, 8192),
    sequences=st.floats(1, 1024),
    context=st.floats(1, 16384),
    more=st.floats(1, 2),
)
def test_more_work_is_never_faster(
    prompt: float, sequences: float, context: float, more: float
) -> None:
    card = catalogue_gpu("H200")
    layout = Layout(tp=4, pp=1, ep=4)
    precision, kv = choose_precision(_SHARED, "fp8-block"), KV_DTYPES["auto"]
    model = step_model(_SHARED, precision, kv, layout, card, "sglang")
    load = (prompt, prompt * context / 2, sequences, sequences * context)
    for i in range(4):
        heavier = [x * more if i == j else x for j, x in enumerate(load)]
        assert model.seconds(*heavier) >= model.seconds(*load) - 1e-12


@pytest.mark.parametrize("name", ["llama-3.1-70b", "mixtral-8x7b", "deepseek-v3"])
def test_more_ranks_never_read_more_weights(step: Model, name: str) -> None:
    def read(tp: int) -> float:
        parts = step(name, "H200", tp=tp).parts(0, 0, 1, 1000)
        return parts["linear layers"] + parts["experts"]

    times = [read(tp) for tp in (1, 2, 4, 8)]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("gpu", ["H100", "L40S", "A100-80GB", "B200", "H20"])
@pytest.mark.parametrize("name", ["llama-3.1-8b", "qwen3-30b-a3b"])
def test_fp8_never_reads_longer_than_bf16(step: Model, name: str, gpu: str) -> None:
    def read(precision: str) -> float:
        parts = step(name, gpu, precision=precision).parts(0, 0, 1, 100)
        return parts["linear layers"] + parts["experts"]

    assert read("fp8") <= read("bf16")


def test_experts_of_a_batch_are_read_once_each(step: Model) -> None:
    model = step("mixtral-8x7b", "H200", tp=2)
    few, many = (model.parts(0, 0, n, n)["experts"] for n in (1, 16))
    assert 2 < many / few < 5, "two of eight experts alone, nearly all eight for sixteen tokens"


def test_nvlink_beats_pcie(step: Model) -> None:
    nvlink = step("llama-3.1-70b", "H100", tp=8, precision="fp8").parts(4096, 1e6, 0, 0)
    pcie = step("llama-3.1-70b", "L40S", tp=8, precision="fp8").parts(4096, 1e6, 0, 0)
    assert pcie["communication"] > 4 * nvlink["communication"]


def test_eager_mode_launches_every_kernel(step: Model) -> None:
    graphs, eager = (step("qwen3-8b", enforce_eager=eager) for eager in (False, True))
    launches = [m.parts(0, 0, 1, 100)["kernel launches"] for m in (graphs, eager)]
    assert launches[1] == 4 * launches[0]
    assert eager.seconds(0, 0, 1, 100) > 1.2 * graphs.seconds(0, 0, 1, 100)


def test_a_pipeline_reads_all_stages_for_one_sequence(step: Model) -> None:
    """A lone sequence passes one stage after the other: a pipeline makes it no faster."""
    alone, cut = step("llama-3.1-8b"), step("llama-3.1-8b", pp=4)
    assert cut.seconds(0, 0, 1, 1000) >= 0.99 * alone.seconds(0, 0, 1, 1000)
    assert cut.seconds(0, 0, 512, 512e3) < 1.05 * alone.seconds(0, 0, 512, 512e3)


def test_a_gpu_without_known_speed_is_refused() -> None:
    card = catalogue_gpu("L4").model_copy(update={"dense_tflops": {}})
    spec = resolve("llama-3.1-8b").spec
    args = (choose_precision(spec), KV_DTYPES["auto"], Layout(tp=1, pp=1))
    with pytest.raises(InputError, match="speed is known"):
        step_model(spec, *args, card, "vllm:0.19")


@pytest.mark.parametrize("gpu", ["V100-16GB", "T4", "A100-80GB", "L4", "H100", "B200", "RTX-5090"])
@pytest.mark.parametrize("family", ["vllm", "sglang", "tensorrt-llm"])
def test_no_factor_is_beyond_the_peak(gpu: str, family: str) -> None:
    found = efficiency(catalogue_gpu(gpu), family)
    shares = (found.matmul, found.experts, found.attention_matmul, found.bandwidth)
    more = (found.attention_bandwidth, found.link_bandwidth, found.weight_only, found.scaled_blocks)
    assert all(0 < share <= 1 for share in (*shares, *more))
    assert found.roofline_exponent >= 1
