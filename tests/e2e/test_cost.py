"""The bill against what is really there: every line has a resource that boto3 reports.

One stack is refused over its budget, deployed, counted, and shrunk from bf16 to fp8.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.lifecycle import Sandbox
from tests.e2e.stack import Stack, instances

pytestmark = pytest.mark.engine
CONFIG: dict[str, Any] = {"model": "meta-llama/Llama-3.1-405B-Instruct", "precision": "bf16"}


@pytest.fixture(scope="module")
def stack(box: Sandbox, empty_project: Path) -> Iterator[Stack]:
    made = Stack(box, empty_project, "bill").init(**CONFIG)
    made.secret("huggingFaceToken", "hf_dummy")
    yield made
    made.run("destroy")


def configure(stack: Stack, **config: Any) -> None:
    """The configuration anew; the token stands in the same file."""
    stack.configure(**{**CONFIG, **config})
    stack.secret("huggingFaceToken", "hf_dummy")


def volumes_gib(box: Sandbox) -> float:
    found = box.client("ec2").describe_volumes()["Volumes"]
    return sum(volume["Size"] for volume in found if volume["State"] == "in-use")


def nat_gateways(box: Sandbox) -> float:
    state = [{"Name": "state", "Values": ["available"]}]
    return len(box.client("ec2").describe_nat_gateways(Filter=state)["NatGateways"])


def targets(box: Sandbox) -> float:
    return len(box.client("elbv2").describe_load_balancers()["LoadBalancers"])


# What boto3 counts for each line that exists as a resource; usage flows through the last ones.
COUNTED: dict[str, Callable[[Sandbox], float]] = {
    "p5.48xlarge, on-demand, us-east-1": lambda box: len(instances(box)),
    "root volumes, gp3": volumes_gib,
    "NAT gateway": nat_gateways,
    "public IPv4 address": lambda box: len(box.client("ec2").describe_addresses()["Addresses"]),
    "load balancer": targets,
    "alarms": lambda box: len(box.client("cloudwatch").describe_alarms()["MetricAlarms"]),
    "secrets": lambda box: len(box.client("secretsmanager").list_secrets()["SecretList"]),
}
FLOWS_THROUGH: dict[str, Callable[[Sandbox], float]] = {
    "weights through NAT": nat_gateways,
    "images through NAT": nat_gateways,
    "logs through NAT": nat_gateways,
    "load balancer units": targets,
    "logs written": lambda box: len(box.client("logs").describe_log_groups()["logGroups"]),
    "logs kept": lambda box: len(box.client("logs").describe_log_groups()["logGroups"]),
}


def test_1_over_budget_nothing_is_created(stack: Stack) -> None:
    configure(stack, budget={"monthlyUsd": 80_000})
    for command in ("preview", "up"):
        said = stack.refused(command)
        assert "$80,519.76 a month all in, $519.76 over budget.monthlyUsd $80,000.00" in said
        assert "or with precision fp8: 1 x p5.48xlarge, on-demand, us-east-1, $40,268.84" in said
    assert stack.box.requests("CreateVpc") == []


def test_2_a_first_deploy_says_so(stack: Stack) -> None:
    configure(stack, budget={"monthlyUsd": 81_000})
    shown = stack.ok("preview")
    assert "change: nothing is deployed yet" in shown
    assert "all in: $110.30 an hour, $80,519.76 a month" in shown
    assert "warning: $80,519.76 a month all in is 99% of budget.monthlyUsd" in shown
    assert "\x1b" not in shown
    configure(stack)
    stack.ok("up")


def test_3_every_line_is_a_resource_that_is_there(stack: Stack) -> None:
    lines = stack.outputs()["costBreakdown"]
    assert {line["item"] for line in lines} == COUNTED.keys() | FLOWS_THROUGH.keys()
    for line in lines:
        if line["usage"]:
            assert FLOWS_THROUGH[line["item"]](stack.box) == 1, line
            assert line["assumption"]
        else:
            assert COUNTED[line["item"]](stack.box) == line["quantity"], line


def test_4_the_outputs_agree_with_the_lines(stack: Stack) -> None:
    found = stack.outputs()
    for key, field in (("hourlyCostUsd", "usd_per_hour"), ("monthlyCostUsd", "usd_per_month")):
        assert found[key] == pytest.approx(sum(x[field] for x in found["costBreakdown"]))
    assert found["plan"]["cost"]["lines"] == found["costBreakdown"]


def test_5_the_comparison_is_no_resource_and_no_change(stack: Stack) -> None:
    again = stack.ok("up", "--expect-no-changes")
    assert "change: none, 2 nodes, $80,519.76 a month all in" in again
    kinds = {r["type"] for r in json.loads(stack.state())["deployment"]["resources"]}
    assert "pulumi:pulumi:StackReference" not in kinds


def test_6_fp8_shows_what_it_saves(stack: Stack) -> None:
    configure(stack, precision="fp8")
    shown = stack.ok("preview")
    assert (
        "change: 2 nodes -> 1, $80,358 -> $40,179 a month (-50%); all in $80,520 -> $40,269 (-50%)"
        in shown
    )
    rows = [line.split() for line in shown.splitlines()]
    assert [
        "~",
        "root",
        "volumes,",
        "gp3",
        "400",
        "->",
        "200",
        "$32.00",
        "$16.00",
        "-$16.00",
    ] in rows
    stack.ok("up")
    assert len(instances(stack.box)) == 1
    test_3_every_line_is_a_resource_that_is_there(stack)
