"""The published accuracy of training memory as floors: a change may improve it, not spoil it."""

from __future__ import annotations

import pytest

from benchmarks.training_accuracy import (
    COLLECTED,
    FURTHER,
    TARGET_MEDIAN,
    TARGET_P90,
    Run,
    certain,
    left_out,
    runs,
    summaries,
    uncertain,
    verdicts,
    wrongly_fit,
)
from benchmarks.training_cases import further_cases
from benchmarks.training_report import training_section
from sizing.training.framework import DEFAULT_FRAMEWORK, FRAMEWORKS

FILES = (COLLECTED, FURTHER)
# What was reached when this was written, with a little room: (median, p90) over frameworks.
FLOORS = {COLLECTED: (0.08, 0.15), FURTHER: (0.08, 0.15)}


@pytest.mark.parametrize("name", FILES)
def test_accuracy_does_not_fall(name: str) -> None:
    reached = summaries(certain(runs(name)))[-1]
    median, p90 = FLOORS[name]
    assert reached.median <= median <= TARGET_MEDIAN
    assert reached.p90 <= p90 <= TARGET_P90


@pytest.mark.parametrize("framework", [f for f in FRAMEWORKS if f != DEFAULT_FRAMEWORK])
def test_each_framework_meets_the_target(framework: str) -> None:
    found = [r for name in FILES for r in certain(runs(name)) if r.framework == framework]
    reached = summaries(found)[0]
    assert reached.median <= TARGET_MEDIAN + 0.02
    assert reached.p90 <= TARGET_P90


@pytest.mark.parametrize("name", FILES)
def test_nothing_that_ran_out_of_memory_is_said_to_fit(name: str) -> None:
    failed = [r for r in verdicts(runs(name)) if not r.ran]
    assert failed
    assert wrongly_fit(runs(name)) == []


@pytest.mark.parametrize("name", FILES)
def test_what_went_through_is_said_to_fit(name: str) -> None:
    ran = [r for r in verdicts(runs(name)) if r.ran]
    assert len(ran) > 40
    assert [r.id for r in ran if not r.fits] == []


@pytest.mark.parametrize("name", FILES)
def test_most_cases_are_compared(name: str) -> None:
    found = runs(name)
    assert len(left_out(name)) <= 2
    assert len(uncertain(found)) <= len(found) * 0.1
    assert all(r.row["source"] for r in found)


def test_a_case_counts_what_its_framework_prints() -> None:
    every: list[Run] = [r for name in FILES for r in runs(name)]
    assert all(r.row["counts"] == FRAMEWORKS[r.framework].measures for r in every)
    ids = [r.id for r in every]
    assert len(ids) == len(set(ids))


def test_further_cases_repeat_none_of_the_known() -> None:
    known = [r.row for r in runs(COLLECTED)]
    more = further_cases(known)
    assert further_cases([*known, *more]) == []


def test_the_report_tells_misses_verdicts_and_what_is_left_out() -> None:
    text = training_section()
    for title in ("# Training", "## Misses", "## Fits or does not fit", "## Left out"):
        assert title in text
    assert "Said to fit where memory ran out: none" in text
