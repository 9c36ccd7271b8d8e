"""The nodes' network: a private subnet with a way out and no way in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cluster.addresses import Subnets
from cluster.zone import Zone

ANYWHERE = "0.0.0.0/0"
_ALL_PROTOCOLS = "-1"


@dataclass(frozen=True, slots=True)
class Network:
    """What nodes need to know. They wait for `ready`: without it a first boot has no way out."""

    subnet_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]


def account_zones(opts: pulumi.InvokeOptions) -> tuple[Zone, ...]:
    """The availability zones that the account can use; local and wavelength zones left out."""
    regular = aws.GetAvailabilityZonesFilterArgs(
        name="opt-in-status", values=["opt-in-not-required"]
    )
    try:
        found = aws.get_availability_zones(state="available", filters=[regular], opts=opts)
    except Exception as error:
        # The first call to AWS: an expired login shows here, and a traceback would bury it.
        raise pulumi.RunError(f"AWS did not say which zones there are: {error}") from None
    pairs = zip(found.names, found.zone_ids, strict=True)
    return tuple(Zone(name=name, zone_id=zone_id) for name, zone_id in pairs)


@dataclass(frozen=True, slots=True)
class NetworkMaker:
    """Makes the network of one cluster, all in one zone, as children of it."""

    name: str
    region: str
    zone: Zone
    vpc_cidr: str
    subnets: Subnets
    tags: Mapping[str, str]
    opts: pulumi.ResourceOptions

    def make(self) -> Network:
        """VPC, both subnets, the way out, the security group."""
        vpc = aws.ec2.Vpc(
            f"{self.name}-vpc",
            cidr_block=self.vpc_cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._named("vpc"),
            opts=self.opts,
        )
        nodes = self._subnet("nodes", vpc, self.subnets.nodes)
        public = self._subnet("public", vpc, self.subnets.public)
        gateway = self._internet_gateway(vpc)
        _, to_internet = self._routing("public", vpc, public, gateway_id=gateway.id)
        nat = self._nat_gateway(public, [gateway, *to_internet])
        nodes_table, to_nat = self._routing("nodes", vpc, nodes, nat_gateway_id=nat.id)
        s3 = self._s3_endpoint(vpc, nodes_table)
        group, rules = self._security_group(vpc)
        ready = (*to_internet, *to_nat, *rules, s3)
        return Network(subnet_id=nodes.id, security_group_id=group.id, ready=ready)

    def _subnet(self, role: str, vpc: aws.ec2.Vpc, cidr: str) -> aws.ec2.Subnet:
        # No public addresses in the public subnet either: only the NAT gateway lives there.
        return aws.ec2.Subnet(
            f"{self.name}-{role}",
            vpc_id=vpc.id,
            cidr_block=cidr,
            availability_zone=self.zone.name,
            map_public_ip_on_launch=False,
            tags=self._named(role),
            opts=self.opts,
        )

    def _internet_gateway(self, vpc: aws.ec2.Vpc) -> aws.ec2.InternetGateway:
        return aws.ec2.InternetGateway(
            f"{self.name}-internet", vpc_id=vpc.id, tags=self._named("internet"), opts=self.opts
        )

    def _nat_gateway(
        self, public: aws.ec2.Subnet, after: list[pulumi.Resource]
    ) -> aws.ec2.NatGateway:
        opts = pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=after))
        address = aws.ec2.Eip(f"{self.name}-nat", domain="vpc", tags=self._named("nat"), opts=opts)
        return aws.ec2.NatGateway(
            f"{self.name}-nat",
            allocation_id=address.id,
            subnet_id=public.id,
            connectivity_type="public",
            tags=self._named("nat"),
            opts=opts,
        )

    def _routing(
        self,
        role: str,
        vpc: aws.ec2.Vpc,
        subnet: aws.ec2.Subnet,
        gateway_id: pulumi.Input[str] | None = None,
        nat_gateway_id: pulumi.Input[str] | None = None,
    ) -> tuple[aws.ec2.RouteTable, list[pulumi.Resource]]:
        table = aws.ec2.RouteTable(
            f"{self.name}-{role}", vpc_id=vpc.id, tags=self._named(role), opts=self.opts
        )
        default = aws.ec2.Route(
            f"{self.name}-{role}-default",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=self.opts,
        )
        association = aws.ec2.RouteTableAssociation(
            f"{self.name}-{role}", route_table_id=table.id, subnet_id=subnet.id, opts=self.opts
        )
        return table, [default, association]

    def _s3_endpoint(self, vpc: aws.ec2.Vpc, table: aws.ec2.RouteTable) -> aws.ec2.VpcEndpoint:
        """Weights from S3 go past the NAT gateway, which bills every gigabyte."""
        return aws.ec2.VpcEndpoint(
            f"{self.name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{self.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id],
            tags=self._named("s3"),
            opts=self.opts,
        )

    def _security_group(
        self, vpc: aws.ec2.Vpc
    ) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
        """EFA needs all traffic to and from the group itself; nothing else may come in."""
        group = aws.ec2.SecurityGroup(
            f"{self.name}-nodes",
            vpc_id=vpc.id,
            description="GPU nodes: all traffic among themselves, nothing from outside",
            tags=self._named("nodes"),
            opts=self.opts,
        )
        from_nodes = aws.vpc.SecurityGroupIngressRule(
            f"{self.name}-from-nodes",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol=_ALL_PROTOCOLS,
            opts=self.opts,
        )
        to_nodes = aws.vpc.SecurityGroupEgressRule(
            f"{self.name}-to-nodes",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol=_ALL_PROTOCOLS,
            opts=self.opts,
        )
        to_internet = aws.vpc.SecurityGroupEgressRule(
            f"{self.name}-to-internet",
            security_group_id=group.id,
            cidr_ipv4=ANYWHERE,
            ip_protocol=_ALL_PROTOCOLS,
            opts=self.opts,
        )
        return group, [from_nodes, to_nodes, to_internet]

    def _named(self, role: str) -> dict[str, str]:
        return {**self.tags, "Name": f"{self.name}-{role}"}
