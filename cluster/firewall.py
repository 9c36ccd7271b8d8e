"""Who may talk to whom: nodes among themselves, the load balancer to them, clients to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cluster.scope import Scope

ANYWHERE = "0.0.0.0/0"
HTTPS = 443
_ALL_PROTOCOLS = "-1"


@dataclass(frozen=True, slots=True)
class Group:
    """A security group and the rules that must hold before anything relies on it."""

    id: pulumi.Output[str]
    rules: tuple[pulumi.Resource, ...]


def node_group(scope: Scope, vpc_id: pulumi.Input[str]) -> Group:
    """EFA needs all traffic to and from the group itself; nothing else may come in."""
    group = _group(
        scope,
        "nodes",
        vpc_id,
        "GPU nodes: all traffic among themselves, nothing from outside",
    )
    from_nodes = _ingress(scope, "from-nodes", group, from_group=group.id)
    to_nodes = _egress(scope, "to-nodes", group, to_group=group.id)
    to_internet = _egress(scope, "to-internet", group, to_cidr=ANYWHERE)
    return Group(group.id, (from_nodes, to_nodes, to_internet))


def balancer_group(
    scope: Scope,
    vpc_id: pulumi.Input[str],
    nodes: Group,
    port: int,
    clients: Sequence[pulumi.Input[str]],
    node_ports: tuple[int, int],
) -> Group:
    """The load balancer's group: `clients` (CIDR blocks) reach `port`, it reaches the nodes.

    `node_ports` is the first and last port on which engines answer.
    """
    group = _group(scope, "endpoint", vpc_id, "The model's endpoint: clients in, nodes out")
    for index, cidr in enumerate(clients):
        _ingress(scope, f"clients-{index}", group, from_cidr=cidr, ports=(port, port))
    to_nodes = _egress(scope, "endpoint-to-nodes", group, to_group=nodes.id, ports=node_ports)
    allowed = aws.vpc.SecurityGroupIngressRule(
        scope.child("from-endpoint"),
        security_group_id=nodes.id,
        referenced_security_group_id=group.id,
        ip_protocol="tcp",
        from_port=node_ports[0],
        to_port=node_ports[1],
        opts=scope.opts(),
    )
    return Group(group.id, (to_nodes, allowed))


def service_group(scope: Scope, vpc_id: pulumi.Input[str], nodes: Group) -> Group:
    """The group of AWS's own services inside the VPC: nodes reach them over HTTPS."""
    group = _group(scope, "services", vpc_id, "AWS services in the VPC: HTTPS from the nodes")
    rule = _ingress(scope, "nodes-to-services", group, from_group=nodes.id, ports=(HTTPS, HTTPS))
    return Group(group.id, (rule,))


def _group(
    scope: Scope, role: str, vpc_id: pulumi.Input[str], description: str
) -> aws.ec2.SecurityGroup:
    return aws.ec2.SecurityGroup(
        scope.child(role),
        vpc_id=vpc_id,
        description=description,
        tags=scope.named(role),
        opts=scope.opts(),
    )


def _ingress(
    scope: Scope,
    role: str,
    group: aws.ec2.SecurityGroup,
    *,
    from_group: pulumi.Input[str] | None = None,
    from_cidr: pulumi.Input[str] | None = None,
    ports: tuple[int, int] | None = None,
) -> aws.vpc.SecurityGroupIngressRule:
    return aws.vpc.SecurityGroupIngressRule(
        scope.child(role),
        security_group_id=group.id,
        referenced_security_group_id=from_group,
        cidr_ipv4=from_cidr,
        ip_protocol="tcp" if ports else _ALL_PROTOCOLS,
        from_port=ports[0] if ports else None,
        to_port=ports[1] if ports else None,
        opts=scope.opts(),
    )


def _egress(
    scope: Scope,
    role: str,
    group: aws.ec2.SecurityGroup,
    *,
    to_group: pulumi.Input[str] | None = None,
    to_cidr: pulumi.Input[str] | None = None,
    ports: tuple[int, int] | None = None,
) -> aws.vpc.SecurityGroupEgressRule:
    return aws.vpc.SecurityGroupEgressRule(
        scope.child(role),
        security_group_id=group.id,
        referenced_security_group_id=to_group,
        cidr_ipv4=to_cidr,
        ip_protocol="tcp" if ports else _ALL_PROTOCOLS,
        from_port=ports[0] if ports else None,
        to_port=ports[1] if ports else None,
        opts=scope.opts(),
    )
