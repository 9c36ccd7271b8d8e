"""The charts of a report, as Vega-Lite describes them."""

from __future__ import annotations

from collections.abc import Sequence

from sizing.plan import Plan
from sizing.report.bars import FULL, PALE, named_bars
from sizing.report.drawing import LETTER, USD_TICK, Sheet, Spec, layered, over
from sizing.report.figures import alternatives_of, headroom
from sizing.report.labels import Dot, Label, axis, place_labels
from sizing.report.memory_chart import memory_chart
from sizing.report.precisions import AtPrecision
from sizing.report.words import money, nodes, times

__all__ = ["bars_chart", "has_dots", "memory_chart", "precisions_chart", "scatter_chart"]

_LINE = 26
"""Pixels that a line of text needs."""


def bars_chart(values: dict[str, float], sheet: Sheet) -> Spec:
    """A horizontal bar each, in the given order, with its amount in USD beside it."""
    rows = [{"name": n, "size": v, "text": money(v), "fill": PALE} for n, v in values.items()]
    return named_bars(rows, sheet, 1.5 if sheet.is_narrow else 1.15)


def precisions_chart(rows: Sequence[AtPrecision], chosen: str, sheet: Sheet) -> Spec:
    """What a copy needs at each precision; the chosen one stands out."""
    values = [
        {
            "name": row.precision,
            "size": row.plan.memory_required_gb,
            "text": _beside(row.plan, sheet),
            "fill": FULL if row.precision == chosen else PALE,
        }
        for row in rows
        if row.plan
    ]
    return named_bars(values, sheet, 1.35 if sheet.is_narrow else 1.45)


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
