"""Charts as static SVG, drawn by Vega-Lite through vl-convert: no browser, no network, no script.

Colours are the page's CSS variables, so that one drawing serves light, dark and print.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any

import vl_convert

Spec = dict[str, Any]
LETTER, BOLD_LETTER = 7.0, 8.0
"""Pixels of a letter of a chart's text, about, in the widest of common fonts."""
USD_TICK = "datum.value ? format(datum.value, '$~s') : '$0'"
"""What an axis of dollars writes at its ticks, as Vega-Lite computes it."""
_GRAMMAR = "6.4"
_HEAD = re.compile(r'^<svg [^>]*?(width="[\d.]+" height="[\d.]+" viewBox="[^"]*")>')
_TAG = re.compile(r"<[a-z][^>]*>")
# The drawing is one picture with one label: what Vega says of its parts is noise.
_ROLES = re.compile(r' (?:role|aria-[a-z]+|class)="[^"]*"')
_CONFIG: Spec = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelOverlap": True,
    },
    "text": {"fontSize": 12, "color": "var(--ink)"},
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A size to draw at: `name` is the CSS class that shows it where it fits."""

    name: str
    width: int

    @property
    def is_narrow(self) -> bool:
        """Whether it is for a telephone's screen."""
        return self.width < 400


WIDE, HALF, NARROW = Sheet("wide", 1008), Sheet("wide half", 488), Sheet("narrow", 312)


def layered(sheet: Sheet, height: int, layers: list[Spec], **more: Any) -> Spec:
    """Layers in one frame that is exactly as wide as the sheet."""
    fit = {"type": "fit", "contains": "padding"}
    return {"width": sheet.width, "height": height, "autosize": fit, "layer": layers, **more}


def over(text: str) -> Spec:
    """The title of an upright axis, above it: turned text is hard to read."""
    font = {"fontSize": 12, "fontWeight": "normal", "color": "var(--muted)"}
    return {"text": text, "anchor": "start", "frame": "bounds", "offset": 6, **font}


def draw(spec: Spec, sheet: Sheet, label: str) -> str:
    """The SVG element. `label` is what a screen reader says; the numbers stand in a table."""
    schema = f"https://vega.github.io/schema/vega-lite/v{_GRAMMAR.partition('.')[0]}.json"
    whole = {"$schema": schema, "config": _CONFIG, "padding": 2, **spec}
    svg = vl_convert.vegalite_to_svg(whole, vl_version=_GRAMMAR)
    said = escape(label, quote=True)
    svg = _TAG.sub(lambda tag: _ROLES.sub("", tag[0]), svg)
    head = rf'<svg role="img" aria-label="{said}" class="chart {sheet.name}" '
    return _HEAD.sub(lambda found: f"{head}{found[1]}>", svg, count=1)
