"""Small pieces of text layout shared by every page."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Literal

from sizing.checkpoint import Checkpoint

WIDTH = 100
Align = Literal["<", ">"]


def fields(rows: Sequence[tuple[str, str]], width: int = WIDTH) -> list[str]:
    """`label  text` lines with the labels in one column; long text wraps under itself."""
    label_width = max((len(label) for label, _ in rows), default=0)
    lines: list[str] = []
    for label, text in rows:
        head = f"  {label:<{label_width}}  "
        room = width - len(head)
        wrapped = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
        lines += [head + wrapped[0], *(" " * len(head) + more for more in wrapped[1:])]
    return lines


def wrapped(line: str, width: int = WIDTH) -> list[str]:
    """A line, broken where it is too wide; what follows is indented."""
    return textwrap.wrap(line, width, subsequent_indent="  ", break_on_hyphens=False)


def bullets(items: Sequence[str], width: int = WIDTH) -> list[str]:
    """One `- item` each, wrapped under itself."""
    lines: list[str] = []
    for item in items:
        lines += textwrap.wrap(item, width, initial_indent="  - ", subsequent_indent="    ")
    return lines


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    aligns: Sequence[Align],
    width: int = WIDTH,
    *,
    yielding: int = 0,
) -> list[str]:
    """A header and aligned columns; column `yielding` is cut where the whole is too wide."""
    grid = [list(heads), *(list(row) for row in rows)]
    sizes = [max(len(row[i]) for row in grid) for i in range(len(heads))]
    excess = 2 + sum(sizes) + 2 * (len(sizes) - 1) - width
    sizes[yielding] = max(8, sizes[yielding] - max(0, excess))
    return [_line(row, sizes, aligns) for row in grid]


def checkpoint_text(found: Checkpoint) -> str:
    """A repository, and what it asks of whoever serves it."""
    notes = ["gated: needs a token"] if found.gated else []
    notes += [f"{found.quantization} while it loads"] if found.quantization else []
    revision = f"@{found.revision}" if found.revision else ""
    noted = f" ({'; '.join(notes)})" if notes else ""
    return f"{found.repository}{revision}{noted}"


def bar(share: float, width: int = 30) -> str:
    """A bar of `share` (0 to 1) of `width` characters, in eighths."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")


def _line(row: Sequence[str], sizes: Sequence[int], aligns: Sequence[Align]) -> str:
    cells = [
        f"{_cut(text, size):{align}{size}}"
        for text, size, align in zip(row, sizes, aligns, strict=True)
    ]
    return "  " + "  ".join(cells).rstrip()


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 1]}…"
