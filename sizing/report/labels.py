"""Names beside the points of a chart, where they hide neither a point nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log, log10
from typing import Any, Literal

Align = Literal["left", "right", "center"]
_HALF = 8.0
_GAP = 11.0
_CRUSHING = 12.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A point in the chart's own units."""

    x: float
    y: float
    name: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A dot's name and where it stands from the dot, in pixels."""

    dot: Dot
    align: Align
    dx: float
    dy: float


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, by equal steps or by equal factors."""

    low: float
    high: float
    is_log: bool

    def share(self, value: float) -> float:
        """Where a value lies, from 0 to 1."""
        if self.is_log:
            return log(value / self.low) / log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def spec(self) -> dict[str, Any]:
        """The scale as Vega-Lite takes it."""
        kind = {"type": "log"} if self.is_log else {"type": "linear"}
        return {**kind, "domain": [self.low, self.high], "nice": False}

    def ticks(self, most: int) -> dict[str, Any]:
        """Where to mark it: round numbers, at most about so many."""
        if not self.is_log:
            return {"tickCount": most}
        first, last = floor(log10(self.low)), ceil(log10(self.high))
        powers = [10.0**n for n in range(first, last + 1)]
        marks = [m * p for p in powers for m in (1, 2, 5) if self.low <= m * p <= self.high]
        return {"values": marks if len(marks) <= most + 1 else [p for p in powers if p in marks]}


def axis(values: Sequence[float]) -> Axis:
    """Room for all values: from zero, but by factors where the largest would crush the rest."""
    low, high = min(values), max(values)
    if low > 0 and high / low > _CRUSHING:
        return Axis(low / 2, high * 1.5, is_log=True)
    return Axis(0.0, high * 1.12 or 1.0, is_log=False)


_Box = tuple[float, float, float, float]
_PLACES: tuple[tuple[Align, float, float], ...] = (
    ("left", _GAP, 0.0),
    ("right", -_GAP, 0.0),
    ("center", 0.0, -_GAP - 5),
    ("center", 0.0, _GAP + 5),
)


def place_labels(
    dots: Sequence[Dot], across: Axis, up: Axis, size: tuple[float, float], letter: float
) -> list[Label]:
    """A label for each dot that has room for one, the first dots first; `size` is the plot's."""
    at = [(across.share(d.x) * size[0], (1 - up.share(d.y)) * size[1]) for d in dots]
    taken: list[_Box] = [(x - _HALF, y - _HALF, x + _HALF, y + _HALF) for x, y in at]
    placed: list[Label] = []
    for dot, (x, y) in zip(dots, at, strict=True):
        for align, dx, dy in _PLACES:
            box = _box(x + dx, y + dy, align, len(dot.name) * letter)
            inside = box[0] >= 0 and box[2] <= size[0] and box[1] >= 0 and box[3] <= size[1]
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                placed.append(Label(dot, align, dx, dy))
                break
    return placed


def _box(x: float, y: float, align: Align, width: float) -> _Box:
    left = {"left": x, "right": x - width, "center": x - width / 2}[align]
    return (left, y - _HALF, left + width, y + _HALF)


def _overlap(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
