"""Serving engines by version: their defaults and the memory they take besides weights and KV.

Sources: vLLM's own engine arguments (0.92 of the GPU's memory since 0.19; batch defaults by GPU
memory), and start-up logs of 0.11 to 0.28 on H100 and L4, read 2026-11-23. The figures for
activations come from what the engine's profiling run holds, not from single models.
"""

from __future__ import annotations

from dataclasses import dataclass

from sizing.errors import unknown_name
from sizing.evidence import Evidence
from sizing.gpu import Gpu
from sizing.units import GIB

# vLLM gives GPUs of at least this much memory its large-batch defaults (A100 excepted).
_LARGE_GPU_BYTES = 70 * GIB


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """What one range of vLLM versions does. Bytes unless a name says otherwise."""

    name: str
    first_version: tuple[int, int]
    gpu_memory_utilization: float
    sampler_bytes_per_logit: float
    cuda_graphs_in_budget: bool
    evidence: Evidence
    block_size: int = 16


# Newest first: a version uses the first entry it is not older than.
_VLLM = (
    EngineVersion("vllm:0.21+", (0, 21), 0.92, 15, True, Evidence.ESTIMATED),
    EngineVersion("vllm:0.17-0.20", (0, 17), 0.90, 15, False, Evidence.DERIVED),
    EngineVersion("vllm:0.8-0.16", (0, 8), 0.90, 39, False, Evidence.DERIVED),
)
DEFAULT_ENGINE = "vllm:0.33"


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine at one version with the settings it will be started with."""

    name: str
    version: EngineVersion
    gpu_memory_utilization: float
    max_num_seqs: int
    max_num_batched_tokens: int


def make_engine(gpu: Gpu, text: str = DEFAULT_ENGINE) -> Engine:
    """The engine with its own defaults on that GPU. Raises InputError for an unknown version."""
    version = _version(text)
    large = gpu.cuda_bytes >= _LARGE_GPU_BYTES and not gpu.name.startswith("A100")
    return Engine(
        name=text,
        version=version,
        gpu_memory_utilization=version.gpu_memory_utilization,
        max_num_seqs=1024 if large else 256,
        max_num_batched_tokens=8192 if large else 2048,
    )


def _version(text: str) -> EngineVersion:
    name, _, number = text.partition(":")
    parts = (number or DEFAULT_ENGINE.partition(":")[2]).split(".")
    if name != "vllm" or not all(p.isdigit() for p in parts[:2]) or len(parts) < 2:
        raise unknown_name("engine", text, [v.name for v in _VLLM], "; for example vllm:0.33")
    asked = (int(parts[0]), int(parts[1]))
    for version in _VLLM:
        if asked >= version.first_version:
            return version
    raise unknown_name("engine", text, [v.name for v in _VLLM])
