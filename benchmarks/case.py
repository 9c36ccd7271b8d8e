"""A measured case, and what this project says of the same deployment."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from sizing.catalog.gpus import gpu as catalogue_gpu
from sizing.engine import Engine, make_engine
from sizing.gpu import Gpu
from sizing.memory import RankBudget, budget, cache_tokens
from sizing.model import ModelSpec
from sizing.plan import Layout
from sizing.precision import Precision, choose_precision, parse_precision
from sizing.resolve import resolve
from sizing.support import KvDtype, parse_kv_dtype
from sizing.transformers_engine import (
    ProcessMemory,
    is_transformers,
    process_memory,
    transformers_engine,
)
from sizing.units import GIB, gib
from sizing.workload import Workload

CASES = Path(__file__).parent / "cases"
DEFAULT_CONTEXT = 8192


@dataclass(frozen=True, slots=True)
class Case:
    """One record of `benchmarks/cases`; `row` keeps its keys as written."""

    row: dict[str, Any]

    @property
    def id(self) -> str:
        """The record's own name."""
        return str(self.row["id"])

    @property
    def measured(self) -> dict[str, float]:
        """What was printed, by our names."""
        return self.row.get("measured", {})

    @property
    def is_vllm(self) -> bool:
        """Whether a vLLM version is named or could be inferred."""
        return str(self.row["engine"]).startswith("vllm:")

    @property
    def full_settings(self) -> bool:
        """Everything that decides the pool was said: nothing had to be inferred."""
        row = self.row
        said = row["engine_exact"] and row["gpu_exact"] and row["layout_given"]
        asked = row.get("utilization") is not None and row.get("context") is not None
        return bool(said and asked and not row["uncertain"])

    def left_out(self) -> str | None:
        """Why nothing can be computed for it, or None."""
        row = self.row
        if "model" not in row:
            return f"model {row['checkpoint']} is not in the catalogue"
        if not self.is_vllm and not is_transformers(row["engine"]):
            return f"engine {row.get('engine_text', row['engine'])} is not modelled"
        if "gpu" not in row and self.is_vllm and "visible_gib" not in row:
            return f"GPU {row.get('gpu_text', 'unstated')} is not known"
        if re.search(r"decode.context.parallel(.size)?.[2-9]", row.get("setup", "")):
            return "decode context parallelism is not modelled"
        if "cpu_offload" in row.get("setup", ""):
            return "weights offloaded to the CPU are not modelled"
        if row.get("kv_dtype") in ("int8",):
            return "an int8 KV cache of the model's own code is not modelled"
        return None


def load_cases(name: str) -> list[Case]:
    """The cases of `benchmarks/cases/<name>.json`."""
    rows = json.loads((CASES / f"{name}.json").read_text())["cases"]
    return [Case(row) for row in rows]


def spec_of(case: Case) -> ModelSpec:
    """The case's model: the catalogue's, or one kept beside the cases."""
    return _spec(case.row["model"])


@cache
def _spec(name: str) -> ModelSpec:
    if name.startswith("cases/"):
        path = Path(__file__).parent / name
        return ModelSpec.model_validate_json(path.read_text())
    return resolve(name).spec


def precision_of(case: Case) -> Precision:
    """The stored format; the checkpoint's own where the case does not say."""
    name = case.row.get("precision")
    if name == "nf4-dq":
        # bitsandbytes' nested scales: a byte per block, a float32 per 256 blocks.
        return replace(parse_precision("nf4"), scale_bytes=1 + 4 / 256)
    found = choose_precision(spec_of(case), name)
    kept = tuple(case.row.get("keep", ()))
    return replace(found, keep=kept) if kept else found


def gpu_of(case: Case) -> Gpu:
    """The catalogue's GPU with the memory that the log printed, where it did."""
    found = catalogue_gpu(case.row.get("gpu", "H100"))
    visible = case.row.get("visible_gib")
    return found.model_copy(update={"cuda_bytes": int(visible * GIB)}) if visible else found


def engine_of(case: Case) -> Engine:
    """The engine with the case's settings, its own defaults elsewhere."""
    row = case.row
    return make_engine(
        gpu_of(case),
        row["engine"],
        context=row.get("context"),
        gpu_memory_utilization=row.get("utilization"),
        max_num_seqs=row.get("max_num_seqs"),
        max_num_batched_tokens=row.get("max_num_batched_tokens"),
        enforce_eager=bool(row.get("enforce_eager")),
        speculative_tokens=row.get("speculative_tokens", 0),
    )


def layout_of(case: Case) -> Layout:
    """The case's layout; GPUs beside those of TP and PP are data-parallel ranks."""
    row = case.row
    tp, pp = row["tp"], row["pp"]
    return Layout(tp=tp, pp=pp, dp=max(1, row["gpus"] // (tp * pp)), ep=row.get("ep") or 1)


def kv_dtype_of(case: Case) -> KvDtype:
    """The cache's format; formats of one byte by other names count as fp8."""
    name = case.row.get("kv_dtype")
    return parse_kv_dtype("fp8" if name and name.startswith("fp8_ds") else name or "auto")


def stages_of(case: Case, context: int | None = None) -> tuple[RankBudget, ...]:
    """The budget of every stage for one sequence of the case's context, worst first."""
    length = context or case.row.get("context") or DEFAULT_CONTEXT
    return budget(
        spec_of(case),
        precision_of(case),
        Workload(context=length, concurrency=1),
        layout_of(case),
        gpu_of(case),
        engine_of(case),
        kv_dtype_of(case),
    )


def process_of(case: Case) -> ProcessMemory:
    """One Transformers process of a case."""
    row = case.row
    return process_memory(
        spec_of(case),
        precision_of(case),
        kv_dtype_of(case),
        gpu_of(case),
        transformers_engine(row["engine"]),
        gpus=row["gpus"],
        batch=row.get("batch", 1),
        tokens=row.get("input_len", 1) + row.get("output_len", 0),
    )


def predict(case: Case) -> dict[str, float]:
    """Our figures of a case, by the names of `measured`; GiB and tokens."""
    if not case.is_vllm:
        return {"total_gib": gib(process_of(case).total)}
    stages = stages_of(case)
    worst, context = stages[0], case.row.get("context") or DEFAULT_CONTEXT
    version = engine_of(case).version
    found = {
        "weights_gib": gib(max(s.weights for s in stages)),
        "activations_gib": gib(worst.activations),
        "non_torch_gib": gib(worst.non_torch),
        "pool_gib": gib(worst.pool),
        "tokens": cache_tokens(stages, context, version),
    }
    if pool := case.measured.get("pool_gib"):
        given = replace(worst, pool=int(pool * GIB))
        found["tokens_of_pool"] = cache_tokens((given,), context, version)
    return found
