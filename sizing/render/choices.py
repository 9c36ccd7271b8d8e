"""What could be bought instead, and what was ruled out and why, as text."""

from __future__ import annotations

from collections.abc import Sequence

from sizing.catalog.prices import HEADLINE_TERM
from sizing.instance import Purchase
from sizing.plan import Alternative, Layout, Plan, PurchaseOption, Rejected
from sizing.render.text import Align, fields, table
from sizing.units import usd

_SHOWN = 5
_SHOWN_REASONS = 3
_SHOWN_NAMES = 3
_MOST_COLUMNS = 7
_BOUGHT = {Purchase.CAPACITY_BLOCK: "block"}
KINDS = {
    "budget": "Over budget",
    "latency": "Too slow",
    "spread": "Not spread",
    "inventory": "Too few nodes",
    "price": "Not for sale",
    "region": "Not offered",
    "types": "Denied",
    "memory": "Too little memory",
    "layout": "No legal layout",
    "precision": "Precision",
    "fraction": "Partial GPU",
}


def ways_to_buy(plan: Plan, width: int) -> list[str]:
    """The same nodes under every purchase option with a known price; nothing if only one is."""
    options = [o for o in plan.purchase_options if o.term in shown_terms(plan)]
    if len(options) < 2:
        return []
    heads = ("Bought as", "Hour", "Month", "Price of", "Saves")
    aligns: tuple[Align, ...] = ("<", ">", ">", "<", "<")
    rows = [_way(plan, option) for option in options]
    return ["The same nodes by how they are bought, USD", *table(heads, rows, aligns, width)]


def alternatives(plan: Plan, width: int) -> list[str]:
    """Other plans on the GPUs asked for, best first; dearer sizes of the same are left out."""
    asked = [a for a in plan.alternatives if not is_elsewhere(a)]
    found = unlike(plan, asked)
    if not found:
        return []
    more = len(asked) - len(found[:_SHOWN]) + plan.alternatives_omitted
    tail = [f"  and {more:,} more (--json lists them)"] if more > 0 else []
    return ["Alternatives", *_listed(plan, found[:_SHOWN], width), *tail]


def other_gpus(plan: Plan, width: int) -> list[str]:
    """The best plan on each GPU that was not asked for."""
    found = [a for a in plan.alternatives if is_elsewhere(a)]
    if not found:
        return []
    shown = found[:_SHOWN]
    tail = [f"  and {len(found) - _SHOWN} more GPUs (--gpu any)"] if len(found) > _SHOWN else []
    return ["On other GPUs, which were not asked for", *_listed(plan, shown, width), *tail]


def rejected(plan: Plan, width: int) -> list[str]:
    """Reasons by kind, the nearest misses first."""
    by_kind: dict[str, list[Rejected]] = {}
    for group in plan.rejected:
        by_kind.setdefault(group.kind, []).append(group)
    if not by_kind:
        return []
    rows = [
        (KINDS.get(kind, kind) if first else "", line)
        for kind, groups in by_kind.items()
        for first, line in _reasons(groups)
    ]
    return ["Rejected", *fields(rows, width)]


def shown_terms(plan: Plan) -> set[str | None]:
    """Of the reserved terms, the plain one and the cheapest are shown."""
    reserved = [o for o in plan.purchase_options if o.term and o.usd_per_hour is not None]
    cheapest = min(reserved, key=lambda o: o.usd_per_hour or 0.0, default=None)
    return {None, HEADLINE_TERM, cheapest.term if cheapest else None}


def _way(plan: Plan, option: PurchaseOption) -> tuple[str, ...]:
    words = {" years": " y", " year": " y", "standard, ": ""}
    term = option.term or ""
    for long, short in words.items():
        term = term.replace(long, short)
    name = f"{option.purchase} {term}".strip()
    hour, month = _money(option.usd_per_hour), _money(option.usd_per_month)
    if option.usd_per_hour_low not in (None, option.usd_per_hour):
        hour, month = f"{usd(option.usd_per_hour_low or 0.0)} to {hour}", f"up to {month}"
    return (name, hour, month, option.price_as_of or "unknown", saves(plan, option))


