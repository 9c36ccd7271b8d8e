"""The nodes' network, new or existing: a private subnet with a way out and no way in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cluster.addresses import Blocks
from cluster.firewall import ANYWHERE, Group, node_group, service_group
from cluster.preflight import Site
from cluster.scope import Scope
from sizing.egress import Egress

BALANCER_ZONES = 2


@dataclass(frozen=True, slots=True)
class Network:
    """What nodes and the load balancer need to know.

    Nodes wait for `ready`: without it a first boot has no way out. `clients` are the CIDR blocks
    that may call the model where the stack names none: the VPC's own.
    """

    vpc_id: pulumi.Input[str]
    clients: tuple[str, ...]
    node_subnet_id: pulumi.Input[str]
    balancer_subnet_ids: tuple[pulumi.Input[str], ...]
    nodes: Group
    ready: tuple[pulumi.Resource, ...]


def existing_network(scope: Scope, site: Site) -> Network:
    """A company's own VPC and subnets: only the nodes' security group is made in it."""
    vpc_id, subnet_id = site.vpc_id, site.node_subnet
    if vpc_id is None or subnet_id is None:
        raise AssertionError("a site in an existing VPC names its VPC and its subnet")
    nodes = node_group(scope, vpc_id)
    return Network(
        vpc_id=vpc_id,
        clients=(site.vpc_cidr,) if site.vpc_cidr else (),
        node_subnet_id=subnet_id,
        balancer_subnet_ids=site.load_balancer_subnets,
        nodes=nodes,
        ready=nodes.rules,
    )


@dataclass(frozen=True, slots=True)
class NetworkMaker:
    """Makes the network of one cluster; all nodes lie in the first of `zones`.

    What belongs to a zone is named by it: another zone gets its own before the old one's goes.
    """

    scope: Scope
    zones: Sequence[str]
    vpc_cidr: str
    blocks: Blocks
    egress: Egress
    serving: bool

    def make(self) -> Network:
        """VPC, subnets, the way out, the security group."""
        vpc = aws.ec2.Vpc(
            self.scope.child("vpc"),
            cidr_block=self.vpc_cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self.scope.named("vpc"),
            opts=self.scope.opts(),
        )
        zone = self.zones[0]
        nodes = self._subnet("nodes", vpc, self.blocks.of(zone).nodes, zone)
        table, associated = self._route_table("nodes", vpc, nodes)
        s3 = self._s3_endpoint(vpc, table)
        group = node_group(self.scope, vpc.id)
        way_out = (
            self._nat(vpc, table)
            if self.egress.nat
            else self._service_endpoints(vpc, nodes, group, self.egress.services)
        )
        return Network(
            vpc_id=vpc.id,
            clients=(self.vpc_cidr,),
            node_subnet_id=nodes.id,
            balancer_subnet_ids=self._balancer_subnets(vpc) if self.serving else (),
            nodes=group,
            ready=(associated, *way_out, *group.rules, s3),
        )

    def _here(self, role: str) -> str:
        """A role in the nodes' zone."""
        return f"{role}-{self.zones[0]}"

    def _subnet(self, role: str, vpc: aws.ec2.Vpc, cidr: str, zone: str) -> aws.ec2.Subnet:
        # No public addresses in the public subnet either: only the NAT gateway lives there.
        return aws.ec2.Subnet(
            self.scope.child(f"{role}-{zone}"),
            vpc_id=vpc.id,
            cidr_block=cidr,
            availability_zone=zone,
            map_public_ip_on_launch=False,
            tags=self.scope.named(f"{role}-{zone}"),
            opts=self.scope.opts(),
        )

    def _balancer_subnets(self, vpc: aws.ec2.Vpc) -> tuple[pulumi.Output[str], ...]:
        """Private, without a route out: AWS demands two zones of a load balancer."""
        return tuple(
            self._subnet("endpoint", vpc, self.blocks.of(zone).balancer, zone).id
            for zone in self.zones[:BALANCER_ZONES]
        )

    def _nat(self, vpc: aws.ec2.Vpc, table: aws.ec2.RouteTable) -> tuple[pulumi.Resource, ...]:
        """A NAT gateway in a public subnet of its own, and the nodes' route to it."""
        zone = self.zones[0]
        public = self._subnet("public", vpc, self.blocks.of(zone).public, zone)
        gateway = aws.ec2.InternetGateway(
            self.scope.child("internet"),
            vpc_id=vpc.id,
            tags=self.scope.named("internet"),
            opts=self.scope.opts(),
        )
        public_table, associated = self._route_table("public", vpc, public)
        to_internet = self._default_route("public", public_table, gateway_id=gateway.id)
        opts, role = self.scope.opts(after=[gateway, to_internet]), self._here("nat")
        address = aws.ec2.Eip(
            self.scope.child(role), domain="vpc", tags=self.scope.named(role), opts=opts
        )
        nat = aws.ec2.NatGateway(
            self.scope.child(role),
            allocation_id=address.id,
            subnet_id=public.id,
            connectivity_type="public",
            tags=self.scope.named(role),
            opts=opts,
        )
        return (associated, to_internet, self._default_route("nodes", table, nat_gateway_id=nat.id))

    def _route_table(
        self, role: str, vpc: aws.ec2.Vpc, subnet: aws.ec2.Subnet
    ) -> tuple[aws.ec2.RouteTable, aws.ec2.RouteTableAssociation]:
        role = self._here(role)
        table = aws.ec2.RouteTable(
            self.scope.child(role),
            vpc_id=vpc.id,
            tags=self.scope.named(role),
            opts=self.scope.opts(),
        )
        association = aws.ec2.RouteTableAssociation(
            self.scope.child(role),
            route_table_id=table.id,
            subnet_id=subnet.id,
            opts=self.scope.opts(),
        )
        return table, association

    def _default_route(
        self,
        role: str,
        table: aws.ec2.RouteTable,
        gateway_id: pulumi.Input[str] | None = None,
        nat_gateway_id: pulumi.Input[str] | None = None,
    ) -> aws.ec2.Route:
        return aws.ec2.Route(
            self.scope.child(self._here(f"{role}-default")),
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=self.scope.opts(),
        )

    def _s3_endpoint(self, vpc: aws.ec2.Vpc, table: aws.ec2.RouteTable) -> aws.ec2.VpcEndpoint:
        """Weights from S3 go past the NAT gateway, which bills every gigabyte."""
        return aws.ec2.VpcEndpoint(
            self.scope.child("s3"),
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{self.scope.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id],
            tags=self.scope.named("s3"),
            opts=self.scope.opts(),
        )

    def _service_endpoints(
        self, vpc: aws.ec2.Vpc, nodes: aws.ec2.Subnet, group: Group, services: Sequence[str]
    ) -> tuple[pulumi.Resource, ...]:
        """AWS's services inside the VPC, for nodes that never need the internet."""
        services_group = service_group(self.scope, vpc.id, group)
        made = [
            aws.ec2.VpcEndpoint(
                self.scope.child(service.replace(".", "-")),
                vpc_id=vpc.id,
                service_name=f"com.amazonaws.{self.scope.region}.{service}",
                vpc_endpoint_type="Interface",
                subnet_ids=[nodes.id],
                security_group_ids=[services_group.id],
                private_dns_enabled=True,
                tags=self.scope.named(service.replace(".", "-")),
                opts=self.scope.opts(),
            )
            for service in services
        ]
        return (*services_group.rules, *made)
