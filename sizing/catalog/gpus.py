"""Finding a GPU by the name people type."""

from __future__ import annotations

from functools import cache
from typing import Any

from sizing.catalog.store import read
from sizing.errors import unknown_name
from sizing.gpu import Gpu

ANY = "any"


@cache
def gpu(name: str) -> Gpu:
    """The one GPU of that exact catalogue name."""
    return Gpu.model_validate(_rows()[name])


def gpu_names() -> tuple[str, ...]:
    """The GPUs that AWS sells, by catalogue name."""
    return tuple(read("gpus.json")["gpus"])


def find_gpus(text: str, key: str = "gpu") -> tuple[Gpu, ...]:
    """The GPUs that `text` names: one, several (`A100` is two sizes) or, for `any`, what AWS sells.

    Raises InputError naming `key` for an unknown name.
    """
    wanted = text.strip().lower().replace("_", "-").replace(" ", "-")
    if wanted == ANY:
        return tuple(gpu(name) for name in gpu_names())
    rows = _rows().values()
    exact = [r["name"] for r in rows if wanted == r["name"].lower()]
    found = exact or [r["name"] for r in rows if wanted in r["aliases"]]
    if not found:
        raise unknown_name(key, text, [*_rows(), ANY])
    return tuple(gpu(name) for name in found)


@cache
def _rows() -> dict[str, dict[str, Any]]:
    """What AWS sells, then the others that published measurements name."""
    other = read("gpus_other.json")
    rows = {**read("gpus.json")["gpus"], **other["gpus"]}
    for name, seen in other["seen"].items():
        # A log's figure is better than a share of the marketing size.
        measured = {"cuda_bytes": seen["cuda_bytes"], "cuda_evidence": "measured"}
        rows[name] = {**rows[name], **measured, "sources": [*rows[name]["sources"], seen["source"]]}
    return rows
