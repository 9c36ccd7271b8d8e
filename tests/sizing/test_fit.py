"""The verdict on a deployment: reasons, the longest context, suggestions that hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.deployment import make_deployment
from sizing.errors import InputError
from sizing.fit import Fit, fit
from sizing.render.fit import render_fit


def ask(model: str, gpu: str, **options: Any) -> Fit:
    """The verdict for options named like the command's."""
    return fit(make_deployment(model, gpu, **options))


def test_a_log_that_failed_does_not_fit() -> None:
    """vLLM 0.11, 70B fp8 on one H100: 67.72 GiB of weights, -1.44 GiB for the cache."""
    found = ask(
        "llama-3.3-70b",
        "H100",
        precision="fp8",
        engine="vllm:0.11",
        context=16_000,
        gpu_memory_utilization=0.9,
    )
    assert not found.fits
    assert "nothing is left" in found.reason
    assert found.memory_per_gpu_gib.free == pytest.approx(-1.44, abs=0.05)
    assert found.kv_cache_tokens == 0
    assert found.max_context_that_fits == 0


def test_a_context_that_does_not_fit_names_what_is_needed_and_what_is_left() -> None:
    """vLLM 0.28 on an L4 at 0.35: 1.75 GiB needed."""
    found = ask(
        "qwen2.5-7b",
        "L4",
        precision="awq",
        engine="vllm:0.28",
        context=32_768,
        gpu_memory_utilization=0.35,
    )
    assert not found.fits
    assert "1.75 GiB" in found.reason
    assert 0 < found.max_context_that_fits < 32_768


def test_the_published_fp8_is_refused_where_its_blocks_do_not_divide() -> None:
    found = ask("qwen3-235b-a22b", "H100", tp=8, precision="fp8")
    assert not found.fits
    assert found.precision == "fp8-block"
    assert "192" in found.reason
    assert "128" in found.reason
    assert any("ep" in s.options or s.options.get("tp") == 4 for s in found.suggestions)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "llama-3.1-8b", "gpu": "V100-16GB", "precision": "bf16"}, "8.0"),
        ({"model": "llama-3.1-8b", "gpu": "A100-80GB", "kv_dtype": "fp8"}, "8.9"),
        ({"model": "llama-3.1-8b", "gpu": "H100", "tp": 3}, "TP 3"),
        ({"model": "llama-3.1-8b", "gpu": "H100", "pp": 33}, "32 layers"),
    ],
)
def test_what_no_engine_runs_is_refused_with_the_reason(options: dict[str, Any], said: str) -> None:
    found = ask(**options)
    assert not found.fits
    assert said in found.reason


@pytest.mark.parametrize(
    ("model", "gpu", "options"),
    [
        ("llama-3.3-70b", "H100", {"context": 32_768}),
        ("qwen3-235b-a22b", "H100", {"tp": 8, "precision": "fp8"}),
        ("llama-3.1-8b", "RTX-3090", {"context": 131_072}),
        ("deepseek-v3", "H100", {"tp": 8}),
    ],
)
def test_every_suggestion_fits_when_it_is_followed(
    model: str, gpu: str, options: dict[str, Any]
) -> None:
    found = ask(model, gpu, **options)
    assert not found.fits
    assert found.suggestions
    for suggestion in found.suggestions:
        changed = {key.replace("-", "_"): value for key, value in suggestion.options.items()}
        again = ask(model, gpu, **{**options, **changed})
        assert again.fits, suggestion
        assert again.max_concurrency == pytest.approx(suggestion.max_concurrency)


models = st.sampled_from(["llama-3.1-8b", "gpt-oss-20b", "gemma-3-12b", "qwen3-next-80b"])
cards = st.sampled_from(["L4", "L40S", "A100-80GB", "H100", "H200", "RTX-4090"])
degrees = st.sampled_from([1, 2, 4])
contexts = st.integers(1, 40_000)


@settings(deadline=None, max_examples=60)
@given(models, cards, degrees, contexts)
def test_the_longest_context_fits_and_the_next_does_not(
    model: str, card: str, tp: int, context: int
) -> None:
    found = ask(model, card, tp=tp, context=context)
    longest = found.max_context_that_fits
    assert found.fits == (longest >= context)
    if longest:
        assert ask(model, card, tp=tp, context=longest).fits
    limit = make_deployment(model, card).spec.max_context or 0
    if longest < limit:
        assert not ask(model, card, tp=tp, context=longest + 1).fits


