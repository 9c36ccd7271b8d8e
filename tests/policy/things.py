"""Resources for the decision tables."""

from __future__ import annotations

from typing import Any

from policy.machines import Machine
from policy.resources import CLUSTER, INSTANCE, LAUNCH_TEMPLATE, Resource
from sizing.instance import Purchase

US_EAST = {"region": "us-east-1"}


def resource(kind: str, name: str = "it", stack: str = "prod", **props: Any) -> Resource:
    """A resource of a stack."""
    return Resource(kind, props, f"urn:pulumi:{stack}::gpu-sizing::{kind}::{name}", US_EAST)


def instance(**props: Any) -> Resource:
    """An instance without a launch template."""
    return resource(INSTANCE, **props)


def template(**props: Any) -> Resource:
    """A launch template."""
    return resource(LAUNCH_TEMPLATE, **props)


def cluster(monthly: float | None, **plan: Any) -> Resource:
    """A cluster with what its plan says."""
    return resource(CLUSTER, "llm", monthlyCostUsd=monthly, plan=plan)


def node(of: Resource | None = None, launched_from: Resource | None = None) -> Resource:
    """An instance whose type stands in its launch template."""
    made = resource(INSTANCE, "node", launchTemplate={"id": "lt-1"})
    return Resource(
        kind=made.kind,
        props=made.props,
        urn=made.urn,
        provider=US_EAST,
        ancestors=(of,) if of else (),
        templates=(launched_from,) if launched_from else (),
    )


def machine(kind: str | None = "p5.48xlarge", region: str | None = "us-east-1") -> Machine:
    """A kind of machine, bought on demand."""
    return Machine(kind, region, Purchase.ON_DEMAND)
