"""How a figure is known."""

from __future__ import annotations

from enum import StrEnum


class Evidence(StrEnum):
    """`measured` (read from a source), `derived` (computed exactly), `estimated`, or `unknown`."""

    MEASURED = "measured"
    DERIVED = "derived"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


_RANK = {Evidence.MEASURED: 0, Evidence.DERIVED: 1, Evidence.ESTIMATED: 2, Evidence.UNKNOWN: 3}


def weakest(*kinds: Evidence) -> Evidence:
    """What a sum of figures is worth: its least certain part."""
    return max(kinds, key=_RANK.__getitem__, default=Evidence.DERIVED)
