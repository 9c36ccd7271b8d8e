"""What stands on the HTML page: sections with their tables and charts, in reading order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sizing.plan import Method
from sizing.report.charts import (
    bars_chart,
    has_dots,
    memory_chart,
    precisions_chart,
    scatter_chart,
)
from sizing.report.curve_chart import curve_chart
from sizing.report.curves import Curve
from sizing.report.drawing import HALF, NARROW, WIDE, Sheet, Spec, draw
from sizing.report.figures import cost_by_group
from sizing.report.options import (
    alternatives_table,
    change_table,
    precisions_table,
    rejected_table,
    steps_table,
    ways_table,
)
from sizing.report.served import load_table, rate_table
from sizing.report.sheets import cost_table, evidence_table, memory_table
from sizing.report.study import Study
from sizing.report.table import Table
from sizing.report.words import covers, is_all_in, money, nodes

_MOST_ALTERNATIVES = 20
_NO_CHART = "Too little is known of price and room for a chart."
_NO_LOAD = "The rule of thumb knows neither context nor concurrency: the method `engine` does."


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart at the sizes that a screen may need, and the table that holds its numbers.

    `open` tables stand below the chart, others open on demand.
    """

    title: str
    drawings: tuple[str, ...]
    table: Table | None = None
    open: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: `lead` is its answer in a sentence."""

    key: str
    title: str
    lead: str = ""
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    side_by_side: bool = field(default=False)


def sections(study: Study) -> tuple[Section, ...]:
    """All parts, in reading order; a part with nothing to say is left out."""
    made = (
        _change(study),
        _served(study),
        _memory(study),
        _cost(study),
        _alternatives(study),
        _load(study),
        _precisions(study),
        Section("evidence", "How each figure is known", tables=(evidence_table(study.plan),)),
        _rejected(study),
    )
    return tuple(section for section in made if section)


def _change(study: Study) -> Section | None:
    table = change_table(study.plan, study.previous)
    return Section("change", "Change", tables=(table,)) if table else None


def _served(study: Study) -> Section | None:
    table = load_table(study.plan)
    more = (rate_table(study.rate),) if study.rate else ()
    return Section("served", "How the load is served", tables=(table, *more)) if table else None


def _memory(study: Study) -> Section:
    plan = study.plan
    memory = plan.memory_per_gpu_gib
    total = sum(memory.model_dump().values())
    lead = (
        f"Of {total:,.1f} GiB that CUDA sees, the fullest GPU gives {memory.weights:,.1f} to the "
        f"weights and {memory.kv_cache:,.1f} to the KV cache, of which the load needs "
        f"{plan.kv_cache_needed_gib:,.1f} (its left part)."
    )
    drawn = _drawn(lambda sheet: memory_chart(plan, sheet), lead)
    figure = Figure("Memory of one GPU", drawn, memory_table(plan), open=True)
    return Section("memory", "Memory of one GPU", lead, (figure,))


def _cost(study: Study) -> Section:
    cost = study.plan.cost
    groups = cost_by_group(cost)
    ways = ways_table(study.plan)
    tables = (cost_table(study.plan), *([ways] if ways else []))
    share = ""
    if cost.usd_per_month and cost.nodes_usd_per_month and is_all_in(cost):
        share = f", {cost.nodes_usd_per_month / cost.usd_per_month:.1%} of it for the nodes"
    lead = f"{money(cost.usd_per_month)} a month {covers(cost)}{share}."
    if len(groups) < 2:
        return Section("cost", "Cost", lead, tables=tables)
    label = "USD a month: " + ", ".join(f"{name} {money(usd)}" for name, usd in groups.items())
    drawn = _drawn(lambda sheet: bars_chart(groups, sheet), label)
    return Section("cost", "Cost", lead, (Figure("Cost by group", drawn),), tables)


def _alternatives(study: Study) -> Section | None:
    plan = study.plan
    if not plan.alternatives:
        return None
    table = alternatives_table(plan, _MOST_ALTERNATIVES)
    lead = "Price against room: right is dearer, up holds more. The filled point is this plan."
    if not has_dots(plan):
        return Section("alternatives", "Alternatives", _NO_CHART, tables=(table,))
    label = f"Scatter chart, {lead[0].lower()}{lead[1:]} The numbers are in the table below."
    drawn = _drawn(lambda sheet: scatter_chart(plan, sheet), label)
    figure = Figure("Price against room", drawn, table, open=True)
    return Section("alternatives", "Alternatives", lead, (figure,))


def _load(study: Study) -> Section:
    if study.plan.method is Method.RULE_OF_THUMB:
        return Section("load", "Cost over the load", _NO_LOAD)
    figures = (_curve(study, study.context), _curve(study, study.concurrency))
    lead = (
        f"Up to {_until(study.context):,} tokens a sequence, and up to "
        f"{_until(study.concurrency):,} sequences at once, {nodes(study.plan)} will do."
    )
    return Section("load", "Cost over the load", lead, figures, side_by_side=True)


def _until(curve: Curve) -> int:
    """The most that the nodes of the load asked for hold, as far as was looked."""
    return next(s.last for s in curve.steps if s.first <= curve.asked <= s.last)


def _curve(study: Study, curve: Curve) -> Figure:
    title = {
        "context": f"Over context, {study.plan.workload.concurrency:,} sequences at once",
        "concurrency": f"Over concurrency, {study.plan.workload.context:,} tokens a sequence",
    }[curve.over]
    table = steps_table(curve)
    if any(step.usd_per_month is None for step in curve.steps):
        return Figure(f"{title} (some prices are unknown: no chart)", (), table, open=True)
    if curve.steps[0].first == curve.steps[-1].last:
        return Figure(title, (), table, open=True, note=_sentence(curve.ends))
    said = "; ".join(
        f"{s.first:,} to {s.last:,}: {s.nodes} {s.instance_type}, {money(s.usd_per_month)} a month"
        for s in curve.steps
    )
    budget, counts = study.budget_monthly_usd, covers(study.plan.cost)
    sheets = (HALF, NARROW)
    drawn = _drawn(
        lambda sheet: curve_chart(curve, budget, counts, sheet), f"{title}. {said}", sheets
    )
    return Figure(title, drawn, table, note=_sentence(curve.ends))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _precisions(study: Study) -> Section:
    chosen, table = study.plan.precision, precisions_table(study)
    rows = study.precisions
    label = "GB that a copy needs: " + ", ".join(
        f"{row.precision} {row.plan.memory_required_gb:,.0f}" for row in rows if row.plan
    )
    drawn = _drawn(lambda sheet: precisions_chart(rows, chosen, sheet), label)
    lead = "GB (10⁹ bytes) that a copy needs, and the nodes that hold the same load."
    figure = Figure("Memory and nodes by precision", drawn, table, open=True)
    return Section("precisions", "Precisions side by side", lead, (figure,))


def _rejected(study: Study) -> Section | None:
    table = rejected_table(study.plan)
    return Section("rejected", "Rejected, and why", tables=(table,)) if table else None


def _drawn(
    chart: Callable[[Sheet], Spec], label: str, sheets: tuple[Sheet, ...] = (WIDE, NARROW)
) -> tuple[str, ...]:
    return tuple(draw(chart(sheet), sheet, label) for sheet in sheets)
