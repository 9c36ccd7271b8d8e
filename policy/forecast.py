"""What a cluster will be, from its arguments alone: before anything of it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from policy.resources import CLUSTER, Resource
from policy.values import Unknown
from sizing.errors import InputError, NoPlanError
from sizing.plan import Plan
from sizing.planner import plan_for
from sizing.stack_config import SECRET_KEYS, StackConfig


def planned(resource: Resource) -> Plan | None:
    """The plan of a cluster's arguments, None where they give none (yet).

    The same arguments give the same plan: it is the one that the program is about to make.
    """
    if resource.kind != CLUSTER or _has_unknown(resource.props):
        return None
    arguments = {key: value for key, value in resource.props.items() if key not in SECRET_KEYS}
    try:
        return plan_for(StackConfig.from_mapping(arguments))
    except (InputError, NoPlanError):
        return None  # the program says so itself, and better


def _has_unknown(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_unknown, cast("Mapping[str, object]", value).values()))
    if isinstance(value, list):
        return any(map(_has_unknown, cast("list[object]", value)))
    return isinstance(value, Unknown)
