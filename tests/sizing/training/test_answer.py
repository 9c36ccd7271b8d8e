"""The verdict: what is counted, that it follows from the figures, and that its advice holds."""

from __future__ import annotations

from typing import Any

import pytest

from sizing.training.answer import device_bytes, job_fits, reported_bytes
from sizing.training.framework import FRAMEWORKS, Measures
from sizing.training.memory import training_memory
from tests.sizing.training.jobs import GIB, answer, job

CROWDED: list[dict[str, Any]] = [
    {"gpus": 1},
    {"gpus": 2, "sharding": "zero1", "framework": "deepspeed"},
    {"gpus": 8, "sharding": "none"},
    {"gpus": 8, "seq_len": 32_768, "checkpointing": "none", "chunked_loss": True},
    {"gpus": 2, "gpu": "L40S", "method": "lora", "micro_batch": 8, "checkpointing": "none"},
    {"gpus": 1, "gpu": "L4", "method": "lora", "micro_batch": 2, "framework": "litgpt"},
    {"model": "llama-3.1-70b", "gpus": 8},
]
TOGETHER: list[dict[str, Any]] = [
    {"gpus": 8, "seq_len": 131_072, "checkpointing": "none"},
    {"model": "llama-3.1-70b", "gpus": 4},
]
HOPELESS: list[dict[str, Any]] = [
    {"model": "llama-3.1-405b", "gpus": 16, "pp": 2, "sharding": "zero1"},
]


@pytest.mark.parametrize("options", [*CROWDED, *TOGETHER])
def test_every_suggestion_makes_the_run_fit(options: dict[str, Any]) -> None:
    """Someone types what is suggested and expects it to work, alone."""
    found = answer(**options)
    assert not found.fits
    assert found.suggestions
    for said in found.suggestions:
        assert job_fits(job(**{**options, **read(said)})), said


def read(suggestion: str) -> dict[str, Any]:
    """Options of the command line as those of `make_job`."""
    words = [w for w in suggestion.split() if w != "--chunked-loss"]
    chunked = {"chunked_loss": True} if "--chunked-loss" in suggestion else {}
    pairs = zip(words[::2], words[1::2], strict=True)
    return chunked | {
        key.removeprefix("--").replace("-", "_"): int(value) if value.isdigit() else value
        for key, value in pairs
    }


@pytest.mark.parametrize(
    "options", [*CROWDED, *TOGETHER, *HOPELESS, {}, {"method": "qlora", "gpus": 1}]
)
def test_the_figures_add_up(options: dict[str, Any]) -> None:
    found = answer(**options)
    assert sum(found.breakdown_gib.values()) == pytest.approx(found.peak_memory_gib_per_gpu)
    assert found.device_memory_gib_per_gpu > found.peak_memory_gib_per_gpu
    assert found.free_gib == pytest.approx(found.gpu_memory_gib - found.device_memory_gib_per_gpu)
    assert found.fits == (found.free_gib >= 0)


def test_the_reason_gives_the_room_and_what_is_missing() -> None:
    found = answer(gpus=1)
    assert f"{-found.free_gib:.1f} more" in found.reason
    assert f"{found.gpu_memory_gib:.1f} GiB" in found.reason
    assert "more than" not in answer().reason


@pytest.mark.parametrize("options", HOPELESS)
def test_where_no_changes_are_enough_none_is_named(options: dict[str, Any]) -> None:
    found = answer(**options)
    assert not found.fits
    assert found.suggestions == ()


def test_a_run_that_fits_gets_no_advice() -> None:
    assert answer().suggestions == ()


def test_a_given_memory_takes_the_place_of_the_catalogues() -> None:
    fits = answer()
    tight = answer(gpu_memory_gib=fits.device_memory_gib_per_gpu - 0.1)
    assert fits.fits
    assert not tight.fits


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_reports_what_it_counts(framework: str) -> None:
    asked = job(framework=framework)
    worst = training_memory(asked)[0]
    on_device = FRAMEWORKS[framework].measures is Measures.DEVICE
    expected = device_bytes(asked, worst) if on_device else worst.parts.total
    assert reported_bytes(asked, worst) == expected
    # Tensors alone do not see what the allocator holds beyond them.
    if FRAMEWORKS[framework].measures is Measures.ALLOCATED:
        assert worst.parts.fragmentation == 0


def test_tokens_a_step_are_those_of_the_global_batch() -> None:
    found = answer(gpus=16, tp=2, cp=2, seq_len=8192, micro_batch=2, micro_batches=3)
    assert found.layout.dp == 4
    assert found.tokens_per_step == 8192 * 2 * 3 * 4


def test_context_parallelism_cuts_the_tokens_of_a_rank() -> None:
    whole, half = (training_memory(job(seq_len=8192, cp=cp))[0].parts for cp in (1, 2))
    assert half.activations == pytest.approx(whole.activations / 2)
    assert whole.total / GIB > half.total / GIB


def test_a_tower_that_does_not_train_is_said_to() -> None:
    found = answer(model="llama-3.2-90b-vision", method="lora")
    assert any("towers (images, sound) are frozen" in said for said in found.assumptions)
    assert not any("tower" in said for said in answer().assumptions)
