"""Each way of buying nodes, and every way in which a reservation can be the wrong one.

The reservations are made through boto3, as a user makes them; the launches that the local AWS
recorded and the reservations' free counts are the witnesses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.lifecycle import Sandbox
from tests.e2e.stack import Stack, instances, leftovers

pytestmark = pytest.mark.engine
TYPE = "p5.4xlarge"
SMALL = {"model": "Qwen/Qwen3-8B", "precision": "bf16", "instanceTypes": {"allow": [TYPE]}}


@pytest.fixture(scope="module")
def stack(box: Sandbox, empty_project: Path) -> Iterator[Stack]:
    """A small model on one node, which each test buys in another way."""
    made = Stack(box, empty_project, "capacity").init(**SMALL)
    yield made
    made.run("destroy")


def reserve(box: Sandbox, **changes: Any) -> str:
    wanted = {
        "InstanceType": TYPE,
        "InstancePlatform": "Linux/UNIX",
        "AvailabilityZone": "us-east-1c",
        "InstanceCount": 1,
        "InstanceMatchCriteria": "targeted",
        **changes,
    }
    answer = box.client("ec2").create_capacity_reservation(**wanted)
    return answer["CapacityReservation"]["CapacityReservationId"]


def block(box: Sandbox) -> dict[str, Any]:
    """A capacity block that has begun."""
    ec2 = box.client("ec2")
    offers = ec2.describe_capacity_block_offerings(
        InstanceType=TYPE, InstanceCount=1, CapacityDurationHours=48
    )["CapacityBlockOfferings"]
    now = datetime.now(UTC)
    offer = next(o for o in offers if o["StartDate"] <= now + timedelta(minutes=1))
    bought = ec2.purchase_capacity_block(
        CapacityBlockOfferingId=offer["CapacityBlockOfferingId"], InstancePlatform="Linux/UNIX"
    )
    return bought["CapacityReservation"]


def free(box: Sandbox, reservation: str) -> int:
    answer = box.client("ec2").describe_capacity_reservations(CapacityReservationIds=[reservation])
    return answer["CapacityReservations"][0]["AvailableInstanceCount"]


def test_1_spot(stack: Stack) -> None:
    stack.configure(**SMALL, purchase="spot")
    stack.ok("up")
    (node,) = stack.instances()
    assert node["InstanceLifecycle"] == "spot"
    rules = stack.box.client("events").list_rules()["Rules"]
    assert [node["InstanceId"] in rule["EventPattern"] for rule in rules] == [True]


def test_2_an_on_demand_reservation_decides_zone_and_order(stack: Stack) -> None:
    reservation = reserve(stack.box)
    stack.configure(**SMALL, capacityReservationId=reservation)
    shown = stack.ok("up")
    (node,) = stack.instances()
    assert node["CapacityReservationId"] == reservation
    assert node.get("InstanceLifecycle") is None
    assert node["Placement"]["AvailabilityZone"] == "us-east-1c"
    assert free(stack.box, reservation) == 0
    assert reservation in shown


def test_3_a_change_in_a_full_reservation_deletes_first(stack: Stack) -> None:
    before = stack.instances()[0]
    reservation = before["CapacityReservationId"]
    stack.configure(**SMALL, capacityReservationId=reservation, workload={"context": 4096})
    stack.ok("up")
    (node,) = stack.instances()
    assert node["InstanceId"] != before["InstanceId"]
    assert node["CapacityReservationId"] == reservation


def test_4_a_capacity_block_brings_its_market_its_zone_and_its_end(stack: Stack) -> None:
    bought = block(stack.box)
    stack.configure(**SMALL, capacityReservationId=bought["CapacityReservationId"])
    shown = stack.ok("up")
    (node,) = stack.instances()
    assert node["InstanceLifecycle"] == "capacity-block"
    assert node["Placement"]["AvailabilityZone"] == bought["AvailabilityZone"]
    assert f"{bought['EndDate']:%Y-%m-%d}" in shown
    assert "capacity-block" in shown
    patterns = [r.get("EventPattern", "") for r in stack.box.client("events").list_rules()["Rules"]]
    assert any(bought["CapacityReservationId"] in pattern for pattern in patterns)


@pytest.mark.parametrize(
    ("changes", "config", "said"),
    [
        ({}, {"network": {"availabilityZone": "us-east-1b"}}, "us-east-1c, where cr-"),
        ({"InstanceType": "p5.48xlarge"}, {}, "one of p5.4xlarge, which the plan takes"),
        ({}, {"replicas": 2}, "room for 2 x p5.4xlarge"),
        ({}, {"purchase": "capacity-block"}, "is an on-demand capacity reservation"),
    ],
    ids=["other zone", "other type", "too few", "other kind"],
)
def test_5_the_wrong_reservation_is_one_line_at_preview(
    stack: Stack, changes: dict[str, Any], config: dict[str, Any], said: str
) -> None:
    stack.configure(**SMALL, **config, capacityReservationId=reserve(stack.box, **changes))
    assert said in stack.refused()


def test_6_an_expired_reservation_is_one_line_at_preview(stack: Stack) -> None:
    reservation = reserve(stack.box)
    stack.box.end_reservation(reservation)
    stack.configure(**SMALL, capacityReservationId=reservation)
    assert "this one is expired" in stack.refused()


def test_7_an_unknown_reservation_names_those_there_are(stack: Stack) -> None:
    stack.configure(**SMALL, capacityReservationId="cr-0123456789abcdef0")
    said = stack.refused()
    assert "the id of a capacity reservation in us-east-1: cr-" in said
    assert "1 x p5.4xlarge, active, us-east-1c" in said


def test_8_a_quota_that_is_too_small_says_how_to_raise_it(stack: Stack) -> None:
    stack.box.set_quota("L-417A185B", 8)
    stack.configure(**SMALL)
    said = stack.refused()
    stack.box.lift_limits()
    assert "request-service-quota-increase" in said
    assert "--quota-code L-417A185B" in said


def test_9_without_capacity_it_fails_soon_with_alternatives_and_goes_on_later(
    stack: Stack,
) -> None:
    stack.ok("destroy")
    stack.configure(**SMALL)
    stack.box.limit_capacity(TYPE, 0)
    began = datetime.now(UTC)
    done = stack.run("up")
    assert done.code != 0
    assert datetime.now(UTC) - began < timedelta(minutes=3)
    assert "AWS has too few p5.4xlarge (on-demand) free" in done.text
    assert "purchase: spot" in done.text
    assert "Traceback" not in done.text
    stack.box.lift_limits()
    stack.ok("up")
    assert len(instances(stack.box)) == 1
    stack.ok("destroy")
    assert leftovers(stack.box) == {}
