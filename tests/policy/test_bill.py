"""What a stack costs, and when that is over its budget."""

from __future__ import annotations

from typing import Any

import pytest

from policy.bill import Bill, Claim, Line, bill_of
from policy.budget import Budget
from policy.cost_lines import cost_lines
from policy.environments import setting
from policy.forecast import planned
from policy.machines import machines
from policy.resources import CLUSTER, SPOT_REQUEST
from policy.values import UNKNOWN
from sizing.catalog.prices import offer
from sizing.instance import Purchase
from tests.policy.things import cluster, instance, machine, node, resource, template

H100 = "p5.48xlarge"
PRICE = offer(H100, "us-east-1", Purchase.ON_DEMAND).usd_per_hour or 0.0
P5 = template(instanceType=H100)


def test_a_node_is_priced_by_its_launch_template() -> None:
    bill = bill_of([P5, node(launched_from=P5), node(launched_from=P5)])
    (line,) = bill.lines
    assert (line.machine, line.count) == (machine(H100), 2)
    assert bill.usd_per_month == pytest.approx(2 * PRICE * 730)


@pytest.mark.parametrize(
    ("market", "purchase"),
    [
        ({}, Purchase.ON_DEMAND),
        ({"marketType": "spot"}, Purchase.SPOT),
        ({"marketType": "capacity-block"}, Purchase.CAPACITY_BLOCK),
        (UNKNOWN, Purchase.ON_DEMAND),
    ],
)
def test_the_market_says_how_it_is_bought(market: object, purchase: Purchase) -> None:
    made = template(instanceType=H100, instanceMarketOptions=market)
    (found,) = machines([node(launched_from=made)])
    assert found.purchase is purchase


def test_a_spot_request_and_a_spot_instance_are_spot() -> None:
    things = [resource(SPOT_REQUEST, instanceType=H100), instance(instanceLifecycle="spot")]
    assert {found.purchase for found in machines(things)} == {Purchase.SPOT}


def test_reserved_prices_are_taken_where_the_plan_says_so() -> None:
    (found,) = machines([node(of=cluster(1.0, purchase="reserved"), launched_from=P5)])
    assert found.purchase is Purchase.RESERVED


def test_the_hours_are_the_plans() -> None:
    made = cluster(None, cost={"hours_per_month": 100.0})
    in_it, alone = node(of=made, launched_from=P5), node(launched_from=P5)
    assert bill_of([made, in_it]).usd_per_month == pytest.approx(100 * PRICE)
    assert bill_of([made, in_it, alone]).usd_per_month == pytest.approx(830 * PRICE)
    assert bill_of([made, in_it], hours=730).usd_per_month == pytest.approx(730 * PRICE)


@pytest.mark.parametrize(("claim", "total"), [(None, 1.0), (0.5, 1.0), (1.5, 1.5)])
def test_a_cluster_costs_what_its_plan_or_its_machines_do(
    claim: float | None, total: float
) -> None:
    month = PRICE * 730
    made = cluster(None if claim is None else claim * month)
    bill = bill_of([made, node(of=made, launched_from=P5), node(launched_from=P5)])
    assert bill.usd_per_month == pytest.approx((total + 1) * month)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (Line(machine("p9.large"), 2, None, 730), "2 x p9.large, on-demand, us-east-1"),
        (Line(machine(None), 1, None, 730), "1 x an unknown type, on-demand, us-east-1"),
        (Line(machine(H100, None), 1, None, 730), "on-demand, an unknown region"),
    ],
)
def test_what_has_no_price_is_said_and_never_zero(line: Line, said: str) -> None:
    bill = Bill("prod", (line,))
    assert said in bill.unpriced[0]
    shown = cost_lines(bill) or ""
    assert f"{said}: price unknown" in shown
    assert "not in the total, no price is known" in shown
    assert "total: unknown" in shown
    assert "$0.00" not in shown


def test_an_unknown_type_has_no_price() -> None:
    assert bill_of([instance(instanceType=UNKNOWN)]).unpriced
    assert bill_of([instance(instanceType="m7i.large")]).unpriced


def test_what_launches_machines_unseen_is_named() -> None:
    bill = bill_of([resource("aws:autoscaling/group:Group", "workers")])
    assert bill.unpriced == ("an auto scaling group (workers)",)


