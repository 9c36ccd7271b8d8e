"""Horizontal bars with a name at the left and a figure at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sizing.report.drawing import Sheet, Spec, layered

FULL, PALE, BAD = "var(--accent)", "var(--accent-pale)", "var(--bad)"
"""Fills: the chosen one, the others, and what does not fit."""


def named_bars(
    rows: Sequence[dict[str, Any]],
    sheet: Sheet,
    room: float,
    *,
    name_width: int | None = None,
    behind: Sequence[Spec] = (),
) -> Spec:
    """A bar for each row's `name`, `size`, `text` and `fill`; `room` leaves space for the texts.

    `name_width` (pixels) cuts longer names; `behind` are layers between the bars and their texts.
    """
    most = max(row["size"] for row in rows) * room
    scale = {"domain": [0, most], "nice": False}
    name = {"field": "name", "type": "nominal", "sort": None, "title": None}
    ink = {"labelColor": "var(--ink)", "labelPadding": 6}
    limit = {"labelLimit": name_width} if name_width else {}
    return layered(
        sheet,
        10 + 30 * len(rows),
        [
            {
                "mark": {"type": "bar", "height": 18},
                "encoding": {"fill": {"field": "fill", "type": "nominal", "scale": None}},
            },
            *behind,
            {
                "mark": {"type": "text", "align": "left", "dx": 6},
                "encoding": {"text": {"field": "text"}},
            },
        ],
        # A reader's font may be wider than the one that was measured.
        padding={"left": 10 + (name_width or 0) // 10, "right": 2, "top": 2, "bottom": 2},
        data={"values": rows},
        encoding={
            "x": {"field": "size", "type": "quantitative", "scale": scale, "axis": None},
            "y": {**name, "axis": {"domain": False, "ticks": False, **ink, **limit}},
        },
    )
