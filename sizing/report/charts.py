"""The charts of a report, as Vega-Lite describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sizing.plan import Plan
from sizing.report.drawing import BOLD_LETTER, LETTER, USD_TICK, Sheet, Spec, layered, over
from sizing.report.figures import alternatives_of, headroom
from sizing.report.labels import Dot, Label, axis, place_labels
from sizing.report.precisions import AtPrecision
from sizing.report.sheets import PARTS, memory_parts
from sizing.report.words import money, nodes, times

_LINE = 26
"""Pixels that a line of text needs."""
_FULL, _PALE = "var(--accent)", "var(--accent-pale)"


def memory_chart(plan: Plan, sheet: Sheet) -> Spec:
    """One bar: the parts of a GPU's memory. The KV cache begins with what the load needs of it."""
    parts = memory_parts(plan.memory_per_gpu_gib)
    total, start = sum(parts.values()), 0.0
    bars: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    for part, size in parts.items():
        pieces = {part.replace("_", "-"): (start, start + size)}
        if part == "kv_cache":
            needed = start + min(plan.kv_cache_needed_gib, size)
            pieces = {"kv-cache": (start, needed), "kv-spare": (needed, start + size)}
        bars += [{"from": a, "to": b, "fill": f"var(--{n})"} for n, (a, b) in pieces.items()]
        name, (left, right) = max(pieces.items(), key=lambda item: item[1][1] - item[1][0])
        text = f"{PARTS[part][0]} {size:,.1f}"
        if (len(text) + 1) * BOLD_LETTER < (right - left) / total * sheet.width:
            names.append({"at": (left + right) / 2, "text": text, "ink": f"var(--{name}-ink)"})
        start += size
    scale = {"domain": [0, total], "nice": False}
    x = {"field": "from", "type": "quantitative", "title": "GiB", "scale": scale}
    return layered(
        sheet,
        104,
        [
            {
                "data": {"values": bars},
                "mark": {"type": "bar", "height": 52, "stroke": "var(--page)", "strokeWidth": 1.5},
                "encoding": {
                    "x": {**x, "axis": {"grid": False, "tickCount": 5 if sheet.is_narrow else 9}},
                    "x2": {"field": "to"},
                    "fill": {"field": "fill", "type": "nominal", "scale": None},
                },
            },
            {
                "data": {"values": names},
                "mark": {"type": "text", "fontWeight": 600},
                "encoding": {
                    "x": {"field": "at", "type": "quantitative"},
                    "text": {"field": "text"},
                    "color": {"field": "ink", "type": "nominal", "scale": None},
                },
            },
        ],
    )


def bars_chart(values: dict[str, float], sheet: Sheet) -> Spec:
    """A horizontal bar each, in the given order, with its amount in USD beside it."""
    rows = [{"name": n, "size": v, "text": money(v), "fill": _PALE} for n, v in values.items()]
    return _bars(rows, sheet, 1.5 if sheet.is_narrow else 1.15)


def precisions_chart(rows: Sequence[AtPrecision], chosen: str, sheet: Sheet) -> Spec:
    """What a copy needs at each precision; the chosen one stands out."""
    values = [
        {
            "name": row.precision,
            "size": row.plan.memory_required_gb,
            "text": _beside(row.plan, sheet),
            "fill": _FULL if row.precision == chosen else _PALE,
        }
        for row in rows
        if row.plan
    ]
    return _bars(values, sheet, 1.35 if sheet.is_narrow else 1.45)


