"""The bill: every line, the total, the budget, and what is said of a price that is not known."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.bill import bill
from sizing.catalog.service_prices import service_price, units
from sizing.errors import InputError, NoPlanError
from sizing.evidence import Evidence, weakest
from sizing.instance import Purchase
from sizing.inventory import read_inventory
from sizing.plan import Cost, CostLine, Plan
from sizing.planner import plan_for
from sizing.render import render_plan
from sizing.request import request_from
from sizing.search import search
from sizing.stack_config import StackConfig

ELSEWHERE = "eu-north-1"
PRIVATE = {
    "checkpoint": "s3://models/llama",
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm/vllm-openai:v0.33.0",
}


def plan(**values: Any) -> Plan:
    config = StackConfig.from_mapping({"model": "llama-3.1-405b", "precision": "bf16", **values})
    return plan_for(config)


def lines(found: Plan) -> dict[str, CostLine]:
    return {line.item: line for line in found.cost.lines}


def month(found: Plan, item: str) -> float | None:
    return lines(found)[item].usd_per_month


def is_sum(cost: Cost) -> bool:
    known = [x.usd_per_month for x in cost.lines if x.usd_per_month is not None]
    return cost.usd_per_month == pytest.approx(sum(known), abs=0.0051)  # it has cents


@pytest.mark.parametrize(
    ("item", "quantity", "unit", "usd"),
    [
        ("p5.48xlarge, on-demand, us-east-1", 2, "instance", 80_358.40),
        ("root volumes, gp3", 400, "GiB", 400 * 0.08),
        ("NAT gateway", 1, "gateway", 730 * 0.045),
        ("public IPv4 address", 1, "address", 730 * 0.005),
        ("weights through NAT", 1623.413555, "GB", 1623.413555 * 0.045),
        ("images through NAT", 20, "GB", 20 * 0.045),
        ("logs through NAT", 2, "GB", 2 * 0.045),
        ("load balancer", 1, "balancer", 730 * 0.0225),
        ("load balancer units", 79, "LCU-hour", 79 * 0.008),
        ("alarms", 3, "alarm", 3 * 0.10),
        ("secrets", 1, "secret", 0.40),
        ("logs written", 2, "GB", 2 * 0.50),
        ("logs kept", 2 * 30 / (365 / 12), "GB-month", 2 * 30 / (365 / 12) * 0.03),
    ],
)
def test_production_line_by_line(item: str, quantity: float, unit: str, usd: float) -> None:
    line = lines(prod())[item]
    assert line.quantity == pytest.approx(quantity)
    assert line.unit == unit
    assert line.usd_per_month == pytest.approx(usd, abs=1e-5)
    assert (line.price_as_of, line.price_source) != (None, None)


@cache
def prod() -> Plan:
    return plan()


def test_there_is_nothing_else_in_productions_bill() -> None:
    cost = prod().cost
    assert len(cost.lines) == 13
    assert (cost.unknown_lines, cost.usage_lines) == (0, 6)
    assert (cost.usd_per_hour, cost.usd_per_month) == (110.301, 80_519.76)
    assert cost.evidence is Evidence.ESTIMATED
    assert prod().evidence["price"] is Evidence.MEASURED
    assert "1 S3 gateway endpoint" in cost.free
    assert "3 SSM parameters" in cost.free


def test_usage_lines_say_what_they_assume_and_no_other_does() -> None:
    for line in prod().cost.lines:
        assert bool(line.assumption) is line.usage, line.item


SERVING: list[dict[str, Any]] = [{}, {"enabled": False}, PRIVATE]
STACKS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["llama-3.1-405b", "llama-3.1-8b", "mixtral-8x7b"]),
        "region": st.sampled_from(["us-east-1", ELSEWHERE, "us-west-2"]),
        "purchase": st.sampled_from(["on-demand", "spot", "capacity-block", "reserved"]),
        "hoursPerMonth": st.sampled_from([1, 50, 217.5, 730, 744]),
        "replicas": st.integers(1, 4),
        "serving": st.sampled_from(SERVING),
        "usage": st.fixed_dictionaries(
            {
                "requestsPerMonth": st.floats(0, 1e9),
                "logGbPerMonth": st.floats(0, 1e4),
                "nodeBootsPerMonth": st.floats(0, 1e3),
            }
        ),
    }
)


@settings(max_examples=60, deadline=None)
@given(STACKS)
def test_the_total_is_the_sum_of_the_known_lines(stack: dict[str, Any]) -> None:
    try:
        cost = plan_for(StackConfig.from_mapping({"precision": "auto", **stack})).cost
    except NoPlanError:
        return
    unknown = [line for line in cost.lines if line.usd_per_month is None]
    assert cost.unknown_lines == len(unknown)
    assert all(line.evidence is Evidence.UNKNOWN for line in unknown)
    assert not any((line.usd_per_month or 0.0) < 0 for line in cost.lines)
    if cost.lines[0] in unknown:
        assert (cost.usd_per_month, cost.evidence) == (None, Evidence.UNKNOWN)
        return
    assert is_sum(cost)
    known = [line.evidence for line in cost.lines if line not in unknown]
    assert cost.evidence is weakest(*known)


@pytest.mark.parametrize("serving", SERVING)
@pytest.mark.parametrize("region", ["us-east-1", ELSEWHERE])
def test_more_nodes_never_cost_less(serving: dict[str, Any], region: str) -> None:
    costs = [plan(replicas=n, serving=serving, region=region).cost for n in (1, 2, 3)]
    assert [c.lines[0].quantity for c in costs] == [2, 4, 6]
    for fewer, more in pairwise(costs):
        assert (more.usd_per_month or 0) > (fewer.usd_per_month or 0)
        for a, b in zip(fewer.lines, more.lines, strict=True):
            assert (b.usd_per_month or 0) >= (a.usd_per_month or 0)


def test_an_unknown_price_is_listed_counted_and_never_a_figure() -> None:
    found = plan(region=ELSEWHERE)
    cost = found.cost
    assert cost.unknown_lines == len(cost.lines) - 1 == 12
    assert cost.usd_per_month == pytest.approx(cost.nodes_usd_per_month, abs=0.005)
    page = render_plan(found)
    assert "all in: at least $117.79 an hour" in page
    assert "12 items have no known price in eu-north-1" in page
    assert "$0.00" not in page


def test_nodes_without_a_price_leave_no_total_that_would_mislead() -> None:
    cost = plan(purchase="reserved").cost
    assert (cost.usd_per_hour, cost.usd_per_month) == (None, None)
    assert cost.evidence is Evidence.UNKNOWN
    assert cost.lines[1].usd_per_month is not None


def test_what_is_billed_by_the_month_counts_for_the_hours_that_the_stack_exists() -> None:
    whole, part = plan(), plan(hoursPerMonth=73)
    for item in ("root volumes, gp3", "alarms", "secrets", "NAT gateway", "load balancer"):
        assert month(part, item) == pytest.approx((month(whole, item) or 0) / 10, rel=1e-4)
        assert lines(part)[item].usd_per_hour == lines(whole)[item].usd_per_hour
    # What flows is of a month, however long the stack exists.
    assert month(part, "weights through NAT") == pytest.approx(month(whole, "weights through NAT"))
    assert any("73 of 730 hours" in note for note in part.cost.notes)


@pytest.mark.parametrize(
    ("values", "there", "gone"),
    [
        ({"serving": {"enabled": False}}, "NAT gateway", "load balancer"),
        ({"serving": PRIVATE}, "interface endpoints", "NAT gateway"),
        ({"serving": PRIVATE}, "logs through an endpoint", "weights through NAT"),
        ({"serving": PRIVATE, "network": {"egress": "nat"}}, "NAT gateway", "weights through NAT"),
        ({"usage": {"nodeBootsPerMonth": 0}}, "NAT gateway", "weights through NAT"),
        (
            {"network": {"vpcId": "vpc-1", "subnetIds": ["subnet-1"]}},
            "load balancer",
            "NAT gateway",
        ),
    ],
)
def test_what_is_not_made_is_not_billed(values: dict[str, Any], there: str, gone: str) -> None:
    items = lines(plan(**values))
    assert there in items
    assert gone not in items


def test_weights_made_smaller_while_loading_are_downloaded_whole() -> None:
    found = plan(model="mistralai/Mistral-7B-v0.1", precision="fp8", gpu="L40S")
    assert found.checkpoint is not None
    assert found.checkpoint.quantization == "fp8_per_channel"
    downloaded = lines(found)["weights through NAT"].quantity / found.nodes
    assert downloaded == pytest.approx(14.48, rel=1e-3)
    assert found.weights_bytes / 1e9 == pytest.approx(7.51, rel=1e-3)


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        ({"requestsPerMonth": 1e6, "promptTokens": 0, "answerTokens": 0}, 1e6 / 90_000),
        ({"requestsPerMonth": 1e6, "promptTokens": 250, "answerTokens": 0}, 1e6 / 90_000),
        ({"requestsPerMonth": 1e6, "promptTokens": 2500, "answerTokens": 0}, 1e6 / 90_000),
        ({"requestsPerMonth": 1e6, "promptTokens": 25_000, "answerTokens": 0}, 100.0),
    ],
)
def test_a_balancer_unit_is_the_larger_of_bytes_and_connections(
    usage: dict[str, float], units: float
) -> None:
    assert lines(plan(usage=usage))["load balancer units"].quantity == pytest.approx(units)


def test_nodes_of_ones_own_come_with_nothing_else() -> None:
    own = read_inventory(Path(__file__).parents[2] / "docs" / "nodes.yaml")
    config = StackConfig.from_mapping({"model": "llama-3.1-405b", "precision": "bf16"})
    request = request_from(config, inventory=own)
    mine = [c for c in search(request).ranked if c.lot.offer.purchase is Purchase.OWNED]
    assert mine
    for candidate in mine:
        cost = bill(request, candidate)
        assert len(cost.lines) == 1
        assert cost.usd_per_month == pytest.approx(candidate.usd_per_month, abs=0.005)
        assert (cost.free, cost.notes) == ((), ())


def test_every_item_has_a_price_where_the_catalogue_claims_one_and_says_whence() -> None:
    for item in units():
        price = service_price(item, "us-east-1")
        assert price.usd
        assert price.usd > 0
        assert (price.as_of, price.evidence) == ("2026-11", Evidence.ESTIMATED)
        assert service_price(item, "mars-north-1").usd is None
    with pytest.raises(KeyError):
        service_price("rocket", "us-east-1")


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"monthlyUsd": 80_519.75}, "$0.01 over budget.monthlyUsd $80,519.75"),
        ({"monthlyUsd": 80_400}, "$119.76 over budget.monthlyUsd"),
        ({"monthlyUsd": 1}, "$80,518.76 over budget.monthlyUsd"),
    ],
)
def test_a_budget_holds_everything(budget: dict[str, float], said: str) -> None:
    with pytest.raises(NoPlanError) as caught:
        plan(budget=budget)
    assert said in caught.value.message
    assert "over budget" in caught.value.message


def test_over_budget_names_what_would_fit_with_its_whole_price() -> None:
    with pytest.raises(NoPlanError) as caught:
        plan(budget={"monthlyUsd": 80_000})
    line = caught.value.line
    assert "\n" not in line
    assert "or with precision fp8: 1 x p5.48xlarge, on-demand, us-east-1, $40,26" in line
    assert "or with purchase capacity-block: 2 x p5.48xlarge" in line


@pytest.mark.parametrize(
    ("budget", "warns"),
    [
        ({"monthlyUsd": 80_520}, True),
        ({"monthlyUsd": 100_000}, True),
        ({"monthlyUsd": 101_000}, False),
        ({"monthlyUsd": 100_000, "warnAt": 0.9}, False),
        ({"monthlyUsd": 1_000_000, "warnAt": 0.05}, True),
    ],
)
def test_near_the_budget_it_is_said(budget: dict[str, float], warns: bool) -> None:
    found = plan(budget=budget)
    assert any("budget.warnAt" in w for w in found.warnings) is warns


def test_a_budget_where_prices_are_unknown_says_what_is_missing() -> None:
    found = plan(region=ELSEWHERE, budget={"monthlyUsd": 1_000_000})
    assert any("without 12 items of unknown price" in w for w in found.warnings)
    with pytest.raises(NoPlanError, match="without 12 items of unknown price"):
        plan(region=ELSEWHERE, budget={"monthlyUsd": 80_000})


def test_a_preference_gives_way_to_the_budget() -> None:
    roomy = plan(model="llama-3.1-8b", prefer="headroom")
    limit = (roomy.cost.usd_per_month or 0) - 1
    tighter = plan(model="llama-3.1-8b", prefer="headroom", budget={"monthlyUsd": limit})
    assert (tighter.cost.usd_per_month or 0) <= limit


def test_a_share_of_no_budget_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        plan(budget={"warnAt": 0.5})
    assert caught.value.key == "budget.monthlyUsd"
