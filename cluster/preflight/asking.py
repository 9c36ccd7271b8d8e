"""Asks AWS all that a decision needs. What is denied is `Unanswered`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from cluster.preflight.asker import Asker
from cluster.preflight.existing import is_existing
from cluster.preflight.facts import (
    Dns,
    Facts,
    OwnNode,
    Question,
    Reservation,
    Running,
    Subnet,
    Unanswered,
    Vpc,
)
from cluster.preflight.quota import takes_quota
from cluster.preflight.reservation import reservation_facts
from cluster.preflight.secrets import secret_state
from cluster.tags import PROJECT, STACK, tag_value
from cluster.zone import Zone
from sizing.account import instances, offered_zones, quota_limit, used_vcpus
from sizing.aws import Clients, asked, pages

_COUNTED = ("pending", "running")
# A stopped node holds its addresses still.
_STATES = (*_COUNTED, "stopping", "stopped")


def gather(question: Question, clients: Clients) -> Facts:
    """Everything AWS says about the question. Raises InputError for an unknown reservation."""
    asker, region = Asker(), question.region
    zones = asker.ask("ec2:DescribeAvailabilityZones", lambda: _zones(clients, region))
    offered = asker.ask(
        "ec2:DescribeInstanceTypeOfferings",
        lambda: frozenset(offered_zones(clients, region, question.instance_type)),
    )
    running = asker.ask("ec2:DescribeInstances", lambda: _running(question, clients))
    network = _Network(asker, clients, question)
    subnets = network.named()
    vpc_id = question.network.vpc_id or (network.vpc_of(subnets) if subnets else None)
    return Facts(
        zones=zones,
        offered=offered,
        running=running,
        quota_limit=_quota_limit(asker, question, clients),
        reservation=_reservation(asker, question, clients),
        vpcs=network.vpcs(),
        dns=network.dns(vpc_id),
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


class _Network:
    """The existing VPC of a question; nothing is asked where there is none."""

    def __init__(self, asker: Asker, clients: Clients, question: Question) -> None:
        self._asker, self._clients, self._question = asker, clients, question
        self._wanted = is_existing(question.network)

    def named(self) -> tuple[Subnet, ...] | Unanswered:
        network = self._question.network
        ids = (*network.subnet_ids, *network.load_balancer_subnet_ids)
        return self._subnets("subnet-id", tuple(dict.fromkeys(ids)))

    def neighbours(self, vpc_id: str | None) -> tuple[Subnet, ...] | Unanswered:
        return self._subnets("vpc-id", (vpc_id,) if vpc_id else ())

    def vpc_of(self, subnets: tuple[Subnet, ...] | Unanswered) -> str | None:
        if isinstance(subnets, Unanswered):
            return None
        known = {subnet.id: subnet.vpc_id for subnet in subnets}
        return next((known[i] for i in self._question.network.subnet_ids if i in known), None)

    def vpcs(self) -> tuple[Vpc, ...] | Unanswered:
        if not self._wanted:
            return ()
        rows = self._asker.ask(
            "ec2:DescribeVpcs", lambda: pages(self._ec2(), "describe_vpcs", "Vpcs")
        )
        if isinstance(rows, Unanswered):
            return rows
        return tuple(Vpc(row["VpcId"], row["CidrBlock"]) for row in rows)

    def dns(self, vpc_id: str | None) -> Dns | Unanswered | None:
        if vpc_id is None:
            return None
        return self._asker.ask("ec2:DescribeVpcAttribute", lambda: self._dns(vpc_id))

    def _dns(self, vpc_id: str) -> Dns:
        support = self._attribute(vpc_id, "enableDnsSupport", "EnableDnsSupport")
        hostnames = self._attribute(vpc_id, "enableDnsHostnames", "EnableDnsHostnames")
        return Dns(support, hostnames)

    def _attribute(self, vpc_id: str, name: str, key: str) -> bool:
        client = self._ec2()
        answer = asked(lambda: client.describe_vpc_attribute(VpcId=vpc_id, Attribute=name))
        return bool(answer[key]["Value"])

    def _subnets(self, key: str, values: Sequence[str]) -> tuple[Subnet, ...] | Unanswered:
        # By filter, not by id: an unknown id is then absent, and the others are still shown.
        if not values:
            return ()
        filters = [{"Name": key, "Values": list(values)}]
        rows = self._asker.ask(
            "ec2:DescribeSubnets",
            lambda: pages(self._ec2(), "describe_subnets", "Subnets", Filters=filters),
        )
        return rows if isinstance(rows, Unanswered) else tuple(map(_subnet, rows))

    def _ec2(self) -> Any:
        return self._clients.client("ec2", self._question.region)


def _subnet(row: dict[str, Any]) -> Subnet:
    return Subnet(
        id=row["SubnetId"],
        vpc_id=row["VpcId"],
        zone=row["AvailabilityZone"],
        zone_id=row.get("AvailabilityZoneId", ""),
        cidr=row.get("CidrBlock", ""),
        free_addresses=int(row["AvailableIpAddressCount"]),
        public_addresses=bool(row.get("MapPublicIpOnLaunch")),
    )