@settings(deadline=None, max_examples=60)
@given(models, cards, degrees, st.floats(0.05, 1.0))
def test_parts_sum_to_what_cuda_sees(model: str, card: str, tp: int, share: float) -> None:
    found = ask(model, card, tp=tp, gpu_memory_utilization=share)
    parts = found.memory_per_gpu_gib.model_dump()
    visible = make_deployment(model, card).gpu.cuda_bytes / 2**30
    assert sum(parts.values()) == pytest.approx(visible, abs=1e-6)
    assert all(value >= 0 for name, value in parts.items() if name != "free")


@settings(deadline=None, max_examples=40)
@given(models, st.floats(20, 150), st.floats(0, 50))
def test_what_fits_still_fits_with_more_memory(model: str, least: float, more: float) -> None:
    small = ask(model, "H100", gpu_memory_gib=least)
    large = ask(model, "H100", gpu_memory_gib=least + more)
    assert large.fits or not small.fits
    assert large.max_context_that_fits >= small.max_context_that_fits


@settings(deadline=None, max_examples=40)
@given(models, cards, contexts)
def test_fewer_bits_never_need_more(model: str, card: str, context: int) -> None:
    whole = ask(model, card, precision="bf16", context=context).memory_per_gpu_gib
    half = ask(model, card, precision="fp8", context=context).memory_per_gpu_gib
    assert half.weights <= whole.weights


def test_eager_mode_frees_what_graphs_take() -> None:
    graphs = ask("llama-3.1-8b", "L4", context=4096)
    eager = ask("llama-3.1-8b", "L4", context=4096, enforce_eager=True)
    assert eager.kv_cache_tokens > graphs.kv_cache_tokens


def test_data_parallel_ranks_add_their_caches() -> None:
    one = ask("llama-3.1-8b", "H100")
    four = ask("llama-3.1-8b", "H100", dp=4)
    assert four.kv_cache_tokens == 4 * one.kv_cache_tokens
    assert four.gpus == 4


def test_a_float32_checkpoint_is_served_in_16_bits_unless_asked() -> None:
    assert ask("olmo-2-13b", "H100").precision == "bf16"
    assert ask("olmo-2-13b", "H100", precision="fp32").precision == "fp32"


@pytest.mark.parametrize(
    ("options", "key", "nearest"),
    [
        ({"gpu": "A100"}, "gpu", "A100-80GB"),
        ({"gpu": "any"}, "gpu", None),
        ({"gpu": "H1000"}, "gpu", "H100"),
        ({"tp": 0}, "tp", 1),
        ({"pp": -1}, "pp", 1),
        ({"dp": 10**9}, "dp", 1024),
        ({"ep": True}, "ep", None),
        ({"context": 0}, "context", 1),
        ({"context": 131_073}, "context", 131_072),
        ({"gpu_memory_gib": 0}, "gpu-memory-gib", 1),
        ({"gpu_memory_gib": float("inf")}, "gpu-memory-gib", 4096),
        ({"gpu_memory_gib": float("nan")}, "gpu-memory-gib", None),
        ({"gpu_memory_utilization": 1.5}, "gpu-memory-utilization", 0.9),
        ({"kv_dtype": "fp9"}, "kv-dtype", "fp8"),
        ({"speculative_tokens": 2}, "speculative-tokens", 0),
        ({"engine": "vllm:nine"}, "engine", None),
        ({"model": "llama-3.1-9b"}, "model", "llama-3.1-8b"),
    ],
)
def test_bad_input_names_the_key_and_the_nearest_good_value(
    options: dict[str, Any], key: str, nearest: object
) -> None:
    asked = {"model": "llama-3.1-8b", "gpu": "H100", **options}
    with pytest.raises(InputError) as refused:
        ask(**asked)
    assert refused.value.key == key
    if nearest is not None:
        assert refused.value.nearest == nearest


@pytest.mark.parametrize(
    ("model", "gpu", "options"),
    [
        ("llama-3.1-8b", "H100", {}),
        ("llama-3.3-70b", "H100", {"context": 131_072}),
        ("qwen3-235b-a22b", "H100", {"tp": 8, "precision": "fp8"}),
    ],
)
def test_the_page_answers_first_and_stays_narrow(
    model: str, gpu: str, options: dict[str, Any]
) -> None:
    found = ask(model, gpu, **options)
    lines = render_fit(found).splitlines()
    assert ("fits" if found.fits else "does not fit") in lines[0]
    assert all(len(line) <= 100 for line in lines)
    assert found.reason.split()[0] in lines[1]