def scatter_chart(plan: Plan, sheet: Sheet) -> Spec:
    """Price against room: the plan, its alternatives, and the line of the load that was asked."""
    dots, height = _dots(plan), 320
    across, up = axis([d.x for d in dots]), axis([1.0, *(d.y for d in dots)])
    named = place_labels(dots, across, up, (sheet.width - 70, height - 60), LETTER)
    x: Spec = {"type": "quantitative", "scale": across.spec()}
    y: Spec = {"type": "quantitative", "scale": up.spec()}
    points = [
        {
            "x": d.x,
            "y": d.y,
            "fill": "var(--accent)" if d.chosen else "var(--page)",
            "size": 180 if d.chosen else 80,
        }
        for d in reversed(dots)
    ]
    ticks = across.ticks(4 if sheet.is_narrow else 8)
    cost = {"title": "USD a month for the nodes", "axis": {"labelExpr": USD_TICK, **ticks}}
    room = {"title": None, "axis": {"format": "~r", **up.ticks(8)}}
    below = up.share(1.0) * height > _LINE
    return layered(
        sheet,
        height,
        [
            _asked_line(sheet, y, 12 if below else -8),
            {
                "data": {"values": points},
                "mark": {"type": "point", "stroke": "var(--accent)", "strokeWidth": 2},
                "encoding": {
                    "x": {"field": "x", **x, **cost},
                    "y": {"field": "y", **y, **room},
                    "fill": {"field": "fill", "type": "nominal", "scale": None},
                    "size": {"field": "size", "type": "quantitative", "scale": None},
                    "opacity": {"value": 1},
                },
            },
            *(_named(label, x, y) for label in named),
        ],
        title=over("room: how many times the load fits"),
    )


def has_dots(plan: Plan) -> bool:
    """Whether there is anything to compare the plan with."""
    return plan.cost.nodes_usd_per_month is not None and len(_dots(plan)) > 1


def _asked_line(sheet: Sheet, y: Spec, dy: int) -> Spec:
    text = {"type": "text", "align": "right", "dy": dy, "color": "var(--muted)"}
    return {
        "data": {"values": [{"y": 1, "text": "the load asked for"}]},
        "encoding": {"y": {"field": "y", **y}},
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [4, 4], "color": "var(--muted)"}},
            {
                "mark": text,
                "encoding": {"x": {"value": sheet.width - 64}, "text": {"field": "text"}},
            },
        ],
    }


def _named(label: Label, x: Spec, y: Spec) -> Spec:
    dot = label.dot
    weight = 600 if dot.chosen else "normal"
    beside = {"align": label.align, "dx": label.dx, "dy": label.dy, "fontWeight": weight}
    return {
        "data": {"values": [{"x": dot.x, "y": dot.y, "text": dot.name}]},
        "mark": {"type": "text", **beside},
        "encoding": {
            "x": {"field": "x", **x},
            "y": {"field": "y", **y},
            "text": {"field": "text"},
        },
    }


def _bars(rows: list[dict[str, Any]], sheet: Sheet, room: float) -> Spec:
    """Bars named at the left, with their figures at the right; `room` leaves space for those."""
    most = max(row["size"] for row in rows) * room
    scale = {"domain": [0, most], "nice": False}
    name = {"field": "name", "type": "nominal", "sort": None, "title": None}
    ink = {"labelColor": "var(--ink)", "labelPadding": 6}
    return layered(
        sheet,
        10 + 30 * len(rows),
        [
            {
                "mark": {"type": "bar", "height": 18},
                "encoding": {"fill": {"field": "fill", "type": "nominal", "scale": None}},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6},
                "encoding": {"text": {"field": "text"}},
            },
        ],
        # A reader's font may be wider than the one that was measured.
        padding={"left": 10, "right": 2, "top": 2, "bottom": 2},
        data={"values": rows},
        encoding={
            "x": {"field": "size", "type": "quantitative", "scale": scale, "axis": None},
            "y": {**name, "axis": {"domain": False, "ticks": False, **ink}},
        },
    )


def _beside(plan: Plan, sheet: Sheet) -> str:
    size = f"{plan.memory_required_gb:,.0f} GB"
    usd = plan.cost.nodes_usd_per_month
    money = "price unknown" if usd is None else f"${usd:,.0f} a month"
    return size if sheet.is_narrow else f"{size}, {nodes(plan)}, {money}"


def _dots(plan: Plan) -> list[Dot]:
    """The plan first, then the alternatives of which price and room are known."""
    own = plan.cost.nodes_usd_per_month
    dots = [Dot(own, headroom(plan), nodes(plan), chosen=True)] if own is not None else []
    dots += [
        Dot(a.usd_per_month, a.headroom, times(a.nodes, a.instance_type))
        for a in alternatives_of(plan)
        if a.usd_per_month is not None and a.headroom is not None
    ]
    return dots