def saves(plan: Plan, option: PurchaseOption) -> str:
    """Against on-demand: how much, or from how many hours a month on."""
    if option.purchase is Purchase.ON_DEMAND:
        return ""
    if option.committed:
        even = option.breakeven_hours_per_month
        return "nothing" if even is None else f"above {even:,.0f} h a month"
    base = next((o for o in plan.purchase_options if o.purchase is Purchase.ON_DEMAND), None)
    if not base or not base.usd_per_month or not base.usd_per_hour or not option.usd_per_month:
        return ""
    least = max(0.0, 1 - option.usd_per_month / base.usd_per_month)
    low = option.usd_per_hour_low
    most = least if low is None else max(least, 1 - low / base.usd_per_hour)
    if most < 0.005:
        return "nothing"
    if most - least < 0.005:
        return f"{most:.0%}"
    return f"up to {most:.0%}" if least < 0.005 else f"{least:.0%} to {most:.0%}"


def unlike(plan: Plan, found: Sequence[Alternative]) -> list[Alternative]:
    """The first of those that differ in nothing but the size of the machine around the GPUs."""
    seen = {(plan.gpu, plan.layout, plan.nodes, plan.region, plan.purchase, plan.precision)}
    kept: list[Alternative] = []
    for a in found:
        key = (a.gpu, a.layout, a.nodes, a.region, a.purchase, a.precision)
        if key not in seen:
            kept.append(a)
        seen.add(key)
    return kept


def is_elsewhere(a: Alternative) -> bool:
    return a.note.endswith("not asked for")


def _listed(plan: Plan, found: Sequence[Alternative], width: int) -> list[str]:
    """A table with only the columns in which something differs."""
    columns: list[tuple[str, Align, list[str]]] = [
        ("Nodes", "<", [f"{a.nodes} x {a.instance_type}" for a in found]),
        ("Layout", "<", [_layout(a.layout, a.replicas) for a in found]),
        ("Hour", ">", [_money(a.usd_per_hour) for a in found]),
        ("Month", ">", [_money(a.usd_per_month) for a in found]),
    ]
    if any(a.precision != plan.precision for a in found):
        columns.insert(1, ("Precision", "<", [a.precision for a in found]))
    if any(a.gpu != plan.gpu for a in found):
        columns.insert(1, ("GPU", "<", [a.gpu for a in found]))
    if any(a.purchase is not plan.purchase for a in found):
        columns.insert(1, ("Bought as", "<", [_BOUGHT.get(a.purchase, a.purchase) for a in found]))
    if any(a.region != plan.region for a in found):
        columns.insert(1, ("Region", "<", [a.region for a in found]))
    if len(columns) > _MOST_COLUMNS:
        columns = [c for c in columns if c[0] != "Hour"]
    heads, aligns, cells = zip(*columns, strict=True)
    return table(heads, list(zip(*cells, strict=True)), aligns, width)


def _layout(layout: Layout, copies: int) -> str:
    short = str(layout).replace(" x PP 1", "") if layout.pp == 1 else str(layout)
    return short if copies == 1 else f"{copies} of {short}"


def _reasons(groups: Sequence[Rejected]) -> list[tuple[bool, str]]:
    """(is the first, text) of the first few reasons of one kind."""
    lines = [f"{_names(g.candidates)}: {g.reason}" for g in groups[:_SHOWN_REASONS]]
    more = len(groups) - len(lines)
    if more > 0:
        lines.append(f"and {more} more reasons like these (--json lists them)")
    return [(index == 0, line) for index, line in enumerate(lines)]


def _names(candidates: Sequence[str]) -> str:
    more = len(candidates) - _SHOWN_NAMES
    return ", ".join(candidates[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _money(amount: float | None) -> str:
    return "unknown" if amount is None else usd(amount)
