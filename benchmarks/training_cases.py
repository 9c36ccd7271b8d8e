"""Writes the training cases of `benchmarks/cases/`: published peak memories as runs of our own.

    python benchmarks/training_cases.py [folder with training_memory.json]

`training_memory.json` are the collected rows, `training_memory_more.json` further rows of the same
public sources. A case has our names of model, GPU and framework, the options of
`sizing.training.make.make_job`, the peak in GiB of one GPU (totals divided by the GPUs, GB
converted), what that figure counts, and whether the run went through.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.training_more import TABLES
from benchmarks.training_settings import Settings, settings_of
from benchmarks.training_table import GB, Figure, Table
from sizing.catalog.model_store import find_name
from sizing.training.framework import FRAMEWORKS
from sizing.units import GIB

CASES = Path(__file__).parent / "cases"
SHARED = Path(__file__).parents[2] / "shared" / "data" / "measured"
AS_OF = "2026-11-23"

# Models outside the catalogue, and names that the rows do not tie to one.
_MODELS = {
    "Qwen-1.8B": "cases/models/qwen-1.8b.json",
    "Qwen-7B": "cases/models/qwen-7b.json",
    "Qwen-14B": "cases/models/qwen-14b.json",
    "Qwen-72B": "cases/models/qwen-72b.json",
    "phi-1.5": "cases/models/phi-1.5.json",
    "StableLM Alpha 3B": "cases/models/stablelm-alpha-3b.json",
    "Falcon-40B": "cases/models/falcon-40b.json",
    "Magistral-Small-2506 (24B)": "mistral-small-24b",
    "gemma-4-31B": "gemma-4-31b",
}
# A size stands for the commonest GPU of it: the peak does not depend on which.
_GPUS = (
    (r"4090|24GB GPU", "RTX-4090"),
    (r"A6000|48GB GPU", "RTX-A6000"),
    (r"A100-40GB|40GB\+ GPU", "A100-40GB"),
    (r"A100", "A100-80GB"),
    (r"H200", "H200"),
    (r"B200", "B200"),
    (r"GB300", "B300"),
    (r"H100|80GB GPU|unstated", "H100"),
)
_GUESSED_GPU = re.compile(r"^\d+GB\+? GPU|unstated|class")


def main(folder: Path) -> int:
    """Write both case files; print how many each has."""
    rows = json.loads((folder / "training_memory.json").read_text())
    cases = [_collected(row) for row in rows]
    _write("training_memory", cases)
    _write("training_memory_more", further_cases(cases))
    return 0


def further_cases(known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tables' cases that are not among the known ones, numbered from T001."""
    seen = {_run(case) for case in known}
    found = (_case(table, figure) for table in TABLES for figure in table.figures)
    new = [case for case in found if _run(case) not in seen]
    return [{"id": f"T{number:03}", **case} for number, case in enumerate(new, 1)]


def _run(case: dict[str, Any]) -> str:
    keys = ("model", "framework", "gpu", "gpus", "options", "left_out")
    return json.dumps([case.get(key) for key in keys], sort_keys=True)


def _collected(row: dict[str, Any]) -> dict[str, Any]:
    gpu = next((name for pattern, name in _GPUS if re.search(pattern, row["gpu"])), None)
    model, settings = _model(row), settings_of(row)
    settings = replace(settings, left_out=settings.left_out or _left_out(row, model, gpu))
    peak, ran = _peak(row), row["measured"].get("fits") != 0
    failed_by_chance = "OOM" in row.get("notes", "")
    return _given(
        {
            "id": row["id"],
            "model": model,
            "checkpoint": row["model"],
            **_setup(settings),
            "gpu": gpu,
            "gpu_exact": not _GUESSED_GPU.search(row["gpu"]),
            "gpus": row.get("gpu_count") or row.get("tp", 1),
            "peak_gib": peak,
            "fits": None if failed_by_chance else ran,
            "uncertain": bool(row["uncertain"]),
            "source": row["source"],
        }
    )


def _left_out(row: dict[str, Any], model: str | None, gpu: str | None) -> str | None:
    """Why nothing can be computed for a row, where the framework is known."""
    if model is None:
        return f"model {row['model']} is not in the catalogue"
    return f"GPU {row['gpu']} is not known" if gpu is None else None


def _case(table: Table, figure: Figure) -> dict[str, Any]:
    options = {**table.options, **figure.options}
    settings = Settings(table.framework, options, table.assumed, figure.left_out)
    peak = None if figure.peak is None else figure.peak * table.unit / GIB / table.divided_by
    return _given(
        {
            "model": figure.model or table.model,
            "checkpoint": figure.checkpoint or table.checkpoint,
            **_setup(settings),
            "gpu": table.gpu,
            "gpu_exact": table.gpu_exact,
            "gpus": figure.gpus or table.gpus,
            "peak_gib": peak and round(peak, 3),
            "fits": peak is not None,
            "uncertain": table.uncertain or figure.uncertain,
            "source": table.source,
        }
    )


def _setup(settings: Settings) -> dict[str, Any]:
    return {
        "framework": settings.framework,
        "options": settings.options,
        "assumed": list(settings.assumed) or None,
        "left_out": settings.left_out,
        "counts": FRAMEWORKS[settings.framework].measures.value,
    }


def _model(row: dict[str, Any]) -> str | None:
    if row["model"] in _MODELS:
        return _MODELS[row["model"]]
    named = row.get("config", row.get("hf_id", "")).removesuffix(".json").replace("__", "/")
    return find_name(named) if named else None


def _peak(row: dict[str, Any]) -> float | None:
    """GiB of one GPU; the middle of a range."""
    measured, gpus = row["measured"], row.get("gpu_count") or 1
    low = measured.get("gpu_memory_GB_per_gpu_low")
    if low is not None:
        return round((low + measured["gpu_memory_GB_per_gpu_high"]) / 2 * GB / GIB, 3)
    for key, value in measured.items():
        if re.match(r"(peak|max|gpu)_.*_?(GB|GiB)", key) and "regather" not in key:
            unit = 1.0 if "GiB" in key else GB / GIB
            return round(value * unit / (gpus if "total" in key else 1), 3)
    return None


def _given(case: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in case.items() if value is not None}


def _write(name: str, cases: list[dict[str, Any]]) -> None:
    text = json.dumps({"as_of": AS_OF, "cases": cases}, indent=1, ensure_ascii=False)
    (CASES / f"{name}.json").write_text(text + "\n")
    print(f"{name}: {len(cases)} cases")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED))
