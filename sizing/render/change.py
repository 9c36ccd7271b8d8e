"""What a deployment changes in the bill: in one line, and item by item."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.deployed import Deployed, DeployedLine, DeployedRun, deployed_as
from sizing.plan import Plan
from sizing.render.cost import UNKNOWN, money, quantity
from sizing.render.text import Align, table
from sizing.render.training_plan import METHODS
from sizing.units import usd

_ALIGNS: tuple[Align, ...] = ("<", "<", ">", ">", ">", ">")
_HEADS = ("", "Item", "Quantity", "Was", "Will be", "Change")
_WHOLE_DOLLARS = 1000
_SAME = 0.005
_Key = tuple[str, str]


def change_line(plan: Plan, before: Deployed) -> str:
    """`2 nodes -> 1, $80,358 -> $40,179 a month (-50%)`, all in too; or why there is no change.

    What changes of a training run comes first: `adamw -> adamw8bit: 2 nodes -> 1, ...`.
    """
    if before.problem:
        return f"change: {before.problem}"
    now = deployed_as(plan)
    if now == before:
        return f"change: none, {_nodes(now.nodes)}, {_all_in(now)}"
    run = "; ".join(_run_changes(before.training, now.training))
    lead = f"change: {run}: " if run else "change: "
    if before.cost == now.cost:
        return f"{lead}{_nodes_change(before, now)}, {_all_in(now)}"
    nodes = _amounts(before.cost.nodes_usd_per_month, now.cost.nodes_usd_per_month, " a month")
    rest = (
        f"all in {_amounts(before.cost.usd_per_month, now.cost.usd_per_month)}"
        if before.itemised
        else "what else is deployed was not itemised"
    )
    return f"{lead}{_nodes_change(before, now)}, {nodes}; {rest}"


def change_section(plan: Plan, before: Deployed, width: int) -> list[str]:
    """Every item that comes (+), changes (~) or goes (-), and the total; empty where none does."""
    now = deployed_as(plan)
    if before.problem or not before.itemised:
        return []
    rows = list(change_rows(before, now))
    if not rows:
        return []
    unchanged = len(_by_key(now)) - sum(row[0] in "+~" for row in rows)
    total = _row("=", "all in", "", before.cost.usd_per_month, now.cost.usd_per_month)
    tail = [f"  {unchanged} items unchanged"] if unchanged > 1 else []
    head = "Change against what is deployed, USD a month"
    return [head, *table(_HEADS, [*rows, total], _ALIGNS, width, yielding=1), *tail]


def change_rows(before: Deployed, now: Deployed) -> Iterator[tuple[str, ...]]:
    """(sign, item, quantity, was, will be, change) of each item that differs."""
    was, will_be = _by_key(before), _by_key(now)
    for key in {**was, **will_be}:
        old, new = was.get(key), will_be.get(key)
        if old and new and not _differs(old, new):
            continue
        sign = "~" if old and new else "+" if new else "-"
        yield _row(sign, key[1], _quantities(old, new), _month(old), _month(new))


def _row(
    sign: str, item: str, count: str, was: float | None, will_be: float | None
) -> tuple[str, ...]:
    change = UNKNOWN if was is None or will_be is None else _signed(will_be - was)
    old = "" if sign == "+" else money(was)
    new = "" if sign == "-" else money(will_be)
    return (sign, item, count, old, new, change)


def _month(line: DeployedLine | None) -> float | None:
    """USD a month; what is not there costs nothing, what has no price is not known."""
    return 0.0 if line is None else line.usd_per_month


def _by_key(found: Deployed) -> dict[_Key, DeployedLine]:
    return {(line.group, line.item): line for line in found.cost.lines}


def _differs(old: DeployedLine, new: DeployedLine) -> bool:
    if old.usd_per_month is None or new.usd_per_month is None:
        return old.usd_per_month != new.usd_per_month or old.quantity != new.quantity
    return abs(old.usd_per_month - new.usd_per_month) >= _SAME


def _quantities(old: DeployedLine | None, new: DeployedLine | None) -> str:
    texts = [quantity(line.quantity) for line in (old, new) if line]
    return texts[0] if len(set(texts)) == 1 else " -> ".join(texts)


def _run_changes(was: DeployedRun | None, will_be: DeployedRun | None) -> Iterator[str]:
    """What differs between two training runs, or that one side serves; nothing between servers."""
    if was is None or will_be is None or was.method != will_be.method:
        if was != will_be:
            yield f"{_purpose(was)} -> {_purpose(will_be)}"
        return
    pairs = {
        "": (was.optimizer, will_be.optimizer),
        "checkpointing ": (was.checkpointing, will_be.checkpointing),
        "sharding ": (was.sharding, will_be.sharding),
        "offload ": (was.offload, will_be.offload),
        "sequence length ": (f"{was.seq_len:,}", f"{will_be.seq_len:,}"),
    }
    yield from (f"{what}{old} -> {new}" for what, (old, new) in pairs.items() if old != new)


def _purpose(run: DeployedRun | None) -> str:
    return "serving" if run is None else METHODS.get(run.method, run.method)


def _nodes_change(before: Deployed, now: Deployed) -> str:
    types = (
        f" ({before.instance_type} -> {now.instance_type})"
        if before.instance_type != now.instance_type
        else ""
    )
    if before.nodes == now.nodes:
        return f"{_nodes(now.nodes)}{types or ' as before'}"
    return f"{_nodes(before.nodes)} -> {now.nodes}{types}"


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"


def _amounts(was: float | None, will_be: float | None, per: str = "") -> str:
    if was is None or will_be is None:
        old, new = (UNKNOWN if x is None else _short(x) for x in (was, will_be))
        return f"{old} -> {new}{per}"
    share = (will_be - was) / was if was else 0.0
    return f"{_short(was)} -> {_short(will_be)}{per} ({share:+.0%})"


def _all_in(found: Deployed) -> str:
    month = found.cost.usd_per_month
    return "cost unknown" if month is None else f"{usd(month)} a month all in"


def _short(amount: float) -> str:
    return f"${amount:,.0f}" if amount >= _WHOLE_DOLLARS else usd(amount)


def _signed(amount: float) -> str:
    return f"{'+' if amount >= 0 else '-'}{usd(abs(amount))}"
