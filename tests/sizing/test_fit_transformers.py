"""Plain Transformers: totals against published ones, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sizing.errors import InputError
from sizing.fit_transformers import fit_transformers


@pytest.mark.parametrize(
    ("model", "precision", "input_len", "measured_mib"),
    [
        ("qwen3-8b", None, 1, 15_947),
        ("qwen3-8b", None, 30_720, 20_267),
        ("qwen3-8b", "fp8", 6144, 10_187),
        ("qwen3-14b", "awq", 6144, 11_020),
        ("qwen3-4b", "fp8", 6144, 6144),
        ("qwen3-30b-a3b", None, 14_336, 59_806),
    ],
)
def test_totals_agree_with_published_ones(
    model: str, precision: str | None, input_len: int, measured_mib: float
) -> None:
    """Transformers 4.51 on H20, one sequence, 2,048 tokens generated."""
    found = fit_transformers(
        model, "H20", precision=precision, input_len=input_len, output_len=2048
    )
    assert found.total_gib * 1024 == pytest.approx(measured_mib, rel=0.03)


def test_a_batch_multiplies_the_cache_alone() -> None:
    one = fit_transformers("qwen3-8b", "H20", context=4096)
    eight = fit_transformers("qwen3-8b", "H20", context=4096, batch=8)
    assert eight.kv_cache_needed_gib == pytest.approx(8 * one.kv_cache_needed_gib)
    assert eight.memory_per_gpu_gib.weights == one.memory_per_gpu_gib.weights


def test_old_versions_hold_the_cache_twice() -> None:
    new = fit_transformers("qwen3-8b", "H20", context=4096, engine="transformers:4.51")
    old = fit_transformers("qwen3-8b", "H20", context=4096, engine="transformers:4.35")
    assert old.kv_cache_needed_gib == pytest.approx(2 * new.kv_cache_needed_gib)


def test_what_is_too_large_says_what_is_missing() -> None:
    found = fit_transformers("llama-3.3-70b", "H100")
    assert not found.fits
    assert "missing" in found.reason
    assert found.memory_per_gpu_gib.free < 0
    assert fit_transformers("llama-3.3-70b", "H100", gpus=2).fits


def test_parts_sum_to_what_cuda_sees() -> None:
    found = fit_transformers("qwen3-8b", "H20", gpus=2, context=4096)
    assert sum(found.memory_per_gpu_gib.model_dump().values()) == pytest.approx(95.22, abs=0.01)


def test_the_longest_context_is_what_the_verdict_turns_on() -> None:
    found = fit_transformers("llama-3.1-8b", "RTX-3090", context=1024)
    longest = found.max_context_that_fits
    assert fit_transformers("llama-3.1-8b", "RTX-3090", context=longest).fits
    assert not fit_transformers("llama-3.1-8b", "RTX-3090", context=longest + 64).fits


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"batch": 0}, "batch"),
        ({"input_len": 0}, "input-len"),
        ({"output_len": -1}, "output-len"),
        ({"input_len": 10, "context": 10}, "context"),
        ({"context": 10**7}, "context"),
        ({"engine": "transformers:new"}, "engine"),
        ({"gpus": 0}, "tp"),
    ],
)
def test_bad_input_is_named(options: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as refused:
        fit_transformers("qwen3-8b", "H20", **options)
    assert refused.value.key == key
