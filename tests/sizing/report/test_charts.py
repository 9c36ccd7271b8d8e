"""Charts: names that hide nothing, scales that hold every value."""

from __future__ import annotations

from itertools import combinations

import pytest

from sizing.report.charts import memory_chart, precisions_chart, scatter_chart
from sizing.report.curve_chart import curve_chart
from sizing.report.curves import Curve, Step
from sizing.report.drawing import HALF, NARROW, WIDE, draw
from sizing.report.labels import Axis, Dot, axis, place_labels
from tests.sizing.report.studies import CASES, study


@pytest.mark.parametrize(
    ("values", "low", "is_log"),
    [
        ([5.0], 0.0, False),
        ([5.0, 50.0], 0.0, False),
        ([0.0], 0.0, False),
        ([0.0, 100.0], 0.0, False),
        ([1.0, 100.0], 0.5, True),
    ],
)
def test_an_axis_holds_every_value(values: list[float], low: float, is_log: bool) -> None:
    found = axis(values)
    assert (found.low, found.is_log) == (low, is_log)
    assert all(0 <= found.share(value) <= 1 for value in values)


def test_ticks_by_factors_are_round_and_few() -> None:
    assert Axis(0.5, 200, is_log=True).ticks(8) == {"values": [0.5, 1, 2, 5, 10, 20, 50, 100, 200]}
    assert Axis(0.5, 200, is_log=True).ticks(4) == {"values": [1, 10, 100]}


def test_names_hide_neither_points_nor_each_other() -> None:
    dots = [Dot(x * 9.0, y * 7.0, f"{x} × p5.48xlarge") for x in range(6) for y in range(4)]
    across, up = axis([d.x for d in dots]), axis([d.y for d in dots])
    placed = place_labels(dots, across, up, (400, 300), 7.0)
    assert placed
    boxes: list[tuple[float, float, float, float]] = []
    for label in placed:
        x, y = across.share(label.dot.x) * 400, (1 - up.share(label.dot.y)) * 300
        width = len(label.dot.name) * 7.0
        left = x + label.dx - {"left": 0.0, "right": width, "center": width / 2}[label.align]
        boxes.append((left, y + label.dy - 8, left + width, y + label.dy + 8))
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


@pytest.mark.parametrize("name", CASES)
def test_a_drawing_has_the_width_it_was_asked_for_and_the_pages_colours(name: str) -> None:
    found = study(name)
    rows, chosen = found.precisions, found.plan.precision
    for sheet in (WIDE, NARROW):
        for spec in (
            memory_chart(found.plan, sheet),
            precisions_chart(rows, chosen, sheet),
            *([scatter_chart(found.plan, sheet)] if name in ("405b", "any gpu") else []),
        ):
            svg = draw(spec, sheet, 'a "label" & <more>')
            assert f'width="{sheet.width}"' in svg
            assert 'aria-label="a &quot;label&quot; &amp; &lt;more&gt;"' in svg
            assert "#" not in svg.replace("&#", "")
            assert svg.count("role=") == 1


def steps(*borders: tuple[int, int, float]) -> Curve:
    made = tuple(
        Step(first=a, last=b, nodes=n, instance_type="x", gpus=8, usd_per_month=usd)
        for n, (a, b, usd) in enumerate(borders, start=1)
    )
    return Curve(over="concurrency", asked=made[0].first, resolution=1, steps=made, ends="")


@pytest.mark.parametrize("budget", [None, 100.0, 105.0, 5000.0])
@pytest.mark.parametrize(
    "curve", [steps((1, 10, 100.0)), steps((1, 10, 100.0), (11, 90, 200.0)), steps((1, 9, 0.0))]
)
def test_a_curve_is_drawn_whatever_its_steps(curve: Curve, budget: float | None) -> None:
    svg = draw(curve_chart(curve, budget, "all in", HALF), HALF, "cost over the load")
    assert ("budget $" in svg) == (budget is not None)
    assert "NaN" not in svg
    assert "asked: 1<" in svg
