"""Figures and short sentences as every kind of report says them."""

from __future__ import annotations

from sizing.deployed import Deployed
from sizing.plan import NODES_GROUP, Cost, Layout, Plan, Quota
from sizing.render.change import change_line
from sizing.render.training_plan import METHODS
from sizing.units import usd

UNKNOWN = "unknown"
_CENT = 0.005
TIMES = "\u00a0×\u00a0"


def money(amount: float | None) -> str:
    """Dollars with their sign; an unknown amount says so and is never zero."""
    return UNKNOWN if amount is None else usd(amount)


def amount(value: float | None) -> str:
    """Dollars in a table whose head says USD; less than half a cent is not shown as nothing."""
    if value is None:
        return UNKNOWN
    return "<0.01" if 0 < value < _CENT else f"{value:,.2f}"


def counted(number: float, one: str, many: str | None = None) -> str:
    """`1 node`, `2 nodes`."""
    return f"{number:,g} {one if number == 1 else many or f'{one}s'}"


def nodes(plan: Plan) -> str:
    """`2 × p5.48xlarge`."""
    return times(plan.nodes, plan.instance_type)


def times(count: int, what: str) -> str:
    """`2 × what`, which is never broken at the sign."""
    return f"{count:,}{TIMES}{what}"


def layout(found: Layout, copies: int = 1) -> str:
    """`TP 8 × PP 2`, with the copies where there are several."""
    parts = [f"TP\u00a0{found.tp}"]
    parts += [f"PP\u00a0{found.pp}"] if found.pp > 1 else []
    parts += [f"DP\u00a0{found.dp}"] if found.dp > 1 else []
    parts += [f"EP\u00a0{found.ep}"] if found.ep > 1 else []
    text = TIMES.join(parts)
    return text if copies == 1 else f"{copies:,} of {text}"


def task(plan: Plan) -> str:
    """What the nodes are for: a model under a load, or a training run."""
    load, training = plan.workload.load, plan.training
    model = f"{plan.model} at {plan.precision}"
    if training:
        each = f"{training.seq_len:,} tokens a sequence, {training.tokens_per_step:,} a step"
        said = f"{METHODS[training.method]} of {model}, {each}"
        return said[:1].upper() + said[1:]
    if load:
        lengths = f"{load.prompt_tokens:,} + {load.output_tokens:,} tokens"
        return f"{model}, {load.requests_per_second:,g} requests a second of {lengths}"
    at_once = counted(plan.workload.concurrency, "sequence")
    return f"{model}, {at_once} at once of {plan.workload.context:,} tokens each"


def where(plan: Plan) -> str:
    """Where the nodes come from."""
    return f"{plan.purchase} in {plan.region}" if plan.region else str(plan.purchase)


def month(cost: Cost) -> str:
    """How many hours a month are, and how many of them are billed."""
    idle = cost.billed_hours_per_month > cost.hours_per_month
    billed = f", {cost.billed_hours_per_month:g} of them billed" if idle else ""
    return f"a month is {cost.hours_per_month:g} hours{billed}"


def change(plan: Plan, before: Deployed | None) -> str:
    """What differs from what is deployed, or why there is nothing to compare with; may be empty."""
    if before is None:
        return ""
    return change_line(plan, before).removeprefix("change: ").replace(" -> ", " → ")


def covers(cost: Cost) -> str:
    """What the sum covers."""
    if cost.unknown_lines:
        return f"at least: {counted(cost.unknown_lines, 'item')} without a known price"
    return "all in" if is_all_in(cost) else "for the nodes alone"


def is_all_in(cost: Cost) -> bool:
    """Whether more than the nodes is counted."""
    return any(line.group != NODES_GROUP for line in cost.lines)


def quota(found: Quota) -> str:
    """What the nodes count against, and whether anybody asked for how much of it there is."""
    code = f" (`{found.code}`)" if found.code else " (AWS's code is not known)"
    unchecked = "" if found.checked else ", not checked in the account"
    return f"{found.needed:,g} {found.unit} of {found.name}{code} in {found.region}{unchecked}"


def price_origin(cost: Cost) -> str:
    """Dates and sources of the prices, the nodes' first."""
    own = _origin(cost.price_as_of, cost.price_source)
    said = f"Nodes' price {own}" if own else "The nodes' price is not known"
    rest = dict.fromkeys(_origin(line.price_as_of, line.price_source) for line in cost.lines)
    others = [origin for origin in rest if origin and origin != own]
    return f"{said}; everything else {' and '.join(others)}." if others else f"{said}."


def _origin(day: str | None, source: str | None) -> str:
    return ", ".join(part for part in (f"of {day}" if day else "", source or "") if part)
