"""Figures of a plan that reports show beside the plan's own."""

from __future__ import annotations

from collections.abc import Sequence

from sizing.plan import CostLine, Plan

INSTANCES = "instances"


def nodes_per_month(plan: Plan) -> float | None:
    """USD a month of the instances alone; None where some price is unknown.

    Plans are compared by it: what alternatives cost is known for their instances only.
    """
    amounts = [line.usd_per_month for line in plan.cost.lines if line.group == INSTANCES]
    if not amounts:
        return plan.cost.usd_per_month
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def unknown_lines(lines: Sequence[CostLine]) -> list[CostLine]:
    """The items without a price, which no sum counts."""
    return [line for line in lines if line.usd_per_month is None]


def headroom(plan: Plan) -> float:
    """How many times the asked load all copies hold, in whole sequences."""
    return int(plan.max_concurrency) * plan.replicas / plan.workload.concurrency
