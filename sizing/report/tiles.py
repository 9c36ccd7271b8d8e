"""The answer in four figures."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.plan import Cost, Plan
from sizing.render.training_plan import duration, run_notes, tokens
from sizing.render.training_plan import money as usd_of_run
from sizing.report.figures import headroom, held_in_all
from sizing.report.words import covers, is_all_in, money, month, nodes
from sizing.training.outcome import TrainingPlan


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the answer."""

    label: str
    value: str
    note: str


def plan_tiles(plan: Plan) -> tuple[Tile, ...]:
    """The answer in four figures."""
    cost, training = plan.cost, plan.training
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
        Tile("GPUs", f"{plan.gpus_provisioned:,} {plan.gpu}", _gpus_needed(plan)),
        _run(training) if training else _room(plan),
    )


def _gpus_needed(plan: Plan) -> str:
    needed = f"{plan.gpus_required:,} needed"
    if plan.training:
        return f"{needed}; {nodes(plan)}"
    return f"{needed}; {plan.rule_of_thumb.gpus_required:,} by the rule of thumb"


def _room(plan: Plan) -> Tile:
    held = held_in_all(plan)
    return Tile(
        "Room",
        f"{headroom(plan):,.1f}×",
        f"the load: {held:,} sequences of {plan.workload.context:,} tokens at once",
    )


def _run(training: TrainingPlan) -> Tile:
    run = training.run
    notes = [f"for {tokens(run.tokens)}", *run_notes(training)]
    notes += ["the tokens are an example"] if run.is_example else []
    return Tile("The run", f"{duration(run.hours)}, {usd_of_run(run.usd)}", "; ".join(notes))


def _nodes(cost: Cost, usd: float | None) -> str:
    """The nodes' part, where there is another."""
    return f"; the nodes {money(usd)}" if is_all_in(cost) else ""
