"""GitHub-flavoured Markdown: text that stays text, and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from sizing.report.table import Look, Row, Table, spans

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>|~#&]")
# Without it an @ before a name would notify whoever has that name.
_NO_MENTION = "@<!-- -->"


def text(words: str) -> str:
    """Plain text with `code`, escaped: nothing in it is markup, a link, HTML or a mention."""
    line = words.replace("\n", " ").replace("\r", " ")
    return "".join(_code(part) if is_code else _plain(part) for is_code, part in spans(line))


def table(found: Table) -> list[str]:
    """The table's lines, without its caption; notes follow as a paragraph each."""
    heads = [text(column.head) for column in found.columns]
    rule = ["---:" if column.numeric else "---" for column in found.columns]
    rows = [_cells(row, len(heads)) for row in found.rows]
    notes = [line for note in found.notes for line in ("", text(note))]
    return [_line(heads), _line(rule), *(_line(row) for row in rows), *notes]


def facts(rows: Sequence[tuple[str, str]], heads: tuple[str, str] = ("", "")) -> list[str]:
    """Two columns: a label and what it says."""
    lines = [_line([text(label), text(said)]) for label, said in rows]
    return [_line(heads), _line(["---", "---"]), *lines]


def bullets(items: Sequence[str]) -> list[str]:
    """A line an item."""
    return [f"- {text(item)}" for item in items]


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Lines that open on demand."""
    return ["<details>", f"<summary>{escape(summary)}</summary>", "", *lines, "", "</details>"]


def page(parts: Sequence[Sequence[str]]) -> str:
    """The parts that have lines, an empty line between them."""
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _cells(row: Row, count: int) -> list[str]:
    cells = [text(cell) for cell in row.cells]
    if row.look in (Look.GROUP, Look.TOTAL, Look.CHOSEN):
        cells = [f"**{cell}**" if cell else "" for cell in cells]
    if row.mark:
        cells[0] += f" ({row.mark})"
    return [*cells, *[""] * (count - len(cells))]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(words: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", words).replace("@", _NO_MENTION)


def _code(words: str) -> str:
    # A pipe ends a table's cell even inside code.
    return f"`{words}`".replace("|", "\\|")
