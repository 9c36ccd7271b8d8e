"""The activation peak, against what start-up logs of vLLM printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sizing.catalog.gpus import gpu
from sizing.engine import make_engine
from sizing.memory import stage_blocks
from sizing.plan import Layout
from sizing.precision import choose_precision
from sizing.profile_run import activation_peak
from sizing.resolve import resolve
from sizing.units import gib


def peak(
    model: str,
    layout: Layout | None = None,
    *,
    precision: str | None = None,
    engine: str = "vllm:0.19",
    on: str = "H100",
    stage: int = -1,
    settings: Mapping[str, Any] | None = None,
) -> float:
    """GiB of one stage's ranks; the last by default."""
    spec, card, cut = resolve(model).spec, gpu(on), layout or Layout(tp=1, pp=1)
    stages = stage_blocks(spec, cut.pp)
    index = stage % cut.pp
    return gib(
        activation_peak(
            spec,
            stages[index],
            choose_precision(spec, precision),
            cut,
            card,
            make_engine(card, engine, **(settings or {})),
            is_first=index == 0,
            is_last=index == cut.pp - 1,
        )
    )


@pytest.mark.parametrize(
    ("model", "tp", "measured_gib"),
    [
        # The sampler's logits decide.
        ("llama-3.1-8b", 1, 1.89),
        ("llama-3.1-8b", 4, 1.89),
        ("qwen3-8b", 1, 2.21),
        ("qwen2.5-72b", 2, 2.29),
        ("gpt-oss-20b", 2, 2.87),
        # One layer's MLP decides.
        ("granite-3.3-8b", 1, 0.85),
        # The expert kernels' workspace is kept beside the logits.
        ("mixtral-8x7b", 2, 1.21),
        ("qwen3-30b-a3b", 1, 2.68),
        # Images and their encodings are kept beside the logits.
        ("gemma-3-12b", 1, 3.94),
        ("gemma-3-4b", 1, 3.89),
    ],
)
def test_the_peak_is_the_logs(model: str, tp: int, measured_gib: float) -> None:
    assert peak(model, Layout(tp=tp, pp=1)) == pytest.approx(measured_gib, rel=0.01)


@pytest.mark.parametrize(
    ("model", "engine", "measured_gib"),
    [
        ("qwen3-14b", "vllm:0.16", 5.64),
        ("qwen3-14b", "vllm:0.17", 2.23),
        ("llama-3.1-8b", "vllm:0.11", 4.76),
        ("gpt-oss-20b", "vllm:0.11", 7.38),
    ],
)
def test_sorting_ended_with_0_17(model: str, engine: str, measured_gib: float) -> None:
    assert peak(model, engine=engine) == pytest.approx(measured_gib, rel=0.005)


def test_float32_activations_are_wider() -> None:
    assert peak("llama-3.1-8b", precision="fp32") == pytest.approx(2.21, rel=0.01)


def test_only_the_last_stage_samples() -> None:
    four = Layout(tp=1, pp=4)
    assert peak("llama-3.1-8b", four) == pytest.approx(2.01, rel=0.01)
    assert peak("llama-3.1-8b", four, stage=1) == pytest.approx(1.05, rel=0.01)


def test_fewer_sequences_and_tokens_need_less() -> None:
    small = {"max_num_seqs": 16, "max_num_batched_tokens": 512}
    assert peak("llama-3.1-8b", settings=small) < 0.3
