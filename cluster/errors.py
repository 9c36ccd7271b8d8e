"""How a mistake reaches the user: one line, no traceback."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import pulumi

from sizing.errors import InputError, NoPlanError

# The planner names these as its command line does; a stack writes them under `workload`.
_PATHS = {key: f"workload.{key}" for key in ("purpose", "context", "concurrency")}


@contextmanager
def one_line_errors() -> Generator[None]:
    """For a program: Pulumi's language host shows a RunError without a traceback."""
    try:
        yield
    except InputError as error:
        raise pulumi.RunError(": ".join(_path_and_reason(error))) from None
    except NoPlanError as error:
        raise pulumi.RunError(error.line) from None
    except pulumi.InputPropertyError as error:
        raise pulumi.RunError(f"{error.property_path}: {error.reason}") from None


@contextmanager
def property_errors() -> Generator[None]:
    """For a component: the property's path and the reason, in any of Pulumi's languages."""
    try:
        yield
    except InputError as error:
        raise pulumi.InputPropertyError(*_path_and_reason(error)) from None
    except NoPlanError as error:
        raise pulumi.RunError(error.line) from None


def _path_and_reason(error: InputError) -> tuple[str, str]:
    return _PATHS.get(error.key, error.key), error.message.removeprefix(f"{error.key}: ")
