"""The charts that only a training run has."""

from __future__ import annotations

from collections.abc import Sequence

from sizing.plan import Plan
from sizing.render.training_plan import METHODS, duration, money
from sizing.report.bars import BAD, FULL, PALE, named_bars
from sizing.report.drawing import Sheet, Spec
from sizing.report.methods import AtMethod
from sizing.report.training_tables import AS_PLANNED, visible_gib
from sizing.report.words import nodes
from sizing.training.outcome import TradeOff, TrainingPlan

LONGEST = 1.5
"""A bar is never drawn longer than so many times what CUDA sees."""


def trade_offs_chart(plan: Plan, training: TrainingPlan, sheet: Sheet) -> Spec:
    """GiB of a GPU for each change, against what CUDA sees; what does not fit stands out."""
    visible = visible_gib(plan)
    values = [
        {
            "name": row.change,
            "size": min(row.device_memory_gib_per_gpu, LONGEST * visible),
            "text": _said(row, sheet),
            "fill": FULL if row.change == AS_PLANNED else PALE if row.fits else BAD,
        }
        for row in training.trade_offs
    ]
    limit: Spec = {
        "data": {"values": [{"size": visible}]},
        "mark": {"type": "rule", "strokeDash": [6, 3], "color": "var(--muted)"},
        "encoding": {"y": None},
    }
    room, width = (2.1, 120) if sheet.is_narrow else (1.4, 300)
    return named_bars(values, sheet, room, name_width=width, behind=[limit])


def methods_chart(rows: Sequence[AtMethod], chosen: Plan, sheet: Sheet) -> Spec:
    """USD of the run by each method that has a plan with a price; the chosen one stands out."""
    values = [
        {
            "name": METHODS[row.method],
            "size": usd,
            "text": _cost(plan, usd, sheet),
            "fill": FULL if row.method == chosen.workload.purpose else PALE,
        }
        for row, plan, usd in priced(rows)
    ]
    return named_bars(values, sheet, 1.35 if sheet.is_narrow else 1.5)


def priced(rows: Sequence[AtMethod]) -> list[tuple[AtMethod, Plan, float]]:
    """The methods of which the run's cost is known, with their plan and USD."""
    return [
        (row, row.plan, row.plan.training.run.usd)
        for row in rows
        if row.plan and row.plan.training and row.plan.training.run.usd is not None
    ]


def _said(row: TradeOff, sheet: Sheet) -> str:
    size = f"{row.device_memory_gib_per_gpu:,.1f}"
    if not row.fits:
        return f"{size} no" if sheet.is_narrow else f"{size}, does not fit"
    if sheet.is_narrow or row.hours is None:
        return size
    return f"{size}, {duration(row.hours)}, {money(row.usd)}"


def _cost(plan: Plan, usd: float, sheet: Sheet) -> str:
    if sheet.is_narrow or plan.training is None:
        return money(usd)
    return f"{money(usd)}, {duration(plan.training.run.hours)}, {nodes(plan)}"
