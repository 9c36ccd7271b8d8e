"""Which instance types an environment may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from policy.environments import setting
from policy.forecast import planned
from policy.resources import CAPACITY_RESERVATION, CLUSTER, LAUNCHES, Resource
from policy.values import text
from sizing.catalog.instances import instance_names

_SHOWN = 6


def type_not_allowed(resource: Resource, by_environment: Mapping[str, Sequence[str]]) -> str | None:
    """The instance type that this environment may not use.

    `by_environment` holds patterns (`g6.*`); where it says nothing, the catalogue's types may be.
    A cluster is judged by its plan, so that nothing of it is made.
    """
    if resource.props.get("instanceRequirements") and resource.kind in LAUNCHES:
        return "instanceRequirements lets EC2 choose the type: name an instanceType"
    allowed = setting(by_environment, resource.environment)
    known = instance_names() if allowed is None else allowed
    # A plan takes a moment to make, and is always of the catalogue's types.
    asked = resource.kind != CLUSTER or allowed is not None
    wrong = [kind for kind in (_types(resource) if asked else ()) if not _fits(kind, known)]
    if not wrong:
        return None
    said = "the catalogue's GPU types" if allowed is None else _listed(allowed)
    return f"{', '.join(wrong)} is not allowed in {resource.environment}; allowed: {said}"


def _types(resource: Resource) -> list[str]:
    """The instance types that a resource is known to launch."""
    if resource.kind == CLUSTER:
        plan = planned(resource)
        return [group.instance_type for group in plan.node_groups] if plan else []
    if resource.kind not in LAUNCHES and resource.kind != CAPACITY_RESERVATION:
        return []
    wanted = text(resource.props.get("instanceType"))
    return [wanted] if wanted else []


def _fits(wanted: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(wanted, pattern) for pattern in patterns)


def _listed(patterns: Sequence[str]) -> str:
    more = len(patterns) - _SHOWN
    return ", ".join(patterns[:_SHOWN]) + (f", ... ({len(patterns)})" if more > 0 else "") or "none"
