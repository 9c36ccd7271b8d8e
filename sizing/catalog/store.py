"""Reads a catalogue file once and only when it is asked for."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

DATA = Path(__file__).parent / "data"


@cache
def read(name: str) -> dict[str, Any]:
    """The content of `data/<name>`. A missing or broken file is a bug in the package."""
    return cast("dict[str, Any]", json.loads((DATA / name).read_bytes()))
