"""The published accuracy of throughput as floors: a change may improve it, not spoil it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.fit_performance import factor_names, fit, known_table
from benchmarks.throughput_accuracy import (
    OUTPUT,
    TARGET_MEDIAN,
    TARGET_P90,
    TARGET_PAIRS,
    LoadResult,
    held_out_results,
    load_results,
    load_summaries,
    pair_scores,
)
from benchmarks.throughput_cases import left_out, load_cases, load_rows
from benchmarks.throughput_report import throughput_report
from sizing.performance.engines import FAMILIES
from sizing.performance.factors import spread


@pytest.fixture(scope="module")
def found() -> Sequence[LoadResult]:
    """Every comparison, once."""
    return load_results()


def test_output_rates_reach_the_targets_for_every_engine(found: Sequence[LoadResult]) -> None:
    rates = {s.family: s for s in load_summaries(found) if s.figure is OUTPUT}
    assert rates.keys() == set(FAMILIES)
    for summary in rates.values():
        assert summary.cases >= 70
        assert summary.median <= TARGET_MEDIAN
        assert summary.p90 <= TARGET_P90
        assert summary.model_median <= TARGET_MEDIAN


def test_the_faster_of_two_is_predicted_to_be_faster(found: Sequence[LoadResult]) -> None:
    """A planner compares layouts and GPUs: their order matters more than their rates."""
    for score in (*pair_scores(found), *pair_scores(found, one_model=True)):
        assert score.pairs > 100
        assert score.share >= TARGET_PAIRS


def test_measurements_that_were_never_fitted_to_agree_as_well() -> None:
    (rates,) = load_summaries(held_out_results())
    assert rates.cases > 300
    assert rates.median <= 0.15
    assert rates.p90 <= 0.35


def test_every_row_is_computed_or_left_out_with_a_reason() -> None:
    out = {name for ids in left_out().values() for name in ids}
    computed = {case.id for case in load_cases()}
    assert not out & computed
    assert out | computed == {row["id"] for row in load_rows()}


def test_the_error_band_holds_models_that_were_not_fitted() -> None:
    for family in FAMILIES:
        band = spread(family)
        assert band.low < 1 < band.high
        assert band.cases > 70
        assert band.models >= 9


def test_no_factor_belongs_to_a_model_or_a_gpu() -> None:
    table = known_table()
    assert set(table["architectures"]) == {"Ampere", "Ada", "Hopper", "Blackwell"}
    assert set(table["engines"]) == set(FAMILIES)
    assert len(list(factor_names(table))) < 45


def test_a_sweep_of_the_fit_lowers_the_error() -> None:
    """The command must be able to find what the data file says it found."""
    few = [c for c in load_cases() if c.model in ("llama-3.1-8b", "qwen3-14b")]
    start = known_table()
    fitted = fit(few, start, 1)
    assert fitted != start
    assert start == known_table(), "the start is left as it is"


def test_the_report_has_its_sections() -> None:
    page = throughput_report()
    for section in ("## Result", "never fitted", "fitted without", "## Misses", "## Left out"):
        assert section in page
