"""The two ways a question can fail: it was asked wrongly, or its honest answer is no."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Iterable

_SHOWN = 8
_SIMILAR = 0.9


class InputError(ValueError):
    """A value the user gave cannot be used. Exit code 2.

    `key` is the name the user typed (an option, a config key, a path into a file), `allowed`
    says in words what would be accepted, `nearest` is the closest good value or None.
    """

    def __init__(self, key: str, value: object, allowed: str, nearest: object = None) -> None:
        self.key = key
        self.value = value
        self.allowed = allowed
        self.nearest = nearest
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """One line: the key, the value, what is allowed, the nearest good value."""
        wrong = "is missing" if self.value is None else f"{_shown(self.value)} is not valid"
        line = f"{self.key}: {wrong}; allowed: {self.allowed}"
        return line if self.nearest is None else f"{line}; nearest: {self.nearest}"

    def as_dict(self) -> dict[str, object]:
        """The `error` object that `--json` prints."""
        return {
            "key": self.key,
            "value": _json_safe(self.value),
            "allowed": self.allowed,
            "nearest": _json_safe(self.nearest),
            "message": self.message,
        }


class NoPlanError(Exception):
    """A valid question whose answer is no (does not fit, not sold, over budget). Exit code 1.

    `relaxed` says, a line each, which constraint given up alone would give which plan.
    """

    def __init__(
        self,
        message: str,
        rejected: Iterable[dict[str, object]] = (),
        relaxed: Iterable[str] = (),
    ) -> None:
        self.message = message
        self.rejected = list(rejected)
        self.relaxed = list(relaxed)
        super().__init__(message)

    @property
    def line(self) -> str:
        """Why not, then what giving up one constraint would give: still one line."""
        return "; ".join([self.message, *(f"or {line}" for line in self.relaxed)])


def unknown_name(key: str, value: str, known: Iterable[str], hint: str = "") -> InputError:
    """An InputError for a name that is not in a closed list, with the nearest one in it."""
    names = sorted(known)
    listed = ", ".join(names[:_SHOWN]) + (f", ... ({len(names)})" if len(names) > _SHOWN else "")
    return InputError(key, value, f"{listed}{hint}", nearest_name(value, names))


def nearest_name(value: str, names: Iterable[str]) -> str | None:
    """The most similar name, None where nothing is similar."""
    scored = [(_similarity(value.lower(), name.lower()), name) for name in names]
    score, name = max(scored, default=(0.0, None))
    return name if score >= _SIMILAR else None


def _similarity(a: str, b: str) -> float:
    """Order of the letters, and the letters alone, so that swapped ones cost little."""
    shared = sum((Counter(a) & Counter(b)).values())
    return difflib.SequenceMatcher(None, a, b).ratio() + shared / max(len(a), len(b), 1)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= 80 else f"{text[:77]}..."
    return repr(text) if isinstance(value, str) else text


def _json_safe(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else _shown(value)
