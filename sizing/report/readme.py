"""The README of a stack, as Pulumi Cloud shows it: the plan and its cost, nothing folded."""

from __future__ import annotations

from sizing.plan import Plan
from sizing.report.gfm import bullets, facts, page, table, text
from sizing.report.sheets import cost_table, evidence_table, how, memory_table
from sizing.report.tiles import plan_tiles
from sizing.report.training_tables import trade_offs_table
from sizing.report.words import money, nodes, task, where

_SOURCE = "Other nodes, {} and loads: `sizing report --stack`, with the stack's name."


def render_readme(plan: Plan) -> str:
    """GitHub-flavoured Markdown of the plan alone: the same plan always gives the same text."""
    cost, memory = cost_table(plan), memory_table(plan)
    evidence, (title, rows) = evidence_table(plan), how(plan)
    around = "methods" if plan.training else "precisions"
    others = trade_offs_table(plan.training) if plan.training else None
    return page(
        [
            [f"# {text(f'{nodes(plan)}, {money(plan.cost.usd_per_month)} a month')}"],
            [f"{text(task(plan))}; {text(where(plan))}."],
            facts([(tile.label, f"{tile.value} ({tile.note})") for tile in plan_tiles(plan)]),
            ["## Warnings", "", *bullets(plan.warnings)] if plan.warnings else [],
            [f"## {text(cost.caption)}", "", *table(cost)],
            [f"## {text(memory.caption)}", "", *table(memory)],
            [f"## {text(others.caption)}", "", *table(others)] if others else [],
            [f"## {title}", "", *facts(rows)],
            [f"## {text(evidence.caption)}", "", *table(evidence)],
            ["## Assumed", "", *bullets(plan.assumptions)] if plan.assumptions else [],
            [f"GB is 10⁹ bytes, GiB is 2³⁰. {text(_SOURCE.format(around))}"],
        ]
    )
