"""Settings by environment: an environment is a stack's name."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TypeVar

T = TypeVar("T")


def setting(by_environment: Mapping[str, T], environment: str) -> T | None:
    """What holds in an environment: its own entry, else that of the longest pattern that fits.

    Patterns are as for files: `prod-*`, and `*` for all others.
    """
    if environment in by_environment:
        return by_environment[environment]
    fitting = [pattern for pattern in by_environment if fnmatchcase(environment, pattern)]
    return by_environment[max(fitting, key=len)] if fitting else None
