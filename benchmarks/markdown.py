"""Small pieces of Markdown that the reports share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A title and a table under it; pipes in cells become slashes."""
    lines = [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
    rule = f"|{'---|' * len(heads)}"
    return "\n".join([title, "", f"| {' | '.join(heads)} |", rule, *lines, ""])
