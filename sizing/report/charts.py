"""The charts of a report, as Vega-Lite describes them."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

from sizing.plan import Plan
from sizing.report.curves import Curve, Step
from sizing.report.drawing import Sheet, Spec, layered
from sizing.report.figures import alternatives_of, headroom
from sizing.report.labels import Dot, Label, axis, place_labels
from sizing.report.precisions import AtPrecision
from sizing.report.sheets import PARTS, memory_parts
from sizing.report.words import counted, money, nodes, times

_LETTER, _BOLD_LETTER = 7.0, 8.0
"""Pixels of a letter of a chart's text, about, in the widest of common fonts."""
_MOST_TICKS = 5
_LINE = 26
"""Pixels that a line of text needs."""
_FULL, _PALE = "var(--accent)", "var(--accent-pale)"
_USD = "datum.value ? format(datum.value, '$~s') : '$0'"


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
        if (len(text) + 1) * _BOLD_LETTER < (right - left) / total * sheet.width:
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
    named = place_labels(dots, across, up, (sheet.width - 70, height - 60), _LETTER)
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
    cost = {"title": "USD a month for the nodes", "axis": {"labelExpr": _USD, **ticks}}
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
        title=_over("room: how many times the load fits"),
    )


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


def curve_chart(curve: Curve, budget: float | None, sheet: Sheet) -> Spec:
    """USD a month over the load: a level for each range that the same nodes serve."""
    steps = [s for s in curve.steps if s.usd_per_month is not None]
    low, high = curve.steps[0].first, curve.steps[-1].last
    top = max([*(s.usd_per_month or 0.0 for s in steps), budget or 0.0]) * 1.18
    is_log = curve.over == "context"
    scale = {"type": "log", "base": 2} if is_log else {"type": "linear"}
    x = {"type": "quantitative", "scale": {**scale, "domain": [low, high], "nice": False}}
    y = {"type": "quantitative", "scale": {"domain": [0, top], "nice": False}}
    points = [
        {"x": at, "usd": s.usd_per_month, "level": index}
        for index, s in enumerate(steps)
        for at in (s.first, s.last)
    ]
    title = "tokens of one sequence" if is_log else "sequences at once"
    now = next(s.usd_per_month for s in steps if s.first <= curve.asked <= s.last)
    asked = {"x": curve.asked, "usd": now, "text": f"asked: {curve.asked:,}"}
    ticks: Spec = {"values": _doubling(low, high)} if is_log else {"tickCount": 5}
    layers: list[Spec] = [
        {
            "data": {"values": points},
            "mark": {
                "type": "line",
                "interpolate": "step-after",
                "stroke": "var(--accent)",
                "strokeWidth": 2.5,
            },
            "encoding": {
                "x": {"field": "x", **x, "title": title, "axis": {"format": ",d", **ticks}},
                "y": {
                    "field": "usd",
                    **y,
                    "title": None,
                    "axis": {"labelExpr": _USD, "tickCount": 5},
                },
            },
        },
        {
            "data": {"values": [asked]},
            "encoding": {"x": {"field": "x", **x}},
            "layer": [
                {"mark": {"type": "rule", "strokeDash": [4, 4], "color": "var(--muted)"}},
                {
                    "mark": {
                        "type": "point",
                        "filled": True,
                        "size": 90,
                        "color": "var(--accent)",
                        "opacity": 1,
                    },
                    "encoding": {"y": {"field": "usd", **y}},
                },
                {
                    "mark": {"type": "text", "align": "left", "dx": 6, "color": "var(--muted)"},
                    "encoding": {"text": {"field": "text"}, "y": {"value": 190}},
                },
            ],
        },
    ]
    layers += [
        {
            "data": {"values": _level_names(steps, sheet.width - 60, is_log=is_log)},
            "mark": {"type": "text", "align": "left", "dx": 3, "dy": -9},
            "encoding": {
                "x": {"field": "x", **x},
                "y": {"field": "usd", **y},
                "text": {"field": "text"},
            },
        }
    ]
    if budget is not None:
        layers.append(_budget_line(budget, y))
    return layered(sheet, 272, layers, title=_over("USD a month, all in"))


def _over(text: str) -> Spec:
    """What the upright axis measures, above it: turned text is hard to read."""
    font = {"fontSize": 12, "fontWeight": "normal", "color": "var(--muted)"}
    return {"text": text, "anchor": "start", "frame": "bounds", "offset": 6, **font}


def _budget_line(budget: float, y: Spec) -> Spec:
    return {
        "data": {"values": [{"y": budget, "text": f"budget ${budget:,.0f}"}]},
        "encoding": {"y": {"field": "y", **y}},
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [6, 3], "color": "var(--bad)"}},
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "dy": -8, "color": "var(--bad)"},
                "encoding": {"x": {"value": 0}, "text": {"field": "text"}},
            },
        ],
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


def has_dots(plan: Plan) -> bool:
    """Whether there is anything to compare the plan with."""
    return plan.cost.nodes_usd_per_month is not None and len(_dots(plan)) > 1


def _level_names(steps: Sequence[Step], width: int, *, is_log: bool) -> list[dict[str, Any]]:
    """What stands above each level: the nodes where there is room, their number, or nothing."""
    low, high = steps[0].first, steps[-1].last
    if high == low:
        return []
    span = log(high / low) if is_log else high - low
    names: list[dict[str, Any]] = []
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        until = after.first if after else high
        share = log(until / step.first) / span if is_log else (until - step.first) / span
        whole = times(step.nodes, step.instance_type)
        same = step.instance_type == steps[0].instance_type
        wanted = (whole, counted(step.nodes, "node")) if same else (whole,)
        fitting = [t for t in wanted if (len(t) + 1) * _LETTER < share * width]
        names += [{"x": step.first, "usd": step.usd_per_month, "text": t} for t in fitting[:1]]
    return names


def _doubling(low: int, high: int) -> list[int]:
    """Doublings from `low` on, at most five, so that their names stay apart."""
    values = [low]
    while values[-1] * 2 <= high:
        values.append(values[-1] * 2)
    return values[:: -(-len(values) // _MOST_TICKS)]
