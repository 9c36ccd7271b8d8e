"""A study as a short page of GitHub-flavoured Markdown, as it is posted on a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.plan import Method
from sizing.report.gfm import bullets, facts, folded, page, table, text
from sizing.report.options import (
    alternatives_table,
    change_table,
    precisions_table,
    published_table,
    rejected_table,
    steps_table,
    ways_table,
)
from sizing.report.served import load_table, rate_table
from sizing.report.sheets import cost_table, evidence_table, how, memory_table
from sizing.report.study import AnyStudy, TrainingStudy
from sizing.report.table import Table
from sizing.report.tiles import plan_tiles
from sizing.report.training_tables import methods_table, trade_offs_table
from sizing.report.words import change, money, nodes, task, where

_MOST_ALTERNATIVES = 5


def render_markdown(study: AnyStudy) -> str:
    """The answer, the change and the cost; everything else opens on demand."""
    return page([*_answer(study), *_cost(study), *_surroundings(study), *_grounds(study)])


def _answer(study: AnyStudy) -> list[list[str]]:
    plan = study.plan
    name = f"{study.stack}: " if study.stack else ""
    head = f"## {text(f'{name}{nodes(plan)}, {money(plan.cost.usd_per_month)} a month')}"
    said = change(plan, study.previous)
    warnings = ["> [!WARNING]", *(f"> {line}" for line in bullets(plan.warnings))]
    return [
        [head],
        [f"{text(task(plan))}; {text(where(plan))}."],
        [f"**Against what is deployed:** {text(said)}."] if said else [],
        facts([(tile.label, f"{tile.value} ({tile.note})") for tile in plan_tiles(plan)]),
        warnings if plan.warnings else [],
    ]


def _cost(study: AnyStudy) -> list[list[str]]:
    changed, cost = change_table(study.plan, study.previous), cost_table(study.plan)
    ways = ways_table(study.plan)
    return [
        [f"### {text(changed.caption)}", "", *table(changed)] if changed else [],
        [f"### {text(cost.caption)}", "", *table(cost)],
        folded(ways.caption, table(ways)) if ways else [],
    ]


def _rates(study: AnyStudy) -> Table | None:
    rate = None if isinstance(study, TrainingStudy) else study.rate
    return rate_table(rate) if rate else None


def _surroundings(study: AnyStudy) -> list[list[str]]:
    plan = study.plan
    memory, others = memory_table(plan), alternatives_table(plan, _MOST_ALTERNATIVES)
    load, rates = load_table(plan), _rates(study)
    changes = trade_offs_table(plan.training) if plan.training else None
    return [
        folded(load.caption, table(load)) if load else [],
        folded(rates.caption, table(rates)) if rates else [],
        folded(memory.caption, table(memory)),
        folded(changes.caption, table(changes)) if changes else [],
        folded(others.caption, table(others)) if plan.alternatives else [],
        *(folded(found.caption, table(found)) for found in _around(study)),
    ]


def _around(study: AnyStudy) -> Iterator[Table]:
    """The same question over other loads, and at other precisions or methods."""
    if isinstance(study, TrainingStudy):
        yield steps_table(study.context)
        yield methods_table(study.methods, study.plan)
        return
    curves = (study.context, study.concurrency)
    yield from map(steps_table, curves if study.plan.method is Method.ENGINE else ())
    yield precisions_table(study)
    yield published_table(study)


def _grounds(study: AnyStudy) -> list[list[str]]:
    plan = study.plan
    evidence, rejected = evidence_table(plan), rejected_table(plan)
    title, rows = how(plan)
    return [
        folded(title, facts(rows)),
        folded(evidence.caption, table(evidence)),
        folded("Assumed", bullets(plan.assumptions)) if plan.assumptions else [],
        folded(rejected.caption, table(rejected)) if rejected else [],
    ]
