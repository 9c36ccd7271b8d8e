"""Property values as a policy meets them: unknown at a preview, booleans as text."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, cast


class Unknown(Enum):
    """A value that a preview cannot know yet; the check is made at the update."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


def is_true(value: object) -> bool:
    """Whether it is known to be true: launch templates have their booleans as text."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def block(value: object) -> Mapping[str, Any]:
    """A nested block; empty where there is none or it is unknown."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def blocks(value: object) -> list[Mapping[str, Any]]:
    """A list of nested blocks, or the single one; unknown ones are left out."""
    several = cast("list[object]", value) if isinstance(value, list) else [value]
    return [found for item in several if (found := block(item))]


def texts(value: object) -> list[str | Unknown]:
    """A list of texts, each perhaps unknown; empty where there is none."""
    several = cast("list[object]", value) if isinstance(value, list) else []
    return [item for item in several if item and isinstance(item, str | Unknown)]


def text(value: object) -> str | None:
    """A known, non-empty text."""
    return value if isinstance(value, str) and value else None


def number(value: object) -> float | None:
    """A known number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
