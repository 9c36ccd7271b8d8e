"""What quantised checkpoints are published to keep of their model's accuracy."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from sizing.catalog.store import read

_FILE = "accuracy_recovery.json"
_DIGITS = 1


class Recovery(BaseModel):
    """One benchmark of one checkpoint: `recovery` is its score in percent of the baseline's.

    `score` and `baseline` are given where the source says them, else its own percentage stands
    alone. `as_of` is the day on which `source` was read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmark: str
    recovery: float
    score: float | None = None
    baseline: float | None = None
    baseline_precision: str = "bf16"
    repository: str
    source: str
    as_of: str


def recoveries(model: str, precision: str) -> tuple[Recovery, ...]:
    """Everything published for a catalogue model in exactly that format; empty where nothing is."""
    return tuple(
        found for row in _rows() if _is_of(row, model, precision) for found in _figures(row)
    )


def all_recoveries() -> dict[tuple[str, str], tuple[Recovery, ...]]:
    """The whole file, by model and precision."""
    keys = dict.fromkeys((row["model"], row["precision"]) for row in _rows())
    return {key: recoveries(*key) for key in keys}


def _rows() -> list[dict[str, Any]]:
    return read(_FILE)["rows"]


def _is_of(row: dict[str, Any], model: str, precision: str) -> bool:
    return (row["model"], row["precision"]) == (model, precision)


def _figures(row: dict[str, Any]) -> list[Recovery]:
    where = {key: row[key] for key in ("repository", "source", "as_of")}
    figures: list[dict[str, Any]] = row["figures"]
    return [Recovery.model_validate({**where, "recovery": _percent(f), **f}) for f in figures]


def _percent(figure: dict[str, Any]) -> float:
    known: float | None = figure.get("recovery")
    return round(100 * figure["score"] / figure["baseline"], _DIGITS) if known is None else known
