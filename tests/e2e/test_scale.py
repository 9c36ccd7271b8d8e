"""More replicas only add, a change of precision is announced, stacks do not touch each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.lifecycle import Sandbox
from tests.e2e.stack import Stack, instance_ids, leftovers, tags

pytestmark = pytest.mark.engine
SMALL = {
    "model": "Qwen/Qwen3-8B",
    "precision": "bf16",
    "instanceTypes": {"allow": ["p5.4xlarge"]},
}


@pytest.fixture(scope="module")
def stack(box: Sandbox, empty_project: Path) -> Iterator[Stack]:
    made = Stack(box, empty_project, "scale").init(**SMALL)
    yield made
    made.configure(**SMALL)
    made.run("up")  # lifts the protection
    made.run("destroy")


def targets(box: Sandbox) -> dict[str, set[str]]:
    """The registered instances of each target group."""
    elb = box.client("elbv2")
    return {
        group["TargetGroupArn"]: {
            health["Target"]["Id"]
            for health in elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
                "TargetHealthDescriptions"
            ]
        }
        for group in elb.describe_target_groups()["TargetGroups"]
    }


def test_1_from_one_replica_to_three_only_adds(stack: Stack) -> None:
    stack.ok("up")
    before = instance_ids(stack.box)
    stack.configure(**SMALL, replicas=3)
    shown = stack.ok("up")
    after = instance_ids(stack.box)
    assert len(before) == 1
    assert len(after) == 3
    assert before < after
    assert "replaced" not in shown
    assert "deleted" not in shown
    assert list(targets(stack.box).values()) == [after]


def test_2_a_change_of_precision_says_what_is_replaced_before_it_happens(stack: Stack) -> None:
    stack.configure(**{**SMALL, "replicas": 3, "precision": "fp8"})
    shown = stack.ok("preview")
    replaced = [line for line in shown.splitlines() if "llm-replica-" in line and "replace" in line]
    assert {f"llm-replica-{r}-rank-0" for r in range(3)} == {
        word for line in replaced for word in line.split() if word.endswith("-rank-0")
    }


def test_3_protected_nodes_are_neither_replaced_nor_destroyed(stack: Stack) -> None:
    stack.configure(**SMALL, replicas=3, protect=True)
    stack.ok("up")
    before = instance_ids(stack.box)
    stack.configure(**{**SMALL, "replicas": 3, "protect": True, "precision": "fp8"})
    assert "marked for protection" in stack.refused("up")
    serving = targets(stack.box)
    assert "cannot be deleted" in stack.refused("destroy")
    assert instance_ids(stack.box) == before
    assert targets(stack.box) == serving
    stack.configure(**SMALL, replicas=3, protect=True)
    stack.ok("up")


def test_4_a_second_stack_touches_nothing_of_the_first(stack: Stack, empty_project: Path) -> None:
    first = instance_ids(stack.box)
    other = Stack(stack.box, empty_project, "other").init(**SMALL)
    other.secret("apiKey", "dummy-api-key")
    other.ok("up")
    assert instance_ids(stack.box) > first
    assert {tags(i)["gpu-sizing:stack"] for i in other.instances()} == {"other"}
    assert len(targets(stack.box)) == 2
    other.ok("destroy")
    assert instance_ids(stack.box) == first
    stack.ok("up", "--expect-no-changes")


def test_5_destroy_leaves_nothing(stack: Stack) -> None:
    stack.configure(**SMALL, replicas=3)
    stack.ok("up")
    stack.ok("destroy")
    assert leftovers(stack.box) == {}
