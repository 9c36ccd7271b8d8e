"""Readers of config.json, a module per family; a new module in this folder is found by itself."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from sizing.architectures.registry import Architecture, find, known

__all__ = ["Architecture", "find_architecture", "known_architectures"]


def find_architecture(architecture: str | None, model_type: str | None) -> Architecture | None:
    """The reader for a config's `architectures[0]` or `model_type`, or None."""
    _load()
    return find(architecture, model_type)


def known_architectures() -> tuple[str, ...]:
    """Every name that a config may give as `architectures[0]` or `model_type`."""
    _load()
    return known()


@cache
def _load() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