def test_a_stack_without_machines_has_no_cost_lines() -> None:
    assert cost_lines(bill_of([])) is None
    assert cost_lines(bill_of([template(instanceType=H100)])) is None


def test_the_lines_say_price_date_and_source() -> None:
    shown = (cost_lines(bill_of([node(launched_from=P5)]), limit=100000) or "").splitlines()
    assert shown == [
        "1 x p5.48xlarge, on-demand, us-east-1: $55.04 an hour, $40,179.20 a month of 730 h; "
        "price of 2026-07-20, aws/karpenter-provider-aws",
        "total: $40,179.20 a month; the budget of prod is $100,000.00",
    ]


def test_the_lines_say_what_a_plan_counts_beside_machines() -> None:
    made = cluster(50000.0)
    shown = cost_lines(bill_of([made, node(of=made, launched_from=P5)])) or ""
    assert "the plan of llm: $50,000.00 a month in all" in shown
    assert "total: $50,000.00" in shown


def spends(usd: float, environment: str = "prod", *unpriced: str) -> Bill:
    """A bill of that much."""
    return Bill(environment, (), (Claim("llm", "urn", usd),), unpriced)


def test_over_the_budget() -> None:
    budget = Budget({"prod": 100.0, "*": 10.0})
    assert budget.violation(spends(100)) is None
    assert budget.violation(spends(101)) == (
        "prod would cost $101.00 a month, $1.00 over its budget of $100.00 (budget.monthlyUsd)"
    )
    assert budget.violation(spends(11, "qa"))
    assert Budget({}).violation(spends(1e9)) is None
    assert Budget({"dev": 1.0}).violation(spends(1e9)) is None
    assert Budget({"prod": 0.0}).violation(spends(0.01))


def test_an_unknown_price_fits_no_budget() -> None:
    bill = spends(1, "prod", "a fleet (x)")
    assert "no price is known for a fleet (x)" in (Budget({"prod": 9.0}).violation(bill) or "")
    assert Budget({"prod": 9.0}, unpriced_passes=True).violation(bill) is None
    assert Budget({}).violation(bill) is None


@pytest.mark.parametrize(
    ("usd", "warned"), [(79, False), (80, True), (100, True), (101, False), (0, False)]
)
def test_a_budget_that_is_nearly_used_up(usd: float, warned: bool) -> None:
    assert bool(Budget({"prod": 100.0}).warning(spends(usd), 0.8)) is warned


def test_a_budget_from_its_configuration() -> None:
    said = {"monthlyUsd": {"dev": 5.0}, "hoursPerMonth": 0.0, "allowUnknownPrice": True}
    assert Budget.from_config(said) == Budget({"dev": 5.0}, None, True)
    assert Budget.from_config({}) == Budget({})


def test_the_nearest_setting_holds() -> None:
    rules = {"prod": 1, "prod-*": 2, "prod-eu*": 3, "*": 4}
    assert [setting(rules, n) for n in ("prod", "prod-us", "prod-eu-1", "qa")] == [1, 2, 3, 4]
    assert setting({"prod": 1}, "qa") is None


def test_a_clusters_cost_is_known_before_it_is_made() -> None:
    plan = planned(resource(CLUSTER, model="llama-3.1-405b", precision="bf16"))
    assert plan is not None
    nodes, all_in = plan.cost.nodes_usd_per_month, plan.cost.usd_per_month
    assert nodes == pytest.approx(2 * PRICE * 730)
    # Volumes, network and endpoint come on top.
    assert nodes is not None
    assert all_in is not None
    assert all_in > nodes


@pytest.mark.parametrize(
    "props",
    [
        {"model": UNKNOWN},
        {"model": "llama-3.1-405b", "workload": {"context": UNKNOWN}},
        {"model": "llama-3.1-405b", "tags": {"a": UNKNOWN}},
        {"model": "no-such-model"},
        {"model": "llama-3.1-405b", "budget": {"monthlyUsd": 1}},
        {},
    ],
)
def test_without_a_plan_nothing_is_forecast(props: dict[str, Any]) -> None:
    assert planned(resource(CLUSTER, **props)) is None


def test_only_a_cluster_is_forecast() -> None:
    assert planned(P5) is None
