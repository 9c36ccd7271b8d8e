"""Price snapshots that `sizing prices refresh` wrote: dated files in the user's own folder."""

from __future__ import annotations

import json
import os
import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sizing.errors import InputError
from sizing.evidence import Evidence

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
    try:
        text = path.read_text(encoding="utf-8")
        _Snapshot.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _broken(path, f"{where}: {first['msg']}" if where else first["msg"]) from None
    except (OSError, ValueError) as error:
        raise _broken(path, str(error)) from None
    return cast("dict[str, Any]", json.loads(text))


def _day(text: str) -> str:
    """A day or a month."""
    date.fromisoformat(text if len(text) > len("2026-03") else f"{text}-01")
    return text


_Usd = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Day = Annotated[str, AfterValidator(_day)]
_Row = tuple[_Usd, _Usd | None, _Day | None, str, Evidence]


class _Snapshot(BaseModel):
    """A file that holds anything else would give a wrong bill, or none, much later."""

    model_config = ConfigDict(strict=True, extra="allow")

    schema_: Annotated[Literal[1], Field(alias="schema")]
    sources: dict[str, str] = {}
    prices: dict[str, dict[str, dict[str, _Row]]]


def _broken(path: Path, why: str) -> InputError:
    allowed = f"a file that `sizing prices refresh` wrote ({why}); delete it from {path.parent}"
    return InputError("price snapshot", path.name, allowed)
