"""The nodes' role: Session Manager, and exactly what their software reads and writes."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cluster.policies import Account, assume_role, node_policy, secret_pattern
from cluster.scope import Scope
from cluster.serving import Serving


@dataclass(frozen=True, slots=True)
class Access:
    """The instance profile, and what must be attached to its role before a node boots."""

    profile: aws.iam.InstanceProfile
    ready: tuple[pulumi.Resource, ...]


def make_access(scope: Scope, account: Account, serving: Serving | None) -> Access:
    """Nodes are reached through Session Manager: no key, no open port."""
    role = aws.iam.Role(
        scope.child("node"),
        assume_role_policy=assume_role("ec2.amazonaws.com"),
        tags=scope.tags,
        opts=scope.opts(),
    )
    session_manager = aws.iam.RolePolicyAttachment(
        scope.child("ssm"),
        role=role.name,
        policy_arn=f"arn:{account.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore",
        opts=scope.opts(),
    )
    secrets = [secret_pattern(name, account) for name in serving.secrets] if serving else []
    own = aws.iam.RolePolicy(
        scope.child("node"),
        role=role.name,
        policy=node_policy(scope.identity, account, serving, secrets),
        opts=scope.opts(),
    )
    profile = aws.iam.InstanceProfile(
        scope.child("node"), role=role.name, tags=scope.tags, opts=scope.opts()
    )
    return Access(profile=profile, ready=(session_manager, own))
