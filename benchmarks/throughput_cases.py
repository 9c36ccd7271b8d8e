"""A measured load, and what this project says of the same load on the same deployment."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from benchmarks.case import CASES
from sizing.catalog.gpus import gpu as catalogue_gpu
from sizing.deployment import find_model
from sizing.gpu import Gpu
from sizing.model import ModelSpec
from sizing.performance.batch import Load, Rates, steady
from sizing.performance.burst import burst
from sizing.performance.capacity import Capacity, capacity
from sizing.performance.engines import Server, make_server
from sizing.performance.factors import efficiency
from sizing.performance.step import step_model
from sizing.plan import Layout
from sizing.precision import Precision, native_precision
from sizing.support import KvDtype, parse_kv_dtype

_UNFIT = "its weights do not fit those GPUs: the settings cannot be what ran"


@dataclass(frozen=True, eq=False)
class LoadCase:
    """One record of `benchmarks/cases/throughput.json`, with what it stands for."""

    row: dict[str, Any]
    spec: ModelSpec
    precision: Precision
    kv_dtype: KvDtype
    gpu: Gpu
    layout: Layout
    server: Server
    capacity: Capacity

    @property
    def id(self) -> str:
        """The record's own name."""
        return str(self.row["id"])

    @property
    def model(self) -> str:
        """The catalogue's name of the model."""
        return str(self.row["model"])

    @property
    def family(self) -> str:
        """The engine family."""
        return self.server.family

    @property
    def measured(self) -> dict[str, float]:
        """What was measured, by our names."""
        return self.row["measured"]


@cache
def load_rows() -> tuple[dict[str, Any], ...]:
    """Every record, left out or not."""
    return tuple(json.loads((CASES / "throughput.json").read_text())["cases"])


@cache
def load_cases() -> tuple[LoadCase, ...]:
    """The cases that are computed: what fits, by our own account."""
    return tuple(case for case in _all_cases() if case.capacity.short <= 0)


def left_out() -> dict[str, list[str]]:
    """Reason to the ids of the cases for which nothing is computed."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in load_rows():
        if "left_out" in row:
            found[row["left_out"]].append(row["id"])
    for case in _all_cases():
        if case.capacity.short > 0:
            found["its weights do not fit those GPUs: the settings cannot be what ran"].append(
                case.id
            )
    return dict(found)


@cache
def held_out_cases() -> tuple[LoadCase, ...]:
    """Measurements that the factors were never fitted to: NVIDIA's tables of an earlier version."""
    filed = json.loads((CASES / "throughput_held_out.json").read_text())
    found: list[LoadCase] = []
    for number, row in enumerate(filed["rows"]):
        figures = zip(filed["lengths"], filed["requests"], row["output_tokens_per_s"], strict=True)
        for (prompt, output), requests, rate in figures:
            if rate is not None:
                found.append(
                    make_case(
                        {
                            **{key: row[key] for key in ("model", "tp", "gpu", "precision")},
                            "id": f"held-out-{number}-{prompt}-{output}",
                            "pp": 1,
                            "engine": filed["engine"],
                            "source": filed["source"],
                            "utilization": 0.95,
                            "arrival": "burst",
                            "offline": True,
                            "requests": requests,
                            "input_len": prompt,
                            "output_len": output,
                            "measured": {"output_tokens_per_s": rate},
                        }
                    )
                )
    return tuple(found)


@cache
def _all_cases() -> tuple[LoadCase, ...]:
    return tuple(make_case(row) for row in load_rows() if "left_out" not in row)


def predict(case: LoadCase, factors: dict[str, Any] | None = None) -> Rates:
    """Our rates of a case, of all its copies; `factors` replaces the dated ones."""
    model = step_model(
        case.spec,
        case.precision,
        case.kv_dtype,
        case.layout,
        case.gpu,
        case.server,
        factors=factors,
    )
    served = efficiency(case.gpu, case.family, factors).request_s
    request_s = 0.0 if case.row.get("offline") else served
    row, held = case.row, case.capacity.held
    lengths = (row["input_len"], row["output_len"])
    if row["arrival"] == "burst":
        load = Load(*lengths, concurrency=row["requests"], held=held)
        found = burst(model, case.server, request_s, load, spread=bool(row.get("spread")))
    else:
        load = Load(*lengths, concurrency=row.get("concurrency", held), held=held)
        found = steady(model, case.server, request_s, load)
    copies = row.get("copies", 1)
    return replace(
        found,
        output_tokens_per_s=found.output_tokens_per_s * copies,
        total_tokens_per_s=found.total_tokens_per_s * copies,
    )


def make_case(row: dict[str, Any]) -> LoadCase:
    """A record with what it stands for."""
    spec, precision = find_model(row["model"], row.get("precision"))
    gpu = catalogue_gpu(row["gpu"])
    server = make_server(
        gpu,
        row["engine"],
        context=row["input_len"] + row["output_len"],
        gpu_memory_utilization=row.get("utilization"),
        max_num_seqs=row.get("max_num_seqs"),
        max_num_batched_tokens=row.get("max_num_batched_tokens"),
        overlaps=row.get("overlaps"),
    )
    precision = server.checkpoint(row.get("precision"), precision, native_precision(spec))
    layout = Layout(tp=row["tp"], pp=row["pp"], dp=row.get("dp", 1), ep=row.get("ep", 1))
    kv_dtype = server.cache_dtype(parse_kv_dtype(row.get("kv_dtype", "auto")), precision)
    lengths = (row["input_len"], row["output_len"])
    held = capacity(spec, precision, kv_dtype, layout, gpu, server, *lengths)
    return LoadCase(row, spec, precision, kv_dtype, gpu, layout, server, held)
