"""The published accuracy as floors: a change may improve it, not spoil it."""

from __future__ import annotations

import pytest

from benchmarks.accuracy import (
    KINDS,
    POOL_FULL,
    POOL_INFERRED,
    TOKENS_FULL,
    WEIGHTS,
    Kind,
    Result,
    over_predicted,
    percentile,
    results,
    summary,
)
from benchmarks.accuracy_report import report
from benchmarks.case import load_cases
from benchmarks.verdicts import verdicts

# What was reached when this was written, with a little room: (median, p90).
FLOORS = {
    WEIGHTS.name: (0.001, 0.006),
    POOL_FULL.name: (0.002, 0.015),
    TOKENS_FULL.name: (0.002, 0.01),
    "activation peak, vLLM 0.17 and later": (0.004, 0.01),
    POOL_INFERRED.name: (0.03, 0.10),
    "Transformers totals": (0.03, 0.08),
}
TARGETS = [kind for kind in KINDS if kind.median is not None]


@pytest.fixture(scope="module")
def found() -> list[Result]:
    """Every comparison, once."""
    return results()


@pytest.mark.parametrize("kind", TARGETS, ids=lambda kind: kind.name)
def test_accuracy_does_not_fall(kind: Kind, found: list[Result]) -> None:
    reached = summary(kind, [r for r in found if r.kind is kind])
    assert reached is not None
    median, p90 = FLOORS[kind.name]
    assert reached.median <= median
    assert reached.p90 <= p90
    assert reached.reached


def test_every_target_is_held_by_a_floor_below_it() -> None:
    for kind in TARGETS:
        assert kind.median is not None
        assert kind.p90 is not None
        median, p90 = FLOORS[kind.name]
        assert median <= kind.median
        assert p90 <= kind.p90


def test_small_pools_are_never_over_predicted(found: list[Result]) -> None:
    assert over_predicted(found) == []


def test_runs_get_the_right_verdict() -> None:
    asked = [v for v in verdicts() if v.from_engine and v.theirs is not None and v.ours is not None]
    wrong = {v.case.id for v in asked if not v.agrees}
    assert len(asked) >= 13
    # Unified memory shared with the system, marked uncertain by its source.
    assert wrong <= {"B019"}


def test_most_cases_are_compared() -> None:
    cases = load_cases("serving_memory")
    left_out = [case for case in cases if case.left_out()]
    assert len(left_out) <= len(cases) * 0.2
    assert all(case.row["source"] for case in cases)


def test_every_case_is_in_one_shape() -> None:
    for name in ("serving_memory", "fits"):
        rows = [case.row for case in load_cases(name)]
        ids = [row["id"] for row in rows]
        assert len(ids) == len(set(ids))
        assert all({"checkpoint", "engine", "source", "uncertain"} <= row.keys() for row in rows)


def test_the_report_tells_misses_and_what_is_left_out() -> None:
    text = report()
    for title in ("## Result", "## Misses", "## Fits or does not fit", "## Left out"):
        assert title in text


def test_percentiles_lie_between_ranks() -> None:
    assert percentile([0.0, 1.0], 0.5) == 0.5
    assert percentile([3.0], 0.9) == 3.0
