"""What a price refresh found, as a page of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sizing.render.text import WIDTH, bullets, table
from sizing.units import usd

if TYPE_CHECKING:
    from sizing.prices.refresh import Refresh
    from sizing.prices.rows import Change

_SHOWN = 25


def render_refresh(found: Refresh, width: int = WIDTH) -> str:
    """The answer, what changed most, what failed."""
    sections = [
        [_answer(found), *([f"  {found.path}"] if found.path else [])],
        _changes(found.changes, width),
        ["Failed", *bullets([f"{w}: {why}" for w, why in found.failures.items()], width)]
        if found.failures
        else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _answer(found: Refresh) -> str:
    read, changed = len(found.rows), len(found.changes)
    said = f"{read:,} prices read, {changed:,} new or changed"
    if found.failures:
        return f"{said}; {len(found.failures)} questions failed, so nothing was written"
    return f"{said}, written to" if found.path else f"{said}; nothing was written"


def _changes(changes: list[Change], width: int) -> list[str]:
    if not changes:
        return []
    heads = ("Price of", "Region", "Option", "Before", "Of", "Now", "Change")
    rows = [_row(change) for change in changes[:_SHOWN]]
    more = len(changes) - len(rows)
    tail = [f"  and {more:,} more (--json lists them)"] if more else []
    aligns = ("<", "<", "<", ">", "<", ">", ">")
    return [*table(heads, rows, aligns, width, yielding=2), *tail]


def _row(change: Change) -> tuple[str, ...]:
    share = change.share
    return (
        change.instance_type,
        change.region,
        change.option,
        "-" if change.before is None else _price(change.before),
        change.before_as_of or "-",
        _price(change.after),
        "new" if share is None else f"{share:+.1%}",
    )


def _price(amount: float) -> str:
    """Unit prices of services are often less than a cent."""
    return usd(amount) if amount >= 1 else f"${amount:.4f}"
