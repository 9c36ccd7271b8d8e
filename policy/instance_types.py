"""Which instance types an environment may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from policy.environments import setting
from policy.resources import CAPACITY_RESERVATION, LAUNCHES, Resource
from policy.values import text
from sizing.catalog.instances import instance_names

_SHOWN = 6


def type_not_allowed(resource: Resource, by_environment: Mapping[str, Sequence[str]]) -> str | None:
    """The instance type that this environment may not use.

    `by_environment` holds patterns (`g6.*`); where it says nothing, the catalogue's types may be.
    """
    if resource.kind not in LAUNCHES and resource.kind != CAPACITY_RESERVATION:
        return None
    if resource.props.get("instanceRequirements"):
        return "instanceRequirements lets EC2 choose the type: name an instanceType"
    wanted = text(resource.props.get("instanceType"))
    allowed = setting(by_environment, resource.environment)
    if wanted is None or _fits(wanted, instance_names() if allowed is None else allowed):
        return None
    said = "the catalogue's GPU types" if allowed is None else _listed(allowed)
    return f"{wanted} is not allowed in {resource.environment}; allowed: {said}"


def _fits(wanted: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(wanted, pattern) for pattern in patterns)


def _listed(patterns: Sequence[str]) -> str:
    more = len(patterns) - _SHOWN
    return ", ".join(patterns[:_SHOWN]) + (f", ... ({len(patterns)})" if more > 0 else "") or "none"
