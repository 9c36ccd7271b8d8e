"""What a price snapshot must hold: any other file would give a wrong bill, or none, much later."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sizing.evidence import Evidence


def complaint(text: str) -> str | None:
    """What is wrong with a snapshot's text, and where; None for a good one."""
    try:
        _Snapshot.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}" if where else first["msg"]
    return None


def _day(text: str) -> str:
    """A day or a month."""
    date.fromisoformat(text if len(text) > len("2026-03") else f"{text}-01")
    return text


_Usd = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Day = Annotated[str, AfterValidator(_day)]
_Row = tuple[_Usd, _Usd | None, _Day | None, str, Evidence]


class _Snapshot(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")

    schema_: Annotated[Literal[1], Field(alias="schema")]
    sources: dict[str, str] = {}
    prices: dict[str, dict[str, dict[str, _Row]]]
