"""Cost over a load as a chart: a level for each range that the same nodes serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from typing import Any

from sizing.report.curves import Curve, Step
from sizing.report.drawing import LETTER, USD_TICK, Sheet, Spec, layered, over
from sizing.report.words import counted, times

_HEIGHT, _AXES = 272, 60
_ABOVE, _BELOW = -9, 12
_MOST_TICKS = 5
# A name above its level needs this share of the height; less is left where the budget's line is.
_CLOSE = 0.12


def curve_chart(curve: Curve, budget: float | None, counts: str, sheet: Sheet) -> Spec:
    """USD a month over the load, with the load asked for and the budget's line.

    `counts` says what the amounts cover. Every step needs a price, and the range two points.
    """
    frame = _framed(curve, budget)
    marks = [_levels(frame), _asked(frame), *_names(frame, budget, sheet)]
    marks += [_budget_line(budget, frame.y)] if budget is not None else []
    return layered(sheet, _HEIGHT, marks, title=over(f"USD a month, {counts}"))


@dataclass(frozen=True, slots=True)
class _Frame:
    """A curve and the scales that it is drawn in."""

    curve: Curve
    is_log: bool
    top: float

    @property
    def x(self) -> Spec:
        scale: Spec = {"type": "log", "base": 2} if self.is_log else {"type": "linear"}
        domain = [self.curve.steps[0].first, self.curve.steps[-1].last]
        return {"type": "quantitative", "scale": {**scale, "domain": domain, "nice": False}}

    @property
    def y(self) -> Spec:
        return {"type": "quantitative", "scale": {"domain": [0, self.top], "nice": False}}

    def share(self, first: int, until: int) -> float:
        """Which share of the width a range takes."""
        low, high = self.curve.steps[0].first, self.curve.steps[-1].last
        if self.is_log:
            return log(until / first) / log(high / low)
        return (until - first) / (high - low)


def _framed(curve: Curve, budget: float | None) -> _Frame:
    most = max([*(_usd(s) for s in curve.steps), budget or 0.0])
    return _Frame(curve, curve.over == "context", most * 1.18 or 1.0)


def _levels(frame: _Frame) -> Spec:
    ends = [{"x": at, "usd": _usd(s)} for s in frame.curve.steps for at in (s.first, s.last)]
    title = "tokens of one sequence" if frame.is_log else "sequences at once"
    first, last = frame.curve.steps[0].first, frame.curve.steps[-1].last
    ticks: Spec = {"values": _doubling(first, last)} if frame.is_log else {"tickCount": _MOST_TICKS}
    line = {"type": "line", "interpolate": "step-after", "stroke": "var(--accent)"}
    money = {"title": None, "axis": {"labelExpr": USD_TICK, "tickCount": _MOST_TICKS}}
    return {
        "data": {"values": ends},
        "mark": {**line, "strokeWidth": 2.5},
        "encoding": {
            "x": {"field": "x", **frame.x, "title": title, "axis": {"format": ",d", **ticks}},
            "y": {"field": "usd", **frame.y, **money},
        },
    }


def _asked(frame: _Frame) -> Spec:
    """The load that was asked for: a line up, its words, and a point on its level."""
    asked = frame.curve.asked
    usd = next(_usd(s) for s in frame.curve.steps if s.first <= asked <= s.last)
    point = {"type": "point", "filled": True, "size": 90, "color": "var(--accent)", "opacity": 1}
    right = frame.share(frame.curve.steps[0].first, asked) > 0.7
    beside = {"align": "right", "dx": -6} if right else {"align": "left", "dx": 6}
    return {
        "data": {"values": [{"x": asked, "usd": usd, "text": f"asked: {asked:,}"}]},
        "encoding": {"x": {"field": "x", **frame.x}},
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [4, 4], "color": "var(--muted)"}},
            {"mark": point, "encoding": {"y": {"field": "usd", **frame.y}}},
            {
                "mark": {"type": "text", **beside, "color": "var(--muted)"},
                "encoding": {"text": {"field": "text"}, "y": {"value": 190}},
            },
        ],
    }


def _names(frame: _Frame, budget: float | None, sheet: Sheet) -> Iterator[Spec]:
    """The nodes at each level that is wide enough, clear of the budget's line and its words."""
    rows = list(_named(frame, sheet.width - _AXES))
    close = frame.top * _CLOSE
    for dy in (_ABOVE, _BELOW):
        is_below = dy == _BELOW
        shown = [r for r in rows if _is_under(budget, r["usd"], close) == is_below]
        yield {
            "data": {"values": shown},
            "mark": {"type": "text", "align": "left", "dx": 3, "dy": dy},
            "encoding": {
                "x": {"field": "x", **frame.x},
                "y": {"field": "usd", **frame.y},
                "text": {"field": "text"},
            },
        }


def _is_under(budget: float | None, usd: float, close: float) -> bool:
    return budget is not None and 0 <= budget - usd < close


def _named(frame: _Frame, width: int) -> Iterator[dict[str, Any]]:
    steps = frame.curve.steps
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        room = frame.share(step.first, after.first if after else step.last) * width
        whole = times(step.nodes, step.instance_type)
        same = step.instance_type == steps[0].instance_type
        wanted = (whole, counted(step.nodes, "node")) if same else (whole,)
        text = next((t for t in wanted if (len(t) + 1) * LETTER < room), None)
        if text:
            yield {"x": step.first, "usd": _usd(step), "text": text}


def _budget_line(budget: float, y: Spec) -> Spec:
    words = {"type": "text", "align": "left", "dx": 4, "dy": -8, "color": "var(--bad)"}
    return {
        "data": {"values": [{"y": budget, "text": f"budget ${budget:,.0f}"}]},
        "encoding": {"y": {"field": "y", **y}},
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [6, 3], "color": "var(--bad)"}},
            {"mark": words, "encoding": {"x": {"value": 0}, "text": {"field": "text"}}},
        ],
    }


def _usd(step: Step) -> float:
    return step.usd_per_month or 0.0


def _doubling(low: int, high: int) -> list[int]:
    """Doublings from `low` on, few enough for their names to stay apart."""
    values = [low]
    while values[-1] * 2 <= high:
        values.append(values[-1] * 2)
    return values[:: -(-len(values) // _MOST_TICKS)]
