"""The answer in four figures."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.plan import Cost, Plan
from sizing.report.figures import headroom, held_in_all
from sizing.report.words import covers, is_all_in, money, month


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the answer."""

    label: str
    value: str
    note: str


def plan_tiles(plan: Plan) -> tuple[Tile, ...]:
    """The answer in four figures."""
    cost, held = plan.cost, held_in_all(plan)
    rule = plan.rule_of_thumb.gpus_required
    return (
        Tile(
            "An hour",
            money(cost.usd_per_hour),
            f"USD {covers(cost)}, {cost.evidence}{_nodes(cost, cost.nodes_usd_per_hour)}",
        ),
        Tile(
            "A month",
            money(cost.usd_per_month),
            f"USD, {month(cost)}{_nodes(cost, cost.nodes_usd_per_month)}",
        ),
        Tile(
            "GPUs",
            f"{plan.gpus_provisioned:,} {plan.gpu}",
            f"{plan.gpus_required:,} needed; {rule:,} by the rule of thumb",
        ),
        Tile(
            "Room",
            f"{headroom(plan):,.1f}×",
            f"the load: {held:,} sequences of {plan.workload.context:,} tokens at once",
        ),
    )


def _nodes(cost: Cost, usd: float | None) -> str:
    """The nodes' part, where there is another."""
    return f"; the nodes {money(usd)}" if is_all_in(cost) else ""
