"""A part of the HTML page, and the charts in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sizing.report.curve_chart import curve_chart
from sizing.report.curves import Curve
from sizing.report.drawing import HALF, NARROW, WIDE, Sheet, Spec, draw
from sizing.report.options import steps_table
from sizing.report.study import Told
from sizing.report.table import Table
from sizing.report.words import covers, money


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


def drawn(
    chart: Callable[[Sheet], Spec], label: str, sheets: tuple[Sheet, ...] = (WIDE, NARROW)
) -> tuple[str, ...]:
    """The chart on every sheet; `label` is what a screen reader says."""
    return tuple(draw(chart(sheet), sheet, label) for sheet in sheets)


def curve_figure(
    study: Told, curve: Curve, title: str, sheets: tuple[Sheet, ...] = (HALF, NARROW)
) -> Figure:
    """A curve, with its chart where all prices are known and there is a range to draw."""
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
    charts = drawn(
        lambda sheet: curve_chart(curve, budget, counts, sheet), f"{title}. {said}", sheets
    )
    return Figure(title, charts, table, note=_sentence(curve.ends))


def until(curve: Curve) -> int:
    """The most that the nodes of the load asked for hold, as far as was looked."""
    return next(s.last for s in curve.steps if s.first <= curve.asked <= s.last)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
