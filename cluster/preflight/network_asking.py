"""Asks AWS about an existing VPC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster.preflight.asker import Asker
from cluster.preflight.facts import Dns, Question, Routes, Subnet, Unanswered, Vpc
from sizing.aws import Clients, asked, pages

_TARGETS = (
    "NatGatewayId",
    "TransitGatewayId",
    "GatewayId",
    "NetworkInterfaceId",
    "VpcPeeringConnectionId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
)


class NetworkAsking:
    """The existing VPC of a question; nothing is asked where there is none."""

    def __init__(self, asker: Asker, clients: Clients, question: Question) -> None:
        self._asker, self._clients, self._question = asker, clients, question
        self._wanted = question.network.is_existing

    def named(self) -> tuple[Subnet, ...] | Unanswered:
        """The subnets that the configuration names and that exist."""
        network = self._question.network
        ids = (*network.subnet_ids, *network.load_balancer_subnet_ids)
        return self._subnets("subnet-id", tuple(dict.fromkeys(ids)))

    def neighbours(self, vpc_id: str | None) -> tuple[Subnet, ...] | Unanswered:
        """All subnets of the VPC."""
        return self._subnets("vpc-id", (vpc_id,) if vpc_id else ())

    def vpcs(self) -> tuple[Vpc, ...] | Unanswered:
        """All VPCs of the region."""
        if not self._wanted:
            return ()
        rows = self._asker.ask(
            "ec2:DescribeVpcs", lambda: pages(self._ec2(), "describe_vpcs", "Vpcs")
        )
        if isinstance(rows, Unanswered):
            return rows
        return tuple(Vpc(row["VpcId"], row["CidrBlock"]) for row in rows)

    def dns(self, vpc_id: str | None) -> Dns | Unanswered | None:
        """The VPC's DNS attributes."""
        if vpc_id is None:
            return None
        return self._asker.ask("ec2:DescribeVpcAttribute", lambda: self._dns(vpc_id))

    def routes(self, vpc_id: str | None) -> Routes | Unanswered | None:
        """Where the VPC's subnets send what leaves it."""
        if vpc_id is None:
            return None
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
        tables = self._asker.ask(
            "ec2:DescribeRouteTables",
            lambda: pages(self._ec2(), "describe_route_tables", "RouteTables", Filters=filters),
        )
        return tables if isinstance(tables, Unanswered) else _routes(tables)

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


def _routes(tables: Sequence[dict[str, Any]]) -> Routes:
    main: str | None = None
    by_subnet: dict[str, str | None] = {}
    for table in tables:
        target = _default_target(table.get("Routes", []))
        for association in table.get("Associations", []):
            if association.get("Main"):
                main = target
            elif subnet_id := association.get("SubnetId"):
                by_subnet[subnet_id] = target
    return Routes(main, by_subnet)


def _default_target(routes: Sequence[dict[str, Any]]) -> str | None:
    for route in routes:
        if route.get("DestinationCidrBlock") == "0.0.0.0/0" and route.get("State") != "blackhole":
            return next((route[key] for key in _TARGETS if route.get(key)), None)
    return None


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
