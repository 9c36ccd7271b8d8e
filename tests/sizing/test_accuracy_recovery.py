"""Published accuracy: each figure can be looked up where it is said to come from."""

from __future__ import annotations

from datetime import date

import pytest

from sizing.catalog.accuracy import Recovery, all_recoveries, recoveries
from sizing.catalog.model_store import model_names
from sizing.precision import PRECISIONS

EVERY = [(*key, figure) for key, figures in all_recoveries().items() for figure in figures]


@pytest.mark.parametrize(
    ("model", "precision", "figure"), EVERY, ids=[f"{m}-{p}-{f.benchmark}" for m, p, f in EVERY]
)
def test_every_figure_is_dated_sourced_and_possible(
    model: str, precision: str, figure: Recovery
) -> None:
    assert model in model_names()
    assert precision in PRECISIONS
    assert figure.baseline_precision in PRECISIONS
    assert figure.source.startswith("https://")
    assert date.fromisoformat(figure.as_of) <= date.today()
    assert 0 < figure.recovery <= 110
    if figure.score is not None and figure.baseline is not None:
        assert figure.recovery == pytest.approx(100 * figure.score / figure.baseline, abs=0.051)
        assert max(figure.score, figure.baseline) <= 100


def test_no_benchmark_is_told_twice_of_one_format() -> None:
    for figures in all_recoveries().values():
        names = [figure.benchmark for figure in figures]
        assert len(set(names)) == len(names)


def test_a_models_figures_are_of_exactly_the_format_asked_for() -> None:
    assert {f.repository for f in recoveries("llama-3.1-70b", "int4")} == {
        "RedHatAI/Meta-Llama-3.1-70B-Instruct-quantized.w4a16"
    }
    assert recoveries("llama-3.1-70b", "awq") == ()
    assert recoveries("no-such-model", "fp8") == ()
