"""How a plan serves its load, and what more of it would cost, as tables of a report."""

from __future__ import annotations

from sizing.plan import Plan
from sizing.render.load import TIME_HEADS, load_caption, load_facts, load_times
from sizing.report.rates import RateCurve, RateStep
from sizing.report.table import Look, Row, Table, columns
from sizing.report.words import UNKNOWN, amount, times


def load_table(plan: Plan) -> Table | None:
    """Milliseconds that requests wait, with rates, money and energy below; None without a load."""
    load, seen = plan.workload.load, plan.performance
    if load is None or seen is None:
        return None
    what, *times, asked = TIME_HEADS
    heads = columns(what, *(f">{time}" for time in times), asked)
    rows = tuple(Row(tuple(cells)) for cells in load_times(load, seen))
    notes = tuple(f"{label}: {text}." for label, text in load_facts(load, seen))
    return Table(load_caption(plan, seen), heads, rows, notes)


def rate_table(curve: RateCurve) -> Table:
    """The nodes that each range of the request rate needs."""
    heads = columns(
        "Nodes",
        ">Copies",
        ">From, requests/s",
        ">To",
        ">USD a month",
        ">USD a million output tokens",
    )
    rows = tuple(_rate_row(step, curve) for step in curve.steps)
    notes = (
        f"By {curve.basis}. The next node is needed above To, which is told to "
        f"{curve.resolution:g} requests a second. USD are of the nodes alone.",
    )
    return Table("Nodes by requests a second", heads, rows, notes)


def _rate_row(step: RateStep, curve: RateCurve) -> Row:
    cells = (
        times(step.nodes, step.instance_type),
        f"{step.replicas:,}",
        f"{step.first:,g}",
        f"{step.last:,g}",
        amount(step.usd_per_month),
        _per_million(step),
    )
    asked = step.first <= curve.asked <= step.last
    return Row(cells, Look.CHOSEN if asked else Look.ITEM, mark="asked" if asked else "")


def _per_million(step: RateStep) -> str:
    """From where the nodes idle most to where they carry all that they can."""
    dearest = step.usd_per_million_output_tokens_at_first
    cheapest = step.usd_per_million_output_tokens_at_last
    if cheapest is None:
        return UNKNOWN
    return f"from {cheapest:,.2f}" if dearest is None else f"{dearest:,.2f} to {cheapest:,.2f}"
