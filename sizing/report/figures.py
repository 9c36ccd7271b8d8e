"""Figures of a plan that reports show beside the plan's own."""

from __future__ import annotations

from sizing.plan import NODES_GROUP, Alternative, Cost, Method, Plan
from sizing.render.choices import unlike

_GROUPS = {NODES_GROUP: "Nodes"}


def group_name(group: str) -> str:
    """What a group of cost lines is called in print."""
    return _GROUPS.get(group, group.capitalize())


def cost_by_group(cost: Cost) -> dict[str, float]:
    """USD a month of each group that has a known price, the largest first."""
    sums: dict[str, float] = {}
    for line in cost.lines:
        if line.usd_per_month is not None:
            name = group_name(line.group)
            sums[name] = sums.get(name, 0.0) + line.usd_per_month
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def held_in_all(plan: Plan) -> int:
    """Sequences of the asked context that all copies hold at once."""
    return int(plan.max_concurrency) * plan.replicas


def headroom(plan: Plan) -> float:
    """How many times the asked load all copies hold, in whole sequences."""
    return held_in_all(plan) / plan.workload.concurrency


def alternatives_of(plan: Plan) -> list[Alternative]:
    """Other plans, best first, without those that only change the machine around the GPUs.

    The rule of thumb knows no load, so nothing is said of their room.
    """
    found = unlike(plan, plan.alternatives)
    if plan.method is Method.ENGINE:
        return found
    return [a.model_copy(update={"headroom": None}) for a in found]
