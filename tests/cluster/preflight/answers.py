"""Questions and AWS's answers for tests: all well, and the same with one thing changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cluster.preflight.facts import (
    Dns,
    Facts,
    OwnNode,
    Question,
    Reservation,
    Routes,
    Running,
    Secret,
    Subnet,
    Unanswered,
    Vpc,
)
from cluster.zone import Zone
from sizing.catalog.instances import instance
from sizing.instance import Purchase
from sizing.quota import quota_for
from sizing.stack_config import NetworkConfig

REGION = "us-east-1"
TYPE = "p5.48xlarge"
RESERVATION_ID = "cr-0123456789abcdef0"
VPC_ID = "vpc-1"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DENIED = Unanswered("AWS denies it (UnauthorizedOperation)")
ZONES = tuple(Zone(f"us-east-1{letter}", f"use1-az{n}") for n, letter in enumerate("abcd", 1))


def question(**changes: Any) -> Question:
    """Two p5.48xlarge on demand for a stack that serves, in a network of their own."""
    usual: dict[str, Any] = {
        "region": REGION,
        "instance_type": TYPE,
        "nodes": 2,
        "addresses": 2,
        "purchase": Purchase.ON_DEMAND,
        "purchase_given": False,
        "quota": quota_for(instance(TYPE), 2, REGION, Purchase.ON_DEMAND),
        "reservation_id": None,
        "offered_zone_ids": ("use1-az3", "use1-az1"),
        "network": NetworkConfig(),
        "serving": True,
        "project": "gpu-sizing",
        "stack": "dev",
    }
    return Question(**{**usual, **changes})


def facts(**changes: Any) -> Facts:
    """An account with room for everything; the type is offered in zones a and c."""
    subnets = (subnet("subnet-a", "a"), subnet("subnet-b", "b"), subnet("subnet-c", "c"))
    usual: dict[str, Any] = {
        "zones": ZONES,
        "offered": frozenset({"us-east-1a", "us-east-1c"}),
        "running": Running(own=(), others_vcpus=0),
        "quota_limit": 384.0,
        "vpcs": (Vpc(VPC_ID, "10.0.0.0/16"),),
        "dns": Dns(support=True, hostnames=True),
        "subnets": subnets,
        "neighbours": subnets,
        "routes": Routes(main="nat-1", by_subnet={}),
        "secrets": {},
    }
    return Facts(**{**usual, **changes})


def subnet(identity: str, letter: str, **changes: Any) -> Subnet:
    """A private subnet with room, in the zone of that letter."""
    usual: dict[str, Any] = {
        "id": identity,
        "vpc_id": VPC_ID,
        "zone": f"us-east-1{letter}",
        "zone_id": "",
        "cidr": "10.0.0.0/24",
        "free_addresses": 100,
        "public_addresses": False,
    }
    return Subnet(**{**usual, **changes})


def reservation(**changes: Any) -> Reservation:
    """An active on-demand capacity reservation with room for two nodes in zone b."""
    usual: dict[str, Any] = {
        "id": RESERVATION_ID,
        "kind": "default",
        "instance_type": TYPE,
        "zone": "us-east-1b",
        "state": "active",
        "tenancy": "default",
        "total": 2,
        "free": 2,
        "ends": None,
        "targeted": True,
    }
    return Reservation(**{**usual, **changes})


def block(left: timedelta, **changes: Any) -> Reservation:
    """The same as a capacity block that ends after `left`."""
    return reservation(kind="capacity-block", ends=NOW + left, **changes)


def own_nodes(count: int, letter: str = "a", **changes: Any) -> Running:
    """Nodes of this stack that run in the zone of that letter."""
    usual: dict[str, Any] = {
        "zone": f"us-east-1{letter}",
        "reservation_id": None,
        "addresses": {},
    }
    return Running(own=(OwnNode(**{**usual, **changes}),) * count, others_vcpus=0)


def existing(*subnet_ids: str, **changes: Any) -> NetworkConfig:
    """A network configuration that names existing subnets."""
    return NetworkConfig(subnet_ids=subnet_ids, **changes)


MISSING = Secret("there is none")
