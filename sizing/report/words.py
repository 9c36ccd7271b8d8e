"""Figures and short sentences as every kind of report says them."""

from __future__ import annotations

from sizing.plan import Cost, Layout, Plan
from sizing.units import usd

UNKNOWN = "unknown"
_TIMES = "\u00a0×\u00a0"


def money(amount: float | None) -> str:
    """Dollars with their sign; an unknown amount says so and is never zero."""
    return UNKNOWN if amount is None else usd(amount)


def amount(value: float | None) -> str:
    """Dollars in a table whose head says USD; tiny rates keep their digits."""
    if value is None:
        return UNKNOWN
    return f"{value:,.2f}" if value == 0 or abs(value) >= 0.01 else f"{value:.2g}"


def counted(number: float, one: str, many: str | None = None) -> str:
    """`1 node`, `2 nodes`."""
    return f"{number:,g} {one if number == 1 else many or f'{one}s'}"


def nodes(plan: Plan) -> str:
    """`2 × p5.48xlarge`."""
    return times(plan.nodes, plan.instance_type)


def times(count: int, what: str) -> str:
    """`2 × what`, which is never broken at the sign."""
    return f"{count:,}{_TIMES}{what}"


def layout(found: Layout, copies: int = 1) -> str:
    """`TP 8 × PP 2`, with the copies where there are several."""
    parts = [f"TP\u00a0{found.tp}"]
    parts += [f"PP\u00a0{found.pp}"] if found.pp > 1 else []
    parts += [f"DP\u00a0{found.dp}"] if found.dp > 1 else []
    parts += [f"EP\u00a0{found.ep}"] if found.ep > 1 else []
    text = _TIMES.join(parts)
    return text if copies == 1 else f"{copies:,} of {text}"


def served(plan: Plan) -> str:
    """What is served under which load."""
    load = plan.workload
    at_once = counted(load.concurrency, "sequence")
    return f"{plan.model} at {plan.precision}, {at_once} at once of {load.context:,} tokens each"


def where(plan: Plan) -> str:
    """Where the nodes come from."""
    return f"{plan.purchase} in {plan.region}" if plan.region else str(plan.purchase)


def month(cost: Cost) -> str:
    """How many hours a month are, and how many of them are billed."""
    idle = cost.billed_hours_per_month > cost.hours_per_month
    billed = f", {cost.billed_hours_per_month:g} of them billed" if idle else ""
    return f"a month is {cost.hours_per_month:g} hours{billed}"


def price_origin(cost: Cost) -> str:
    """Date and source of the instances' price."""
    if cost.price_as_of is None and cost.price_source is None:
        return "No price is known."
    dated = f" of {cost.price_as_of}" if cost.price_as_of else ""
    return f"Instance price{dated}, from {cost.price_source or 'an unnamed source'}."


def change(plan: Plan, previous: Plan | None) -> str:
    """What differs from what runs now; empty where nothing does or nothing is known to run."""
    if previous is None:
        return ""
    before, after = previous.cost.usd_per_month, plan.cost.usd_per_month
    moved = nodes(plan) if nodes(previous) == nodes(plan) else f"{nodes(previous)} → {nodes(plan)}"
    if before is None or after is None:
        return f"{moved}; the change in cost is unknown"
    if nodes(previous) == nodes(plan) and before == after:
        return f"{moved} as now; {usd(after)} a month as now"
    share = f" ({(after - before) / before:+.0%})" if before else ""
    return f"{moved}, {usd(before)} → {usd(after)} a month{share}"
