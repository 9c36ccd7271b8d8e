"""How a plan serves its load, as a table of a report."""

from __future__ import annotations

from sizing.plan import Plan
from sizing.render.load import TIME_HEADS, load_caption, load_facts, load_times
from sizing.report.table import Row, Table, columns


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
