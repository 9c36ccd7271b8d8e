"""A training stack makes nodes alone, says what a change saves, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.lifecycle import Sandbox
from tests.e2e.stack import Stack, instance_ids, leftovers

pytestmark = pytest.mark.engine
RUN = {"purpose": "full", "training": {"tokens": 1e9}}
FULL = {"model": "llama-3.1-70b", "workload": RUN}
LOAD = {
    "model": "Qwen/Qwen3-8B",
    "workload": {
        "requestsPerSecond": 20,
        "promptTokens": 1000,
        "outputTokens": 250,
        "targets": {"ttftMs": 500, "tpotMs": 20},
    },
}


@pytest.fixture(scope="module")
def stack(box: Sandbox, empty_project: Path) -> Iterator[Stack]:
    made = Stack(box, empty_project, "train").init(**FULL)
    yield made
    made.run("destroy")


def test_1_a_run_gets_its_nodes_and_no_endpoint(stack: Stack) -> None:
    shown = stack.ok("up")
    assert "1 billion tokens: about" in shown
    assert len(instance_ids(stack.box)) == 2
    elb = stack.box.client("elbv2")
    assert elb.describe_load_balancers()["LoadBalancers"] == []
    assert elb.describe_target_groups()["TargetGroups"] == []
    outputs = stack.outputs()
    assert not outputs.get("endpointUrl")
    assert outputs["plan"]["training"]["optimizer"] == "adamw"


def test_2_a_smaller_optimiser_says_what_it_saves(stack: Stack) -> None:
    smaller = {**RUN, "training": {"tokens": 1e9, "optimizer": "adamw8bit"}}
    stack.configure(**{**FULL, "workload": smaller})
    shown = stack.ok("preview")
    assert "2 nodes -> 1" in " ".join(shown.split())
    assert len(instance_ids(stack.box)) == 2


def test_3_a_run_that_no_framework_does_is_refused_by_its_key(stack: Stack) -> None:
    wrong = {"purpose": "qlora", "training": {"sharding": "zero3", "offload": "all"}}
    stack.configure(**{**FULL, "workload": wrong})
    assert "workload.training.offload" in stack.refused()


def test_4_nothing_is_left(stack: Stack) -> None:
    stack.configure(**FULL)
    stack.ok("destroy")
    assert leftovers(stack.box) == {}


def test_a_load_is_planned_and_simulated_at_preview(box: Sandbox, empty_project: Path) -> None:
    load = Stack(box, empty_project, "load").init(**LOAD)
    shown = load.ok("preview")
    assert "simulated (estimated)" in shown
    assert "requests a second within the targets" in " ".join(shown.split())
