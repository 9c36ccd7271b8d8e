"""What is kept beside the nodes: the stack's secrets, and what nodes and Pulumi tell each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from cluster.names import NodePlacement
from cluster.scope import Scope

LAUNCHED = "launched"


def make_secrets(
    scope: Scope, values: Mapping[str, pulumi.Input[str]]
) -> tuple[pulumi.Resource, ...]:
    """A Secrets Manager secret for each value, by kind. The values stay secret in the state."""
    made: list[pulumi.Resource] = []
    for kind, value in values.items():
        secret = aws.secretsmanager.Secret(
            scope.child(kind),
            name=scope.identity.secret_name(kind),
            description=f"{kind} of {scope.identity.path}",
            # Its name is fixed: a deleted secret in recovery would block the next one.
            recovery_window_in_days=0,
            tags=scope.tags,
            opts=scope.opts(),
        )
        version = aws.secretsmanager.SecretVersion(
            scope.child(kind),
            secret_id=secret.id,
            secret_string=pulumi.Output.secret(value),
            opts=scope.opts(),
        )
        made += [secret, version]
    return tuple(made)


def make_status_parameters(
    scope: Scope, placements: Sequence[NodePlacement]
) -> tuple[pulumi.Resource, ...]:
    """One SSM parameter a node: it says there how its boot went."""
    theirs = pulumi.ResourceOptions(ignore_changes=["insecureValue", "value"])
    return tuple(
        aws.ssm.Parameter(
            f"{node.name}-status",
            name=scope.identity.status_parameter(node.name),
            type="String",
            insecure_value=LAUNCHED,
            description=f"How the boot of {node.name} went; written by the node",
            tags=scope.tags,
            opts=pulumi.ResourceOptions.merge(scope.opts(), theirs),
        )
        for node in placements
    )


def make_head_parameters(
    scope: Scope, addresses: Mapping[int, pulumi.Input[str]]
) -> tuple[pulumi.Resource, ...]:
    """The private address of the first node of each replica that spans nodes.

    The other ranks read it whenever their engine starts, so a replaced head replaces no one else.
    """
    return tuple(
        aws.ssm.Parameter(
            scope.child(f"replica-{replica}-head"),
            name=scope.identity.head_parameter(replica),
            type="String",
            insecure_value=address,
            description=f"Where the ranks of replica {replica} find each other",
            tags=scope.tags,
            opts=scope.opts(),
        )
        for replica, address in addresses.items()
    )
