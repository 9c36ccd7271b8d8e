"""Names beside the points of a chart, where they hide neither a point nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Align = Literal["left", "right", "center"]
_HALF = 8.0
_GAP = 11.0


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


_Box = tuple[float, float, float, float]
_PLACES: tuple[tuple[Align, float, float], ...] = (
    ("left", _GAP, 0.0),
    ("right", -_GAP, 0.0),
    ("center", 0.0, -_GAP - 5),
    ("center", 0.0, _GAP + 5),
)


def place_labels(
    dots: Sequence[Dot], most: tuple[float, float], size: tuple[float, float], letter: float
) -> list[Label]:
    """A label for each dot that has room for one, the first dots first.

    `most` is the end of both axes, which begin at zero; `size` the plot in pixels.
    """
    at = [(d.x / most[0] * size[0], size[1] - d.y / most[1] * size[1]) for d in dots]
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
