"""The charts of a report, as Vega-Lite describes them."""

from __future__ import annotations

from typing import Any

from sizing.plan import Plan
from sizing.report.drawing import Sheet, Spec, layered
from sizing.report.figures import headroom, nodes_per_month
from sizing.report.labels import Dot, place_labels
from sizing.report.options import alternatives_of
from sizing.report.precisions import AtPrecision
from sizing.report.curves import Curve
from sizing.report.sheets import PARTS, memory_parts
from sizing.report.words import nodes

_LETTER = 7.0
"""Pixels of a letter of a chart's text, about."""
_USD = "$~s"


def memory_chart(plan: Plan, sheet: Sheet) -> Spec:
    """One bar: the parts of a GPU's memory. What the load needs of the KV cache is darker."""
    parts = memory_parts(plan.memory_per_gpu_gib)
    total, start = sum(parts.values()), 0.0
    bars: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    for part, size in parts.items():
        fill = f"var(--part-{part.replace('_', '-')})"
        pieces = [(start, start + size, 1.0)]
        if part == "kv_cache":
            needed = start + min(plan.kv_cache_needed_gib, size)
            pieces = [(start, needed, 1.0), (needed, start + size, 0.6)]
        bars += [{"from": a, "to": b, "fill": fill, "opacity": o} for a, b, o in pieces if b > a]
        room = size / total * sheet.width
        text = f"{PARTS[part][0]} {size:,.1f}"
        if len(text) * _LETTER < room:
            names.append({"at": start + size / 2, "text": text, "ink": f"{fill[:-1]}-ink)"})
        start += size
    x = {"field": "from", "type": "quantitative", "title": "GiB", "scale": {"domain": [0, total]}}
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
                    "opacity": {"field": "opacity", "type": "quantitative", "scale": None},
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


def bars_chart(values: dict[str, float], sheet: Sheet, title: str) -> Spec:
    """A horizontal bar each, in the given order, with its amount in USD beside it."""
    rows = [{"name": n, "usd": v, "text": f"${v:,.2f}"} for n, v in values.items()]
    most = max(values.values()) * (1.45 if sheet.is_narrow else 1.15)
    return _bars(rows, sheet, {"field": "usd", "title": title, "format": _USD, "most": most})


def precisions_chart(rows: tuple[AtPrecision, ...], chosen: str, sheet: Sheet) -> Spec:
    """What a copy needs at each precision; the chosen one stands out."""
    plans = [(row.precision, row.plan) for row in rows if row.plan]
    values = [
        {
            "name": name,
            "usd": plan.memory_required_gb,
            "text": _beside(plan, sheet),
            "chosen": name == chosen,
        }
        for name, plan in plans
    ]
    most = max(plan.memory_required_gb for _, plan in plans)
    room = 1.35 if sheet.is_narrow else 1.45
    title = "GB (10^9 bytes) that a copy needs"
    return _bars(values, sheet, {"field": "usd", "title": title, "format": ",", "most": most * room})


