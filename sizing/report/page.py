"""What stands on the HTML page: sections with their tables and charts, in reading order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sizing.plan import Plan
from sizing.report.charts import (
    bars_chart,
    curve_chart,
    has_dots,
    memory_chart,
    precisions_chart,
    scatter_chart,
)
from sizing.report.curves import Curve, held_in_all
from sizing.report.drawing import HALF, NARROW, WIDE, Sheet, Spec, draw
from sizing.report.figures import headroom
from sizing.report.options import (
    alternatives_table,
    precisions_table,
    rejected_table,
    steps_table,
    ways_table,
)
from sizing.report.sheets import cost_by_group, cost_table, evidence_table, memory_table
from sizing.report.study import Study
from sizing.report.table import Table
from sizing.report.words import month, money, nodes

_MOST_ALTERNATIVES = 20


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


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the answer."""

    label: str
    value: str
    note: str


def tiles(study: Study) -> tuple[Tile, ...]:
    """The answer in four figures."""
    plan = study.plan
    cost, held = plan.cost, held_in_all(plan)
    return (
        Tile("An hour", money(cost.usd_per_hour), f"USD, price {cost.evidence.value}"),
        Tile("A month", money(cost.usd_per_month), f"USD, {month(cost)}"),
        Tile(
            "GPUs",
            f"{plan.gpus_provisioned:,} {plan.gpu}",
            f"{plan.gpus_required:,} needed; {plan.rule_of_thumb.gpus_required:,} by the rule of thumb",
        ),
        Tile(
            "Room",
            f"{headroom(plan):,.1f}×",
            f"the load: {held:,} sequences of {plan.workload.context:,} tokens at once",
        ),
    )


def sections(study: Study) -> tuple[Section, ...]:
    """All parts, in reading order; a part with nothing to say is left out."""
    made = (
        _memory(study),
        _cost(study),
        _alternatives(study),
        _load(study),
        _precisions(study),
        Section("evidence", "How each figure is known", tables=(evidence_table(study.plan),)),
        _rejected(study),
    )
    return tuple(section for section in made if section)


def _memory(study: Study) -> Section:
    plan = study.plan
    memory = plan.memory_per_gpu_gib
    total = sum(memory.model_dump().values())
    lead = (
        f"The fullest GPU holds {memory.weights:,.1f} GiB of weights and {memory.kv_cache:,.1f} GiB "
        f"of KV cache in the {total:,.1f} GiB that CUDA sees."
    )
    drawn = _drawn(lambda sheet: memory_chart(plan, sheet), lead)
    figure = Figure("Memory of one GPU", drawn, memory_table(plan), open=True)
    return Section("memory", "Memory of one GPU", lead, (figure,))


def _cost(study: Study) -> Section:
    cost = study.plan.cost
    groups = cost_by_group(cost)
    ways = ways_table(study.plan)
    tables = (cost_table(cost), *([ways] if ways else []))
    lead = (
        f"{money(cost.usd_per_month)} a month, {money(cost.usd_per_hour)} an hour; {month(cost)}."
    )
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
        return Section("alternatives", "Alternatives", "No prices to compare.", tables=(table,))
    label = f"Scatter chart, {lead[0].lower()}{lead[1:]} The numbers are in the table below."
    drawn = _drawn(lambda sheet: scatter_chart(plan, sheet), label)
    figure = Figure("Price against room", drawn, table, open=True)
    return Section("alternatives", "Alternatives", lead, (figure,))


def _load(study: Study) -> Section:
    figures = (_curve(study, study.context), _curve(study, study.concurrency))
    lead = (
        f"{_until(study.context, 'tokens a sequence')}, and "
        f"{_until(study.concurrency, 'sequences at once')}, {nodes(study.plan)} will do."
    )
    return Section("load", "Cost over the load", lead, figures, side_by_side=True)


def _until(curve: Curve, what: str) -> str:
    step = next(s for s in curve.steps if s.first <= curve.asked <= s.last)
    return f"Up to {step.last:,} {what}" if curve.over == "context" else f"up to {step.last:,} {what}"


def _curve(study: Study, curve: Curve) -> Figure:
    title = {
        "context": f"Over context, {study.plan.workload.concurrency:,} sequences at once",
        "concurrency": f"Over concurrency, {study.plan.workload.context:,} tokens a sequence",
    }[curve.over]
    table = steps_table(curve)
    if any(step.usd_per_month is None for step in curve.steps):
        return Figure(f"{title} (some prices are unknown: no chart)", (), table, open=True)
    said = "; ".join(
        f"{s.first:,} to {s.last:,}: {s.nodes} {s.instance_type}, {money(s.usd_per_month)} a month"
        for s in curve.steps
    )
    budget = study.budget_monthly_usd
    sheets = (HALF, NARROW)
    drawn = _drawn(lambda sheet: curve_chart(curve, budget, sheet), f"{title}. {said}", sheets)
    return Figure(title, drawn, table, note=f"{curve.ends[0].upper()}{curve.ends[1:]}.")


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


