"""What everything costs, as an aligned table with its assumptions and sources under it."""

from __future__ import annotations

from sizing.instance import Purchase
from sizing.plan import NODES_GROUP, Cost, CostLine, Plan
from sizing.render.text import Align, bullets, table
from sizing.units import usd

UNKNOWN = "unknown"
_USAGE = " *"
_GROUPS = {NODES_GROUP: "Nodes"}
_HEADS = ("", "Item", "Quantity", "", "Hour", "Month", "Evidence")
_ALIGNS: tuple[Align, ...] = ("<", "<", ">", "<", ">", ">", "<")
_MEASURED_IN = ("GiB", "GB", "GB-month", "LCU-hour")
_CENT = 0.005


def cost_section(plan: Plan, width: int) -> list[str]:
    """The whole section: a line an item, the total, then how each figure is known."""
    cost = plan.cost
    return [
        _head(cost),
        *table(_HEADS, _rows(plan), _ALIGNS, width, yielding=1),
        *bullets(_about(plan), width),
    ]


def all_in(plan: Plan) -> str | None:
    """The total in words; None where nothing but the nodes is counted."""
    cost = plan.cost
    if not cost.is_all_in:
        return None
    unknown = _unknown(cost, plan.region)
    if cost.usd_per_hour is None or cost.usd_per_month is None:
        return f"all in: cost unknown; {unknown}"
    amount = f"{usd(cost.usd_per_hour)} an hour, {usd(cost.usd_per_month)} a month"
    if unknown:
        return f"all in: at least {amount}; {unknown}"
    usage = f", {cost.usage_lines} lines of it usage as assumed" if cost.usage_lines else ""
    return f"all in: {amount}{usage}"


def money(amount: float | None) -> str:
    """Dollars and cents; what is less than half a cent is not shown as nothing."""
    if amount is None:
        return UNKNOWN
    return "<$0.01" if 0 < amount < _CENT else usd(amount)


def quantity(value: float) -> str:
    """A count, or a quantity with one decimal."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _head(cost: Cost) -> str:
    used, billed = cost.hours_per_month, cost.billed_hours_per_month
    idle = f", {billed:g} of them billed" if billed > used else ""
    return f"Cost, USD (a month is {used:g} hours{idle})"


def _rows(plan: Plan) -> list[tuple[str, ...]]:
    cost, rows, last = plan.cost, list[tuple[str, ...]](), ""
    for line in cost.lines:
        group = _GROUPS.get(line.group, line.group.capitalize())
        rows.append((group if group != last else "", *_row(plan, line)))
        last = group
    if len(rows) > 1:
        hour, month = money(cost.usd_per_hour), money(cost.usd_per_month)
        rows.append(
            (
                "All in" if not cost.unknown_lines else "Known",
                "",
                "",
                "",
                hour,
                month,
                cost.evidence.value,
            )
        )
    return rows


def _row(plan: Plan, line: CostLine) -> tuple[str, ...]:
    # The region stands above, and the widest types need the room.
    item = line.item.removesuffix(f", {plan.region}")
    return (
        item + (_USAGE if line.usage else ""),
        quantity(line.quantity),
        line.unit if line.unit in _MEASURED_IN else "",
        money(line.usd_per_hour),
        money(line.usd_per_month),
        line.evidence.value,
    )


def _about(plan: Plan) -> list[str]:
    cost = plan.cost
    usage = "; ".join(f"{line.item}: {line.assumption}" for line in cost.lines if line.usage)
    unknown = _unknown(cost, plan.region)
    return [
        *([f"* a month's usage as assumed (`usage` says else): {usage}"] if usage else []),
        *([f"{unknown}: the sum is without them"] if unknown else []),
        _prices(plan),
        *([f"Made and not billed: {', '.join(cost.free)}"] if cost.free else []),
        *(note[:1].upper() + note[1:] for note in cost.notes),
    ]


def _prices(plan: Plan) -> str:
    """Date and source of every price, the nodes' first."""
    cost = plan.cost
    if plan.purchase is Purchase.OWNED:
        return f"The price is {cost.price_source}'s own figure"
    if not cost.price_as_of:
        said = "The nodes' price is not known"
    else:
        said = f"Price of {cost.price_as_of}, {cost.price_source}"
    around = dict.fromkeys(
        f"{line.price_as_of}, {line.price_source}"
        for line in cost.lines
        if line.group != NODES_GROUP and line.price_as_of
    )
    return f"{said}; everything else of {' and '.join(around)}" if around else said


def _unknown(cost: Cost, region: str) -> str:
    count = cost.unknown_lines
    if not count:
        return ""
    return f"{count} {'item has' if count == 1 else 'items have'} no known price in {region}"
