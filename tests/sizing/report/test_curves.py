"""Steps over a load: borders are found, and where nothing holds it the curve ends and says so."""

from __future__ import annotations

import pytest

from sizing.plan import Plan
from sizing.report.curves import curve
from tests.sizing.report.studies import study


def with_nodes(count: int) -> Plan:
    return study().plan.model_copy(update={"nodes": count})


@pytest.mark.parametrize(
    ("borders", "steps"),
    [
        ((100,), [(1, 1, 100)]),
        ((37, 100), [(1, 1, 37), (2, 38, 100)]),
        ((1, 100), [(1, 1, 1), (2, 2, 100)]),
        ((50, 51, 100), [(1, 1, 50), (2, 51, 51), (3, 52, 100)]),
    ],
)
def test_borders_are_found_exactly_on_a_small_range(
    borders: tuple[int, ...], steps: list[tuple[int, int, int]]
) -> None:
    def ask(load: int) -> Plan:
        return with_nodes(next(n for n, b in enumerate(borders, start=1) if load <= b))

    found = curve("concurrency", ask, 16, [1, 16, 50, 51, 100], "as drawn")
    assert [(s.nodes, s.first, s.last) for s in found.steps] == steps
    assert (found.resolution, found.ends) == (1, "as drawn")


def test_a_curve_ends_where_nothing_holds_the_load_and_says_why() -> None:
    def ask(load: int) -> Plan | str:
        return with_nodes(1) if load <= 60 else f"no plan for {load}"

    found = curve("context", ask, 16, [1, 16, 32, 64, 128], "never")
    assert [(s.first, s.last) for s in found.steps] == [(1, 60)]
    assert found.ends == "no plan for 61"


def test_the_number_of_questions_is_bounded() -> None:
    asked: list[int] = []

    def ask(load: int) -> Plan:
        asked.append(load)
        return with_nodes(load)

    curve("concurrency", ask, 1, list(range(1, 100_001, 10_000)), "")
    assert len(asked) < 400


def test_the_asked_load_is_on_the_plans_own_step() -> None:
    found = study()
    for over in (found.context, found.concurrency):
        (step,) = [s for s in over.steps if s.first <= over.asked <= s.last]
        assert (step.nodes, step.instance_type) == (2, "p5.48xlarge")
        assert step.usd_per_month == pytest.approx(found.plan.cost.usd_per_month)
    assert found.concurrency.steps[0].last == int(found.plan.max_concurrency)


def test_the_budget_cuts_nothing_off() -> None:
    found = study()
    assert found.budget_monthly_usd == 130_000
    assert max(s.usd_per_month or 0 for s in found.context.steps) > 130_000


def test_precisions_stand_beside_each_other_from_the_most_bits_on() -> None:
    rows = study().precisions
    assert [row.precision for row in rows] == ["bf16", "fp8", "int8", "int4", "nvfp4"]
    by_name = {row.precision: row.plan for row in rows}
    assert {name: plan.nodes for name, plan in by_name.items() if plan} == {
        "bf16": 2, "fp8": 1, "int8": 1, "int4": 1, "nvfp4": 1
    }  # fmt: skip


def test_a_precision_that_no_gpu_runs_says_so() -> None:
    (row,) = [r for r in study("small").precisions if r.precision == "fp16"]
    assert row.plan
    for row in study("bought in advance").precisions:
        assert (row.plan is None) == bool(row.reason)
