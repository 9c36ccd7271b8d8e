"""The page a person reads before paying: answer first, nothing wider than 100 columns."""

from __future__ import annotations

import pytest

from sizing.catalog.instances import regions
from sizing.plan import Finding, Plan
from sizing.planner import make_plan, plan_for
from sizing.render import render_plan
from sizing.render.text import bar, table
from sizing.request import parse_purchases, request_from
from sizing.stack_config import StackConfig


def plan(**values: object) -> Plan:
    return plan_for(StackConfig.from_mapping({"model": "llama-3.1-405b", **values}))


PLANS = [
    {"precision": "bf16"},
    {"precision": "int4"},
    {"precision": "bf16", "method": "rule-of-thumb"},
    {"precision": "int8", "purchase": "spot", "region": "us-east-2"},
    {"precision": "bf16", "purchase": "reserved"},
    {"model": "llama-3.1-8b", "gpu": "any"},
    {
        "model": "deepseek-r1-distill-llama-8b",
        "precision": "fp8-block",
        "gpu": "any",
        "purchase": "capacity-block",
        "workload": {"concurrency": 900},
    },
    {"model": "llama-3.1-8b", "gpu": "any", "hoursPerMonth": 100, "prefer": "nodes"},
    {"model": "deepseek-v3", "gpu": "any", "precision": "fp8,int4,bf16"},
    {"model": "llama-3.1-405b", "precision": "bf16", "purchase": "capacity-block"},
]


@pytest.mark.parametrize("values", PLANS)
def test_nothing_is_wider_than_100_columns(values: dict[str, object]) -> None:
    page = render_plan(plan(**values))
    assert max(len(line) for line in page.splitlines()) <= 100
    assert not any(line != line.rstrip() for line in page.splitlines())
    assert "\x1b" not in page


def test_the_first_line_is_the_answer() -> None:
    first = render_plan(plan(precision="bf16"), stack="prod").splitlines()[0]
    for part in ("prod", "2 x p5.48xlarge", "16 H100", "$110.08", "$80,358.40"):
        assert part in first


def test_both_counts_are_always_said() -> None:
    page = render_plan(plan(precision="bf16"))
    assert "13 H100" in page
    assert "16 H100 = 2 x p5.48xlarge" in page
    assert "2026-07-20" in page


def test_a_change_is_said_with_its_price() -> None:
    page = render_plan(plan(precision="int8"), plan(precision="bf16"))
    assert "2 nodes -> 1, $80,358 -> $40,179 a month (-50%)" in page.splitlines()[2]


def test_an_unknown_cost_is_never_a_figure() -> None:
    page = render_plan(plan(precision="bf16", purchase="reserved"))
    first, second = page.splitlines()[:2]
    assert "cost unknown" in first
    assert "$" not in first + second
    assert "$0.00" not in page
    total = next(line for line in page.splitlines() if line.lstrip().startswith("Known"))
    assert total.split()[1:3] == ["unknown", "unknown"]


def test_bars_stay_in_their_width() -> None:
    assert len(bar(1.0, 30)) == 30
    assert bar(-1.0) == ""
    assert len(bar(9.0, 30)) == 30


def test_wide_tables_give_way_in_the_first_column() -> None:
    lines = table(("a", "b"), [("x" * 200, "1")], ("<", ">"), 40)
    assert max(map(len, lines)) <= 40
    assert "…" in lines[1]


def test_wide_searches_stay_in_their_width() -> None:
    config = StackConfig.from_mapping({"model": "llama-3.1-405b", "precision": "bf16,fp8,int4"})
    asked = request_from(config, regions=regions(), purchases=parse_purchases("any"))
    page = render_plan(make_plan(asked))
    assert max(len(line) for line in page.splitlines()) <= 100
    assert "eu-north-1" in page
    assert "…" not in page


def test_other_gpus_and_ways_to_buy_are_shown_with_prices() -> None:
    page = render_plan(plan(precision="bf16"))
    assert "On other GPUs, which were not asked for" in page
    assert "p4de.24xlarge" in page
    assert "$33.90 to $110.08" in page
    assert "capacity-block" in page


def test_reasons_are_grouped_and_the_nearest_miss_comes_first() -> None:
    lines = render_plan(plan(precision="bf16", gpu="any")).splitlines()
    start = next(i for i, line in enumerate(lines) if "Too little memory" in line)
    assert "g7e.48xlarge" in lines[start]
    assert sum("Too little memory" in line for line in lines) == 1


def test_a_reservation_says_from_when_it_pays_off() -> None:
    page = render_plan(plan(model="llama-3.1-8b", gpu="L40S", hoursPerMonth=217))
    assert "above 460 h a month" in page


def test_the_quota_says_that_it_was_not_checked() -> None:
    page = " ".join(render_plan(plan(precision="bf16")).split())
    assert "384 vCPUs of Running On-Demand P instances (L-417A185B) in us-east-1" in page
    assert "not checked" in page


def test_what_an_account_said_is_shown() -> None:
    found = plan(precision="bf16")
    no = Finding(what="quota", verdict="no", detail="96 vCPUs, 384 needed")
    assert found.quota is not None
    quota = found.quota.model_copy(update={"checked": True})
    page = render_plan(found.model_copy(update={"account": (no,), "quota": quota}))
    assert "quota: NO, 96 vCPUs, 384 needed" in page
    assert "not checked" not in page
