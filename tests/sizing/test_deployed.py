"""The change against what is deployed: what is said, and what outputs of another version do."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from sizing.deployed import NOTHING, SILENT, Deployed, deployed, deployed_as
from sizing.plan import Plan
from sizing.planner import plan_for
from sizing.render import render_plan
from sizing.render.change import change_line, change_section
from sizing.stack_config import StackConfig


@cache
def plan(precision: str = "bf16", **values: Any) -> Plan:
    config = {"model": "llama-3.1-405b", "precision": precision, **values}
    return plan_for(StackConfig.from_mapping(config))


def outputs(found: Plan) -> dict[str, Any]:
    """A plan among a stack's outputs: Pulumi drops nulls, and every number is a float."""
    text = json.dumps(found.model_dump(mode="json", exclude_none=True))
    return {"plan": json.loads(text, parse_int=float), "nodes": []}


def test_a_plan_is_found_again_in_its_outputs() -> None:
    assert deployed(outputs(plan())) == deployed_as(plan())
    said = change_line(plan(), deployed(outputs(plan())))
    assert said == "change: none, 2 nodes, $80,519.76 a month all in"
    assert change_section(plan(), deployed(outputs(plan())), 100) == []


def test_the_issues_own_sentence() -> None:
    said = change_line(plan("fp8"), deployed_as(plan()))
    assert said.startswith("change: 2 nodes -> 1, $80,358 -> $40,179 a month (-50%); all in ")
    assert len(said) <= 100


def test_every_kind_of_change_has_its_sign_and_its_difference() -> None:
    private = {
        "checkpoint": "s3://models/llama",
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm/vllm-openai:v0.33.0",
    }
    config = StackConfig.from_mapping(
        {"model": "llama-3.1-405b", "precision": "fp8", "serving": private}
    )
    lines = change_section(plan_for(config), deployed_as(plan()), 100)
    signs = {line.split()[1]: line.split()[0] for line in lines[2:] if line[2:3] in "+~-"}
    assert signs["NAT"] == "-"
    assert signs["interface"] == "+"
    assert signs["p5.48xlarge,"] == "~"
    total = next(line for line in lines if line.lstrip().startswith("="))
    before, after = plan().cost.usd_per_month or 0, plan_for(config).cost.usd_per_month or 0
    assert f"-${before - after:,.2f}" in total
    assert max(map(len, lines)) <= 100


def test_other_nodes_are_named() -> None:
    said = change_line(plan("int4", gpu="L40S"), deployed_as(plan()))
    assert "(p5.48xlarge -> g6e.48xlarge)" in said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, NOTHING),
        ({"nodes": []}, SILENT),
        ({"plan": None}, SILENT),
        ({"plan": "a text"}, SILENT),
        ({"plan": {"nodes": "two", "cost": {"lines": [{"item": "x"}]}}}, SILENT),
        ({"plan": {"nodes": 2, "cost": {}}}, SILENT),
        ({"plan": {"nodes": 2, "cost": {"lines": [{"price": 3}]}}}, SILENT),
        ({"plan": {"nodes": 2, "cost": {"lines": 5}}}, SILENT),
    ],
)
def test_what_cannot_be_compared_is_said_and_stops_nothing(
    found: dict[str, Any], said: str
) -> None:
    before = deployed(found)
    assert before.problem == said
    page = render_plan(plan(), before)
    assert f"change: {said}" in page.splitlines()
    assert "Change against" not in page


def test_the_first_version_counted_the_nodes_alone() -> None:
    line = {"item": "p5.48xlarge, on-demand, us-east-1", "quantity": 2.0, "usd_per_month": 80358.4}
    cost = {"usd_per_hour": 110.08, "usd_per_month": 80358.4, "lines": [line]}
    before = deployed({"plan": {"nodes": 2.0, "instance_type": "p5.48xlarge", "cost": cost}})
    said = change_line(plan("fp8"), before)
    assert "2 nodes -> 1, $80,358 -> $40,179 a month (-50%); what else is deployed was not" in said
    assert change_section(plan("fp8"), before, 100) == []


def test_a_newer_version_may_say_more() -> None:
    more = outputs(plan())
    more["plan"]["colour"] = "green"
    more["plan"]["cost"]["lines"][0]["discount"] = 3
    assert deployed(more) == deployed_as(plan())


def test_an_unknown_price_on_either_side_is_no_difference_in_figures() -> None:
    elsewhere, here = plan(region="eu-north-1"), plan()
    rows = change_section(here, deployed_as(elsewhere), 100)
    row = next(line for line in rows if "NAT gateway" in line)
    assert row.split() == ["~", "NAT", "gateway", "1", "unknown", "$32.85", "unknown"]
    reserved = plan(purchase="reserved")
    assert "unknown -> $80,358" in change_line(here, deployed_as(reserved))


def test_without_a_previous_plan_nothing_is_said() -> None:
    assert "change:" not in render_plan(plan())
    assert "change:" in render_plan(plan(), Deployed(problem=NOTHING))


@cache
def training(purpose: str = "full", context: int = 4096, **run: Any) -> Plan:
    load = {"purpose": purpose, "context": context, "training": run}
    return plan_for(StackConfig.from_mapping({"model": "llama-3.1-70b", "workload": load}))


@cache
def serving() -> Plan:
    return plan_for(StackConfig.from_mapping({"model": "llama-3.1-70b", "precision": "bf16"}))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (training(), training(optimizer="adamw8bit"), "adamw -> adamw8bit: 2 nodes -> 1, $80,358"),
        (training(), training("lora"), "full fine-tuning -> LoRA: 2 nodes -> 1, $80,358"),
        (serving(), training(), "serving -> full fine-tuning: 1 node -> 2, $40,179"),
        (training("lora"), serving(), "LoRA -> serving: 1 node as before, $40,179"),
        (training(), training(context=2048), "sequence length 4,096 -> 2,048: 2 nodes as before, "),
        (
            training(),
            training(checkpointing="full", offload="optimizer"),
            "checkpointing none -> full; offload none -> optimizer: 2 nodes -> 1",
        ),
        (training(), training(tokens=1e6), "none, 2 nodes, "),
    ],
)
def test_what_changes_of_a_run_comes_before_its_cost(before: Plan, after: Plan, said: str) -> None:
    line = change_line(after, deployed(outputs(before)))
    assert line.startswith(f"change: {said}")
    assert line.count("$") <= 4


def test_a_run_that_another_version_deployed_is_read_leniently() -> None:
    found = outputs(training())
    found["plan"]["training"] = {"method": "full", "unknown": 1}
    assert "adamw" in change_line(training(), deployed(found))
    del found["plan"]["training"]
    assert "serving -> full fine-tuning" in change_line(training(), deployed(found))
