"""A published table of training runs: what they share, and one peak a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GB = 10**9
QV = {"lora_rank": 8, "lora_targets": "q_proj,v_proj"}
OFFLOADED = {"offload_activations": True}
Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One run: its own options, the peak in the table's unit, and what it changes of the table."""

    peak: float | None
    options: Options = field(default_factory=dict[str, Any])
    model: str | None = None
    checkpoint: str | None = None
    gpus: int | None = None
    left_out: str | None = None
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Runs of one source that share a framework, a GPU and most settings.

    Peaks are in `unit` bytes, over `divided_by` GPUs together.
    """

    source: str
    framework: str
    gpu: str
    unit: int
    options: Options
    figures: tuple[Figure, ...]
    model: str = ""
    checkpoint: str = ""
    gpus: int = 1
    gpu_exact: bool = True
    divided_by: int = 1
    uncertain: bool = False
    assumed: tuple[str, ...] = ()
