"""One address for all replicas: an internal load balancer over their first nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cluster.firewall import HTTPS, balancer_group
from cluster.names import NodePlacement
from cluster.network import Network
from cluster.scope import Scope
from sizing.stack_config import ServingConfig

HTTP = 80
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_DRAIN_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Target:
    """An engine that answers: the node it runs on and its port there."""

    replica: int
    instance_id: pulumi.Input[str]
    port: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The load balancer, its targets, and where clients find the model."""

    url: pulumi.Output[str]
    balancer: aws.lb.LoadBalancer
    targets: aws.lb.TargetGroup


def ports(placements: Sequence[NodePlacement], first: int) -> tuple[int, int]:
    """The first and the last port on which the nodes' engines answer."""
    most = max((len(node.replicas) for node in placements), default=1)
    return first, first + most - 1


def make_endpoint(
    scope: Scope,
    network: Network,
    config: ServingConfig,
    node_ports: tuple[int, int],
    targets: Sequence[Target],
) -> Endpoint:
    """The load balancer, its listener, and each replica's head behind it."""
    port = HTTPS if config.certificate_arn else HTTP
    clients = config.allowed_cidrs or network.clients
    group = balancer_group(scope, network.vpc_id, network.nodes, port, clients, node_ports)
    balancer = aws.lb.LoadBalancer(
        scope.child("endpoint"),
        load_balancer_type="application",
        internal=True,
        subnets=list(network.balancer_subnet_ids),
        security_groups=[group.id],
        # A long answer sends nothing for a while when it is not streamed.
        idle_timeout=config.idle_timeout_seconds,
        drop_invalid_header_fields=True,
        enable_deletion_protection=scope.protect,
        tags=scope.named("endpoint"),
        opts=scope.opts(after=group.rules),
    )
    target_group = _target_group(scope, network, node_ports[0])
    _listener(scope, balancer, target_group, config.certificate_arn, port)
    for target in targets:
        aws.lb.TargetGroupAttachment(
            scope.child(f"replica-{target.replica}"),
            target_group_arn=target_group.arn,
            target_id=target.instance_id,
            port=target.port,
            opts=scope.opts(),
        )
    scheme = "https" if config.certificate_arn else "http"
    return Endpoint(
        url=pulumi.Output.concat(scheme, "://", balancer.dns_name, "/v1"),
        balancer=balancer,
        targets=target_group,
    )


def _target_group(scope: Scope, network: Network, port: int) -> aws.lb.TargetGroup:
    return aws.lb.TargetGroup(
        scope.child("engines"),
        port=port,
        protocol="HTTP",
        vpc_id=network.vpc_id,
        target_type="instance",
        # Answers differ in length by orders of magnitude: turns would pile them up on one replica.
        load_balancing_algorithm_type="least_outstanding_requests",
        deregistration_delay=_DRAIN_SECONDS,
        health_check=aws.lb.TargetGroupHealthCheckArgs(
            path="/health",
            protocol="HTTP",
            port="traffic-port",
            matcher="200",
            interval=15,
            timeout=10,
            healthy_threshold=2,
            unhealthy_threshold=3,
        ),
        tags=scope.named("engines"),
        opts=scope.opts(),
    )


def _listener(
    scope: Scope,
    balancer: aws.lb.LoadBalancer,
    targets: aws.lb.TargetGroup,
    certificate_arn: str,
    port: int,
) -> aws.lb.Listener:
    tls = bool(certificate_arn)
    return aws.lb.Listener(
        scope.child("endpoint"),
        load_balancer_arn=balancer.arn,
        port=port,
        protocol="HTTPS" if tls else "HTTP",
        ssl_policy=_TLS_POLICY if tls else None,
        certificate_arn=certificate_arn or None,
        default_actions=[
            aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)
        ],
        tags=scope.named("endpoint"),
        opts=scope.opts(),
    )
