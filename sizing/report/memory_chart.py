"""One GPU's memory as one bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sizing.plan import Plan
from sizing.render.training_memory import PARTS as TRAINING_PARTS
from sizing.report.drawing import BOLD_LETTER, Sheet, Spec, layered
from sizing.report.sheets import PARTS, memory_parts
from sizing.report.training_tables import training_parts, visible_gib
from sizing.training.outcome import TrainingPlan

_Part = tuple[str, float, dict[str, float]]
"""A part's name, its GiB, and the GiB of each colour that it is drawn in."""


def memory_chart(plan: Plan, sheet: Sheet) -> Spec:
    """The parts of the fullest GPU's memory, side by side in one bar."""
    parts = list(_trained(plan, plan.training) if plan.training else _served(plan))
    total, start = sum(size for _, size, _ in parts), 0.0
    bars: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    for name, size, sizes in parts:
        pieces: dict[str, tuple[float, float]] = {}
        end = start
        for colour, length in sizes.items():
            pieces[colour] = (end, end + length)
            end += length
        bars += [{"from": a, "to": b, "fill": f"var(--{n})"} for n, (a, b) in pieces.items()]
        colour, (left, right) = max(pieces.items(), key=lambda item: item[1][1] - item[1][0])
        text = f"{name} {size:,.1f}"
        if (len(text) + 1) * BOLD_LETTER < (right - left) / total * sheet.width:
            names.append({"at": (left + right) / 2, "text": text, "ink": f"var(--{colour}-ink)"})
        start += size
    return _bar(bars, names, total, sheet)


def _served(plan: Plan) -> Iterator[_Part]:
    """The KV cache begins with what the load needs of it."""
    for part, size in memory_parts(plan.memory_per_gpu_gib).items():
        sizes = {part.replace("_", "-"): size}
        if part == "kv_cache":
            needed = min(plan.kv_cache_needed_gib, size)
            sizes = {"kv-cache": needed, "kv-spare": size - needed}
        yield PARTS[part][0], size, sizes


def _trained(plan: Plan, training: TrainingPlan) -> Iterator[_Part]:
    for part, size in training_parts(training).items():
        yield TRAINING_PARTS[part][0], size, {part.replace("_", "-"): size}
    free = visible_gib(plan) - training.device_memory_gib_per_gpu
    yield "free", free, {"free": free}


def _bar(
    bars: list[dict[str, Any]], names: list[dict[str, Any]], total: float, sheet: Sheet
) -> Spec:
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
