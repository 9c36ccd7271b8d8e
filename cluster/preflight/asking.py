"""Asks AWS all that a decision needs. What is denied is `Unanswered`."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cluster.preflight.asker import Asker
from cluster.preflight.existing import vpc_of_subnets
from cluster.preflight.facts import (
    Facts,
    OwnNode,
    Question,
    Reservation,
    Running,
    Unanswered,
)
from cluster.preflight.network_asking import NetworkAsking
from cluster.preflight.quota import takes_quota
from cluster.preflight.reservation import reservation_facts
from cluster.preflight.secrets import secret_state
from cluster.tags import PROJECT, STACK, tag_value
from cluster.zone import Zone
from sizing.account import instances, offered_zones, quota_limit, used_vcpus
from sizing.aws import Clients, asked

_COUNTED = ("pending", "running")
# A stopped node holds its addresses still.
_STATES = (*_COUNTED, "stopping", "stopped")


def gather(question: Question, clients: Clients) -> Facts:
    """Everything AWS says about the question. Raises InputError for an unknown reservation."""
    asker, region = Asker(), question.region
    zones = question.zones or asker.ask(
        "ec2:DescribeAvailabilityZones", lambda: _zones(clients, region)
    )
    offered = asker.ask(
        "ec2:DescribeInstanceTypeOfferings",
        lambda: frozenset(offered_zones(clients, region, question.instance_type)),
    )
    running = asker.ask("ec2:DescribeInstances", lambda: _running(question, clients))
    network = NetworkAsking(asker, clients, question)
    subnets = network.named()
    vpc_id = question.network.vpc_id or vpc_of_subnets(question.network, subnets)
    return Facts(
        zones=zones,
        offered=offered,
        running=running,
        quota_limit=_quota_limit(asker, question, clients),
        reservation=_reservation(asker, question, clients),
        vpcs=network.vpcs(),
        dns=network.dns(vpc_id),
        routes=network.routes(vpc_id),
        subnets=subnets,
        neighbours=network.neighbours(vpc_id),
        secrets={
            name: asker.ask(
                "secretsmanager:DescribeSecret", lambda n=name: secret_state(clients, region, n)
            )
            for _, name in question.secrets
        },
    )


def _zones(clients: Clients, region: str) -> tuple[Zone, ...]:
    """The zones that the account can use; local and wavelength zones left out."""
    regular = [
        {"Name": "state", "Values": ["available"]},
        {"Name": "opt-in-status", "Values": ["opt-in-not-required"]},
    ]
    client = clients.client("ec2", region)
    answer = asked(lambda: client.describe_availability_zones(Filters=regular))
    rows = answer.get("AvailabilityZones", [])
    return tuple(Zone(row["ZoneName"], row["ZoneId"]) for row in rows)


def _quota_limit(asker: Asker, question: Question, clients: Clients) -> float | Unanswered | None:
    quota = question.quota
    if quota is None or quota.code is None or not takes_quota(question):
        return None
    return asker.ask("servicequotas:GetServiceQuota", lambda: quota_limit(clients, quota))


def _reservation(
    asker: Asker, question: Question, clients: Clients
) -> Reservation | Unanswered | None:
    identity = question.reservation_id
    if not identity:
        return None
    return asker.ask(
        "ec2:DescribeCapacityReservations",
        lambda: reservation_facts(clients, question.region, identity),
    )


def _running(question: Question, clients: Clients) -> Running:
    found = instances(clients, question.region, _STATES)
    others = [row for row in found if not _is_ours(row, question) and _counts(row)]
    code = question.quota.code if question.quota else None
    return Running(
        own=tuple(_own_node(row) for row in found if _is_ours(row, question)),
        others_vcpus=used_vcpus(others, code) if code else 0.0,
    )


def _counts(row: dict[str, Any]) -> bool:
    return row.get("State", {}).get("Name", "running") in _COUNTED


def _is_ours(row: dict[str, Any], question: Question) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in row.get("Tags", [])}
    ours = {PROJECT: question.project, STACK: question.stack}
    return all(tag_value(tags.get(key, "")) == tag_value(value) for key, value in ours.items())


def _own_node(row: dict[str, Any]) -> OwnNode:
    addresses = Counter(
        interface["SubnetId"]
        for interface in row.get("NetworkInterfaces", [])
        for _ in interface.get("PrivateIpAddresses", [])
    )
    return OwnNode(
        zone=row.get("Placement", {}).get("AvailabilityZone", ""),
        reservation_id=row.get("CapacityReservationId"),
        addresses=dict(addresses),
    )
