"""Plain Transformers (`generate`, no paging): what one process holds.

Weights as stored, the cache of every sequence's tokens, and a little for kernels. Derived from
published totals of Qwen3 with Transformers 4.51: weights and cache explain all but some 36 MiB.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from sizing.census import kv_bytes, state_bytes_per_sequence, weights
from sizing.errors import InputError
from sizing.gpu import Gpu
from sizing.model import ModelSpec
from sizing.plan import MemoryPerGpu
from sizing.precision import Precision, weight_bytes
from sizing.support import KvDtype
from sizing.units import GIB, MIB, gib

NAME = "transformers"
# cuBLAS's workspace and small buffers in PyTorch's allocator.
_KERNELS = 36 * MIB
# The CUDA context, outside PyTorch's allocator.
_CONTEXT = 0.5 * GIB
# Growing caches leave holes in the allocator's segments.
_HOLES = 0.02
# Before 4.36 a step built the next cache while the caller still held the last one.
_CACHE_ONCE_FROM = (4, 36)


@dataclass(frozen=True, slots=True)
class TransformersEngine:
    """The library at one version; None is the newest."""

    name: str
    version: tuple[int, int] | None = None

    @property
    def caches_at_once(self) -> int:
        """Copies of the cache that live while a token is generated."""
        return 2 if self.version and self.version < _CACHE_ONCE_FROM else 1


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """Bytes of one process over `gpus` GPUs that share the layers."""

    gpus: int
    visible: int
    weights: int
    kv_cache: int
    activations: int

    @property
    def total(self) -> int:
        """What PyTorch allocates in all: the figure that measurements report."""
        return self.weights + self.kv_cache + self.activations

    @property
    def free_per_gpu(self) -> float:
        """Bytes left on a GPU beside the CUDA context and the allocator's holes."""
        return self.visible - self.total * (1 + _HOLES) / self.gpus - _CONTEXT

    def per_gpu(self) -> MemoryPerGpu:
        """In GiB, one GPU's equal share; the parts sum to the CUDA-visible memory."""
        share = 1 / self.gpus / GIB
        parts = (self.weights * share, self.kv_cache * share, self.activations * share)
        holes = self.total * _HOLES * share
        return MemoryPerGpu(
            weights=parts[0],
            kv_cache=parts[1],
            activations=parts[2],
            non_torch=gib(_CONTEXT),
            cuda_graphs=0.0,
            reserve=holes,
            free=gib(self.visible) - sum(parts) - gib(_CONTEXT) - holes,
        )


def is_transformers(text: str) -> bool:
    """Whether an engine's name means this one."""
    return text.strip().lower().partition(":")[0] == NAME


def transformers_engine(text: str) -> TransformersEngine:
    """`transformers`, or a version as in `transformers:4.51`. Raises InputError otherwise."""
    _, colon, number = text.strip().lower().partition(":")
    if not colon:
        return TransformersEngine(NAME)
    parts = number.split(".")
    if len(parts) < 2 or not all(p.isdigit() for p in parts[:2]):
        raise InputError("engine", text, "transformers, or a version as in transformers:4.51", NAME)
    return TransformersEngine(f"{NAME}:{number}", (int(parts[0]), int(parts[1])))


def process_memory(
    spec: ModelSpec,
    precision: Precision,
    kv_dtype: KvDtype,
    gpu: Gpu,
    engine: TransformersEngine,
    *,
    gpus: int,
    batch: int,
    tokens: int,
) -> ProcessMemory:
    """Memory while `batch` sequences of `tokens` tokens (prompt and output) are generated."""
    width = 4.0 if precision.name == "fp32" else 2.0
    entry = width if kv_dtype.name == "auto" else kv_dtype.bytes_per_element
    cache = kv_bytes(spec, tokens, entry) * engine.caches_at_once
    state = state_bytes_per_sequence(spec)
    return ProcessMemory(
        gpus=gpus,
        visible=gpu.cuda_bytes,
        weights=weight_bytes(spec, precision) + _untied_head(spec, precision),
        kv_cache=(cache + state) * batch,
        activations=_KERNELS * gpus,
    )


def cache_room(memory: ProcessMemory) -> float:
    """Bytes that caches can take beside the rest; zero or more."""
    return max(0.0, memory.free_per_gpu * memory.gpus / (1 + _HOLES) + memory.kv_cache)


def _untied_head(spec: ModelSpec, precision: Precision) -> int:
    """Block-FP8 loading leaves a tied head with a table of its own (seen in 4.51)."""
    if not (spec.tied and precision.name == "fp8-block"):
        return 0
    table = next(w for part in weights(spec) for w in part.weights if w.group == "embedding")
    return ceil(table.elements * precision.rest_bytes)
