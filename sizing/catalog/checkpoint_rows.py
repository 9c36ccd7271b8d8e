"""The checkpoint catalogue's rows: repositories by model, each with the source that names it.

A row is there only where its source names exactly that repository: one that a naming habit
suggests but nobody published would show when the nodes are already running.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from sizing.catalog.store import read
from sizing.formats import PRECISIONS, Precision
from sizing.model import Scaling

_FILE = "checkpoints.json"


class Row(BaseModel):
    """A repository that stores a catalogue model at a precision.

    `of` is the model's id whose weights these are, where that is not the catalogue's own (a base
    beside its Instruct). `keep`, `scaling` and `group_size` are how the files differ from the named
    format, where a source says so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: str
    repository: str
    revision: str | None = None
    of: str | None = None
    keep: tuple[str, ...] = ()
    scaling: Scaling | None = None
    group_size: int | None = None
    source: str
    as_of: str

    @property
    def format(self) -> Precision:
        """The named format with this repository's own deviations."""
        named = PRECISIONS[self.precision]
        scaling = self.scaling or named.scaling
        group = (self.group_size or named.group_size) if scaling == "group" else 0
        return replace(named, keep=self.keep, scaling=scaling, group_size=group)


class Known(NamedTuple):
    """A catalogue model, and the row of one of its repositories."""

    model: str
    row: Row


@cache
def rows(model: str) -> tuple[Row, ...]:
    """The rows of a catalogue model, those of its own weights first."""
    found: list[dict[str, Any]] = read(_FILE)["checkpoints"].get(model, [])
    return tuple(Row.model_validate(row) for row in found)


def find(repository: str) -> Known | None:
    """The row of that very repository, whatever the case."""
    model = _models().get(repository.strip().lower())
    if model is None:
        return None
    wanted = repository.strip().lower()
    return Known(model, next(r for r in rows(model) if r.repository.lower() == wanted))


def variants(model: str) -> tuple[str, ...]:
    """Other repositories of the same shape that the model's aliases stand for."""
    return tuple(row["repository"] for row in read(_FILE)["variants"].get(model, ()))


def is_as_catalogued(repository: str) -> bool:
    """Whether a model's own repository stores what the model catalogue says that it stores."""
    return repository not in read(_FILE)["not_as_catalogued"]


def gated(repository: str) -> bool | None:
    """What a source says of this repository, else of those whose ids begin like it."""
    name = repository.lower()
    matching = (rule for rule in read(_FILE)["gated"] if _covers(rule["ids"].lower(), name))
    closest = max(matching, key=lambda rule: len(rule["ids"]), default=None)
    return closest["gated"] if closest else None


def _covers(ids: str, name: str) -> bool:
    return name.startswith(ids[:-1]) if ids.endswith("*") else name == ids


@cache
def _models() -> dict[str, str]:
    content: dict[str, list[dict[str, Any]]] = read(_FILE)["checkpoints"]
    return {row["repository"].lower(): name for name, found in content.items() for row in found}
