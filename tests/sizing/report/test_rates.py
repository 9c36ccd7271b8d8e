"""Cost over requests a second: nodes never fall, borders meet, the plan stands on its own step."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.plan import Plan
from sizing.planner import make_plan
from sizing.report.markdown import render_markdown
from sizing.report.rates import RateCurve, rate_curve
from sizing.report.served import rate_table
from sizing.report.study import make_study
from sizing.request import Request, request_from
from sizing.stack_config import StackConfig
from tests.sizing.report.studies import DAY, study

CHAT = {"requestsPerSecond": 20, "promptTokens": 1000, "outputTokens": 250}


@cache
def asked() -> Request:
    config = {"model": "llama-3.1-8b", "precision": "bf16", "workload": CHAT}
    return request_from(StackConfig.from_mapping(config), nodes_alone=True)


@cache
def planned() -> Plan:
    return make_plan(asked())


def curve_of(
    rate: float, carried: float, units: int, nodes_a_copy: int = 1, copies_a_node: int = 1
) -> RateCurve:
    """The curve of nodes that are known to carry so much."""
    plan = planned()
    assert plan.workload.load
    assert plan.performance
    load = plan.workload.load.model_copy(update={"requests_per_second": rate})
    group = plan.node_groups[0].model_copy(
        update={"nodes_per_replica": nodes_a_copy, "replicas_per_node": copies_a_node}
    )
    seen = plan.performance.model_copy(update={"capacity_requests_per_second": carried})
    nodes = units * nodes_a_copy
    month = 1000.0 * nodes
    found = rate_curve(
        plan.model_copy(
            update={
                "workload": plan.workload.model_copy(update={"load": load}),
                "performance": seen,
                "node_groups": (group,),
                "nodes": nodes,
                "gpus_provisioned": 8 * nodes,
                "cost": plan.cost.model_copy(update={"nodes_usd_per_month": month}),
            }
        )
    )
    assert found
    return found


LOADS = st.tuples(
    st.floats(0.01, 2000), st.floats(1, 4), st.integers(1, 60), st.integers(1, 3), st.integers(1, 8)
)


@settings(deadline=None)
@given(LOADS)
def test_nodes_never_fall_as_the_rate_rises_and_no_rate_is_left_out(
    load: tuple[float, float, int, int, int],
) -> None:
    rate, more, units, spans, copies = load
    curve = curve_of(rate, round(rate * more, 3) or rate, units, spans, copies)
    for before, after in zip(curve.steps, curve.steps[1:], strict=False):
        assert before.nodes < after.nodes
        assert after.first == pytest.approx(before.last + curve.resolution)
        assert (before.usd_per_month or 0) < (after.usd_per_month or 0)
    (own,) = [s for s in curve.steps if s.first <= curve.asked <= s.last]
    assert (own.nodes, own.usd_per_month) == (units * spans, 1000.0 * units * spans)
    assert all(s.usd_per_month == 1000.0 * s.nodes for s in curve.steps)


@settings(deadline=None)
@given(LOADS)
def test_borders_are_exact_to_the_step_that_is_stated(
    load: tuple[float, float, int, int, int],
) -> None:
    rate, more, units, spans, copies = load
    carried = round(rate * more, 3) or rate
    curve = curve_of(rate, carried, units, spans, copies)
    for step in curve.steps:
        share = carried * step.nodes / (units * spans)
        tolerance = 1e-6 * share
        if step.nodes > units * spans:
            assert share - curve.resolution - tolerance <= step.last <= share + tolerance
        elif step.nodes < units * spans:
            assert step.last <= share + tolerance
            assert step.last < rate
    assert curve.resolution <= carried / units / 100


def test_a_step_ends_where_its_nodes_carry_no_more() -> None:
    curve = curve_of(20, 30, 2)
    assert [(s.first, s.last, s.nodes) for s in curve.steps[:3]] == [
        (0, 15, 1),
        (15.01, 30, 2),
        (30.01, 45, 3),
    ]


def test_fewer_copies_than_the_simulation_asked_for_do_not_serve_the_load() -> None:
    curve = curve_of(20, 40, 2)
    assert [(s.first, s.last, s.nodes) for s in curve.steps[:2]] == [(0, 19.99, 1), (20, 40, 2)]


def test_tokens_are_dearest_where_the_nodes_idle_most() -> None:
    curve = curve_of(20, 30, 2)
    for step in curve.steps[1:]:
        dear, cheap = (
            step.usd_per_million_output_tokens_at_first,
            step.usd_per_million_output_tokens_at_last,
        )
        assert dear
        assert cheap
        assert dear > cheap
        # USD 1,000 a node and month of 730 hours, 250 tokens an answer.
        tokens = step.last * 250 * 730 * 3600
        assert cheap == pytest.approx(1000 * step.nodes / tokens * 1e6, abs=1e-4)


def test_copies_that_were_asked_for_are_the_least() -> None:
    found = rate_curve(planned(), planned().replicas)
    assert found
    assert found.steps[0].first == 0
    assert found.steps[0].replicas >= planned().replicas


def test_without_a_load_there_is_no_such_curve() -> None:
    assert rate_curve(study().plan) is None
    assert study().rate is None


def test_a_report_tells_the_rates_where_the_next_node_is_needed() -> None:
    found = make_study(asked(), planned(), DAY)
    assert found.rate
    assert found.rate.asked == CHAT["requestsPerSecond"]
    table = rate_table(found.rate)
    assert len(table.rows) == len(found.rate.steps)
    assert [row.mark for row in table.rows].count("asked") == 1
    assert table.caption in render_markdown(found)
    seen = planned().performance
    assert seen
    own = next(s for s in found.rate.steps if s.nodes == planned().nodes)
    carried = seen.capacity_requests_per_second
    assert carried - found.rate.resolution <= own.last <= carried
