"""What a cluster will cost, from its arguments alone: before anything of it is made."""

from __future__ import annotations

from typing import Any

from policy.resources import CLUSTER, Resource
from policy.values import Unknown
from sizing.errors import InputError, NoPlanError
from sizing.planner import plan_for
from sizing.stack_config import SECRET_KEYS, StackConfig


def planned_usd_per_month(resource: Resource) -> float | None:
    """USD a month by the plan of a cluster's arguments; None where there is no plan or price.

    The same arguments give the same plan: this is the bill that the program is about to show.
    """
    if resource.kind != CLUSTER or _has_unknown(resource.props):
        return None
    arguments = {key: value for key, value in resource.props.items() if key not in SECRET_KEYS}
    try:
        return plan_for(StackConfig.from_mapping(arguments)).cost.usd_per_month
    except (InputError, NoPlanError):
        return None  # the program says so itself, and better


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_unknown(item) for item in value)
    return isinstance(value, Unknown)
