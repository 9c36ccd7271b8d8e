"""The page of one training run: the verdict first, nothing wider than a terminal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits

from sizing.render.train import render_train
from tests.sizing.training.jobs import answer, settings


@limits(max_examples=40, deadline=None)
@given(settings())
def test_nothing_is_wider_than_a_hundred_columns(options: dict[str, Any]) -> None:
    page = render_train(answer(**options))
    assert max(len(line) for line in page.splitlines()) <= 100
    assert all(line == line.rstrip() for line in page.splitlines())


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({}, "full fine-tuning of llama-3.1-8b at bf16 fits on 8 x H100"),
        ({"gpus": 1}, "full fine-tuning of llama-3.1-8b at bf16 does not fit on 1 x H100"),
        (
            {"method": "qlora", "gpus": 1, "gpu": "RTX-4090"},
            "QLoRA of llama-3.1-8b at nf4 fits on 1 x RTX-4090",
        ),
    ],
)
def test_the_first_line_is_the_verdict(options: dict[str, Any], first: str) -> None:
    assert render_train(answer(**options)).splitlines()[0] == first


def test_the_rows_of_memory_add_up_to_the_total_below_them() -> None:
    page = render_train(answer(gpus=1)).splitlines()
    start = next(i for i, line in enumerate(page) if line.startswith("Memory of one GPU"))
    end = next(i for i, line in enumerate(page) if line.strip().startswith("in all"))
    rows = [float(line[17:26]) for line in page[start + 1 : end]]
    assert sum(rows) == pytest.approx(float(page[end][17:26]), abs=0.01 * len(rows))


def test_what_would_fit_is_shown_only_where_it_does_not() -> None:
    assert "Would fit" in render_train(answer(gpus=1, method="lora", gpu="RTX-4090"))
    assert "Would fit" not in render_train(answer())
