"""Price snapshots that `sizing prices refresh` wrote: dated files in the user's own folder."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any, cast

from sizing.errors import InputError

FOLDER_VARIABLE = "SIZING_PRICES_DIR"
SCHEMA = 1
_NAME = re.compile(r"prices-\d{4}-\d{2}-\d{2}\.json")


def folder() -> Path:
    """Where snapshots lie: $SIZING_PRICES_DIR, else the user's data folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen)
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "gpu-sizing" / "prices"


def newest_path() -> Path | None:
    """The newest snapshot by the date in its name, or None."""
    try:
        names = [entry.name for entry in folder().iterdir() if _NAME.fullmatch(entry.name)]
    except OSError:
        return None
    return folder() / max(names) if names else None


@cache
def newest() -> dict[str, Any]:
    """The newest snapshot's content, empty without one. Raises InputError for a broken file."""
    path = newest_path()
    return {} if path is None else load(path)


def load(path: Path) -> dict[str, Any]:
    """A snapshot's content, every row checked. Raises InputError where it is not one."""
    from sizing.catalog.snapshot_file import complaint

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _broken(path, str(error)) from None
    wrong = complaint(text)
    if wrong:
        raise _broken(path, wrong)
    return cast("dict[str, Any]", json.loads(text))


def _broken(path: Path, why: str) -> InputError:
    allowed = f"a file that `sizing prices refresh` wrote ({why}); delete it from {path.parent}"
    return InputError("price snapshot", path.name, allowed)
