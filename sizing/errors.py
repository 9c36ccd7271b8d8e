"""The two ways a question can fail: it was asked wrongly, or its honest answer is no."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

_SHOWN = 8


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
        line = f"{self.key}: {_shown(self.value)} is not valid; allowed: {self.allowed}"
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
    """A valid question whose answer is no (does not fit, not sold, over budget). Exit code 1."""

    def __init__(self, message: str, rejected: Iterable[dict[str, object]] = ()) -> None:
        self.message = message
        self.rejected = list(rejected)
        super().__init__(message)


def unknown_name(key: str, value: str, known: Iterable[str], hint: str = "") -> InputError:
    """An InputError for a name that is not in a closed list, with the nearest one in it."""
    names = sorted(known)
    close = difflib.get_close_matches(value.lower(), [n.lower() for n in names], n=1, cutoff=0.4)
    nearest = next((n for n in names if close and n.lower() == close[0]), None)
    listed = ", ".join(names[:_SHOWN]) + (f", ... ({len(names)})" if len(names) > _SHOWN else "")
    return InputError(key, value, f"{listed}{hint}", nearest)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= 80 else f"{text[:77]}..."
    return repr(text) if isinstance(value, str) else text


def _json_safe(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else _shown(value)
