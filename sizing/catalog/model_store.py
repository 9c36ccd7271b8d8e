"""The catalogue of models: one file of facts each, and an index of the names people type."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import TypedDict, cast

from sizing.model import ModelSpec

_FOLDER = "models"


class ModelEntry(TypedDict):
    """One row of the index, enough to list and search without reading the facts."""

    hf_id: str
    family: str
    aliases: list[str]


def model_names() -> tuple[str, ...]:
    """Catalogue names, sorted."""
    return tuple(index())


@cache
def index() -> dict[str, ModelEntry]:
    """Catalogue name -> entry, sorted by name."""
    return cast(dict[str, ModelEntry], json.loads(_read("index.json")))


def find_name(text: str) -> str | None:
    """The catalogue name that this name, alias or Hugging Face id stands for, or None."""
    return _by_alias().get(canonical(text))


def load(name: str) -> ModelSpec:
    """The facts of a catalogue name."""
    return _load(name)


def search(words: str) -> list[str]:
    """Catalogue names whose name, family, id or aliases hold every one of these words."""
    wanted = words.lower().split()
    return [n for n, entry in index().items() if all(w in _searched(n, entry) for w in wanted)]


def canonical(text: str) -> str:
    """A name as it is compared: lower case, dashes for spaces and underscores."""
    return re.sub(r"[\s_]+", "-", text.strip().lower())


@cache
def _load(name: str) -> ModelSpec:
    return ModelSpec.model_validate_json(_read(f"{name}.json"))


@cache
def _by_alias() -> dict[str, str]:
    names: dict[str, str] = {}
    for name, entry in index().items():
        for alias in (*entry["aliases"], entry["hf_id"], name):
            names[canonical(alias)] = name
    return names


def _searched(name: str, entry: ModelEntry) -> str:
    return " ".join((name, entry["family"], entry["hf_id"], *entry["aliases"])).lower()


def _read(file: str) -> str:
    return resources.files("sizing.catalog").joinpath(_FOLDER, file).read_text("utf-8")
