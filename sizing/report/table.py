"""A table as data, so that HTML and Markdown show the same cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Look(StrEnum):
    """What a row is: an item, the head of a group, a sum, or the one that was chosen."""

    ITEM = ""
    GROUP = "group"
    TOTAL = "total"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Column:
    """`numeric` columns are aligned to the right."""

    head: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Cells as plain text, in which `backticks` mark code. `key` names a colour of a chart, `mark`
    is said beside the first cell.

    Fewer cells than columns: the last cell spans the rest.
    """

    cells: tuple[str, ...]
    look: Look = Look.ITEM
    key: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`caption` says what it shows, with units. The first cell of a row is its head."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def columns(*heads: str) -> tuple[Column, ...]:
    """Columns from heads; one that starts with `>` is numeric."""
    return tuple(Column(head.removeprefix(">"), head.startswith(">")) for head in heads)


def without_empty(table: Table) -> Table:
    """The table without columns that are empty in every row (never the first)."""
    kept = [i for i in range(len(table.columns)) if i == 0 or _is_used(table.rows, i)]
    return Table(
        table.caption,
        tuple(table.columns[i] for i in kept),
        tuple(replace(row, cells=_picked(row.cells, kept)) for row in table.rows),
        table.notes,
    )


def spans(text: str) -> list[tuple[bool, str]]:
    """(is code, text) parts: what stands between two backticks is code; a lone one is a letter."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = ["`".join(parts[-2:])]
    return [(index % 2 == 1, part) for index, part in enumerate(parts) if part]


def _is_used(rows: Sequence[Row], index: int) -> bool:
    return any(index < len(row.cells) and row.cells[index] for row in rows)


def _picked(cells: tuple[str, ...], kept: Sequence[int]) -> tuple[str, ...]:
    return tuple(cells[i] for i in kept if i < len(cells))