def scatter_chart(plan: Plan, sheet: Sheet) -> Spec:
    """Price against room: the plan, its alternatives, and the line of the load that was asked."""
    dots = _dots(plan)
    right = max(d.x for d in dots) * 1.08
    top = max(1.0, *(d.y for d in dots)) * 1.15
    height = 320
    named = place_labels(dots, (right, top), (sheet.width - 70, height - 60), _LETTER)
    x = {"type": "quantitative", "scale": {"domain": [0, right], "nice": False}}
    y = {"type": "quantitative", "scale": {"domain": [0, top], "nice": False}}
    return layered(
        sheet,
        height,
        [
            {
                "data": {"values": [{"y": 1, "text": "the load asked for"}]},
                "layer": [
                    {"mark": {"type": "rule", "strokeDash": [4, 4], "color": "var(--muted)"}},
                    {
                        "mark": {
                            "type": "text", "align": "right", "dy": 12, "color": "var(--muted)"
                        },
                        "encoding": {"x": {"value": sheet.width - 64}, "text": {"field": "text"}},
                    },
                ],
                "encoding": {"y": {"field": "y", **y}},
            },
            {
                "data": {
                    "values": [
                        {
                            "x": d.x,
                            "y": d.y,
                            "fill": "var(--accent)" if d.chosen else "var(--page)",
                            "size": 180 if d.chosen else 80,
                        }
                        for d in reversed(dots)
                    ]
                },
                "mark": {"type": "point", "stroke": "var(--accent)", "strokeWidth": 2, "opacity": 1},
                "encoding": {
                    "x": {
                        "field": "x",
                        **x,
                        "title": "USD a month for the nodes",
                        "axis": {"format": _USD, "tickCount": 4 if sheet.is_narrow else 8},
                    },
                    "y": {
                        "field": "y",
                        **y,
                        "title": "room, times the load",
                        "axis": {"format": "~r", "tickCount": 6},
                    },
                    "fill": {"field": "fill", "type": "nominal", "scale": None},
                    "size": {"field": "size", "type": "quantitative", "scale": None},
                },
            },
            *(
                {
                    "data": {"values": [{"x": n.dot.x, "y": n.dot.y, "text": n.dot.name}]},
                    "mark": {
                        "type": "text",
                        "align": n.align,
                        "dx": n.dx,
                        "dy": n.dy,
                        "fontWeight": 600 if n.dot.chosen else "normal",
                    },
                    "encoding": {
                        "x": {"field": "x", **x},
                        "y": {"field": "y", **y},
                        "text": {"field": "text"},
                    },
                }
                for n in named
            ),
        ],
    )


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
                "x": {"field": "x", **x, "title": title, "axis": {"format": ",", **ticks}},
                "y": {
                    "field": "usd",
                    **y,
                    "title": "USD a month for the nodes",
                    "axis": {"format": _USD, "tickCount": 5},
                },
            },
        },
        {
            "data": {"values": [asked]},
            "encoding": {"x": {"field": "x", **x}},
            "layer": [
                {"mark": {"type": "rule", "strokeDash": [4, 4], "color": "var(--muted)"}},
                {
                    "mark": {"type": "point", "filled": True, "size": 90, "color": "var(--accent)",
                             "opacity": 1},
                    "encoding": {"y": {"field": "usd", **y}},
                },
                {
                    "mark": {"type": "text", "align": "left", "dx": 6, "color": "var(--muted)"},
                    "encoding": {"text": {"field": "text"}, "y": {"value": 190}},
                },
            ],
        },
    ]
    if budget is not None:
        layers.append(_budget_line(budget, y))
    return layered(sheet, 260, layers)


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


def _bars(rows: list[dict[str, Any]], sheet: Sheet, x: Spec) -> Spec:
    order = {"field": "name", "type": "nominal", "sort": None, "title": None}
    across = {
        "field": x["field"],
        "type": "quantitative",
        "title": x["title"],
        "scale": {"domain": [0, x["most"]], "nice": False},
        "axis": {"format": x["format"], "tickCount": 4 if sheet.is_narrow else 8},
    }
    any_chosen = any(row.get("chosen") for row in rows)
    for row in rows:
        row["opacity"] = 1.0 if row.get("chosen") or not any_chosen else 0.55
    return layered(
        sheet,
        58 + 34 * len(rows),
        [
            {
                "mark": {"type": "bar", "color": "var(--accent)", "height": 20},
                "encoding": {"opacity": {"field": "opacity", "type": "quantitative", "scale": None}},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6},
                "encoding": {"text": {"field": "text"}},
            },
        ],
        data={"values": rows},
        encoding={"x": across, "y": {**order, "axis": {"domain": False, "ticks": False}}},
    )


def _beside(plan: Plan, sheet: Sheet) -> str:
    size = f"{plan.memory_required_gb:,.0f} GB"
    usd = nodes_per_month(plan)
    money = "price unknown" if usd is None else f"${usd:,.0f} a month"
    return size if sheet.is_narrow else f"{size}, {nodes(plan)}, {money}"


def _dots(plan: Plan) -> list[Dot]:
    """The plan first, then the alternatives of which price and room are known."""
    own = nodes_per_month(plan)
    dots = [Dot(own, headroom(plan), nodes(plan), chosen=True)] if own is not None else []
    dots += [
        Dot(a.usd_per_month, a.headroom, f"{a.nodes:,} × {a.instance_type}")
        for a in alternatives_of(plan)
        if a.usd_per_month is not None and a.headroom is not None
    ]
    return dots


def has_dots(plan: Plan) -> bool:
    """Whether there is anything to compare the plan with."""
    return nodes_per_month(plan) is not None and len(_dots(plan)) > 1


def _doubling(low: int, high: int) -> list[int]:
    values, at = [low], low
    while at * 2 <= high:
        at *= 2
        values.append(at)
    return values
