"""Writes `benchmarks/cases/` from the collected measurements: one record a case, in our own words.

    python benchmarks/measured_cases.py [folder with serving_memory.json and fits.json]

Names of models, GPUs and formats become ours, every setting gets one key, and what had to be
guessed (an engine's version, a GPU) is marked, so that the report can tell full settings from
inferred ones.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
SHARED = Path(__file__).parents[2] / "shared" / "data" / "measured"
AS_OF = "2026-11-23"

# Fine-tuned or re-quantised checkpoints whose architecture is a catalogue model's.
_SAME_AS = {
    "Kimi-Dev-72B": "qwen2.5-72b",
    "Hermes-3-Llama-3.1-8B": "llama-3.1-8b",
    "Phi-4-AutoRound-GPTQ-4bit": "phi-4",
    "granite-3.1-8b-instruct": "granite-3.3-8b",
    "Qwen3.6-27B-AutoRound int4": "qwen3.6-27b",
    "Qwen3.6-27B int4 (club-3090 long-text)": "qwen3.6-27b",
    "Qwen3.6-35B-A3B-NVFP4": "qwen3.6-35b-a3b",
    "Kimi-K2-Thinking": "kimi-k2",
    "GLM-5.1-NVFP4-MTP": "glm-5.1",
    "gemma-4-31b-it-nvfp4": "gemma-4-31b",
}
# Models outside the catalogue, kept beside the cases.
_OWN = {
    "granite-3.1-2b-instruct": "granite-3.1-2b",
    "Qwen2.5-Math-1.5B": "qwen2.5-math-1.5b",
    "Qwen2-7B-Instruct": "qwen2-7b",
    "Qwen1.5-MoE-A2.7B": "qwen1.5-moe-a2.7b",
    "Qwen-7B": "qwen-7b",
    "Qwen-72B": "qwen-72b",
    "DeepSeek-Coder-V2-Lite-Instruct": "deepseek-coder-v2-lite",
}
_GPUS = (
    (r"H100|80GB-class|80GB GPU", "H100"),
    (r"H200", "H200"),
    (r"H20\b", "H20"),
    (r"B200", "B200"),
    (r"A100.*40 ?GB", "A100-40GB"),
    (r"A100.*80 ?GB", "A100-80GB"),
    (r"A10G", "A10G"),
    (r"L40S", "L40S"),
    (r"L40\b", "L40"),
    (r"L4\b", "L4"),
    (r"A6000", "RTX-A6000"),
    (r"A40\b", "A40"),
    (r"3090", "RTX-3090"),
    (r"5090", "RTX-5090"),
    (r"PRO 6000", "RTX-PRO-6000"),
    (r"GB10", "GB10"),
    (r"Thor", "Jetson-Thor"),
)
_GUESSED_GPU = re.compile(r"unstated|inferred|slice|/|list|>=|^16GB|unified")
_PRECISIONS = (
    (r"fp8 ?\(block|fp8-block", "fp8-block"),
    (r"fp8", "fp8"),
    (r"nf4-dq", "nf4-dq"),
    (r"nf4", "nf4"),
    (r"nvfp4", "nvfp4"),
    (r"mxfp4", "mxfp4"),
    (r"awq", "awq"),
    (r"gptq", "gptq"),
    (r"w8a8|int8", "int8"),
    (r"w4a16|int4", "int4"),
    (r"fp32", "fp32"),
    (r"bf16", "bf16"),
    (r"fp16", "fp16"),
)
_MEASURED = {
    "model_weights_GiB_per_gpu": "weights_gib",
    "peak_activation_GiB": "activations_gib",
    "non_torch_GiB": "non_torch_gib",
    "available_kv_cache_GiB": "pool_gib",
    "cuda_graph_actual_GiB": "graphs_gib",
    "cuda_graph_estimate_GiB": "graphs_estimate_gib",
    "gpu_kv_cache_tokens": "tokens",
    "num_gpu_blocks": "blocks",
    "max_concurrency_x": "concurrency",
    "required_kv_GiB": "kv_needed_gib",
    "estimated_max_model_len": "longest_context",
}


def main(folder: Path) -> int:
    """Write both case files; print how many."""
    CASES.mkdir(exist_ok=True)
    for name, keep in (("serving_memory", _serving), ("fits", _fits)):
        rows = json.loads((folder / f"{name}.json").read_text())
        cases = [keep(row) for row in rows]
        text = json.dumps({"as_of": AS_OF, "cases": cases}, indent=1, ensure_ascii=False)
        (CASES / f"{name}.json").write_text(text + "\n")
        print(f"{name}: {len(cases)} cases")
    return 0


def _serving(row: dict[str, Any]) -> dict[str, Any]:
    recompute = row["recompute"]
    return _given(
        {
            **_settings(row),
            "end_to_end": "kv_pool_end_to_end" in recompute,
            "weights_comparable": "weights" in recompute and "drafter" not in row.get("notes", ""),
            "tokens_of_pool": "kv_bytes_per_token" in recompute,
            "measured": {**_figures(row["measured"]), **_total(row["measured"])},
        }
    )


def _fits(row: dict[str, Any]) -> dict[str, Any]:
    measured = row["measured"]
    return _given(
        {
            **_settings(row),
            "fits": {0: False, 1: True}.get(measured.get("fits", -1)),
            "from_engine": _from_engine(row),
            "measured": _figures(measured),
            "remark": _shorten(row.get("notes")),
        }
    )


def _settings(row: dict[str, Any]) -> dict[str, Any]:
    model, gpu, text = row["model"], str(row.get("gpu", "")), str(row.get("settings", ""))
    engine, exact = _engine(_dated(row))
    gpus, nvfp4 = row.get("gpu_count", 1), row.get("precision") == "nvfp4"
    return {
        "id": row["id"],
        "model": _model(row),
        "checkpoint": model,
        "precision": _precision(row),
        "precision_text": row.get("precision"),
        "kv_dtype": _kv_dtype(row.get("kv_dtype")),
        # The published NVFP4 checkpoints of these models leave attention in 16 bits.
        "keep": ["self_attn"] if nvfp4 and re.search("GLM|gemma", model) else None,
        "speculative_tokens": _drafted(text),
        "gpu": _gpu(gpu),
        "gpu_exact": not _GUESSED_GPU.search(gpu),
        "visible_gib": _visible(gpu),
        "gpus": gpus,
        **_degrees(row, gpus),
        "ep": row.get("ep"),
        "layout_given": "tp" in row or gpus == 1,
        "engine": engine,
        "engine_text": row.get("engine"),
        "engine_exact": exact,
        "context": row.get("max_model_len"),
        "utilization": row.get("gpu_memory_utilization"),
        "max_num_seqs": row.get("batch_seqs") if engine.startswith("vllm") else None,
        "max_num_batched_tokens": _batched(text),
        "enforce_eager": "eager" in text or "eager" in str(row.get("engine")) or None,
        "batch": None if engine.startswith("vllm") else row.get("batch_seqs"),
        "input_len": row.get("input_len"),
        "output_len": row.get("output_len"),
        "setup": text or None,
        "uncertain": bool(row.get("uncertain")),
        "source": row["source"],
    }


def _degrees(row: dict[str, Any], gpus: int) -> dict[str, int]:
    """Degrees as said; else tensor parallel inside eight GPUs and a pipeline across."""
    if "tp" in row:
        return {"tp": row["tp"], "pp": row.get("pp", 1)}
    return {"tp": min(gpus, 8), "pp": max(1, gpus // 8)}


def _model(row: dict[str, Any]) -> str | None:
    name = re.sub(r" \((cpu|Ascend).*\)$", "", row["model"])
    if name in _SAME_AS:
        return _SAME_AS[name]
    if name in _OWN:
        return f"cases/models/{_OWN[name]}.json"
    from sizing.catalog.model_store import find_name

    config = str(row.get("config", "")).removesuffix(".json").replace("__", "/")
    return find_name(config) if config else None


def _dated(row: dict[str, Any]) -> str:
    """The engine's text; the first Qwen's own page is of 2023 too, and one log names its day."""
    text = str(row.get("engine", ""))
    if text == "vLLM" and "-202605" in row["source"]:
        return "vLLM 0.21 (version inferred from date)"
    return f"{text}, PyTorch 2.0" if row["source"].startswith("QwenLM/Qwen README") else text


def _engine(text: str) -> tuple[str, bool]:
    """Our name of the engine, and whether the version was said."""
    if "Transformers" in text or "LitGPT" in text:
        # PyTorch 2.0.1 dates a run to 2023, before caches were kept once.
        return ("transformers:4.32" if "PyTorch 2.0" in text else "transformers"), True
    number = re.search(r"0\.(\d+)", text)
    if not text.lower().startswith(("vllm", "rhaiis")):
        return text.split(" ")[0] or "unknown", False
    if "Ascend" in text or "fork" in text:
        return "other", False
    if number:
        guessed = re.search(r"inferred|~|0\.2x", text) is not None
        return f"vllm:0.{'24' if '0.2x' in text else number.group(1)}", not guessed
    return ("vllm:0.10" if "V1" in text else "vllm:0.19"), False


def _gpu(text: str) -> str | None:
    return next((name for pattern, name in _GPUS if re.search(pattern, text)), None)


def _visible(text: str) -> float | None:
    found = re.search(r"([\d.]+) GiB", text)
    return float(found.group(1)) if found else None


def _precision(row: dict[str, Any]) -> str | None:
    text, name = str(row.get("precision") or ""), str(row.get("hf_id") or "")
    if "+" in text or "/" in text or "experts" in text:
        return None
    found = next((p for pattern, p in _PRECISIONS if re.search(pattern, text)), None)
    # Qwen publishes its FP8 checkpoints in 128 x 128 blocks.
    block = found == "fp8" and ("Qwen3" in name or "Qwen3" in row["model"])
    return "fp8-block" if block else found


def _kv_dtype(text: str | None) -> str | None:
    if text is None or text.startswith(("bf16", "fp16", "fp32")):
        return None
    return text.split(" ")[0]


def _drafted(text: str) -> int | None:
    found = re.search(r"MTP (\d+)", text)
    return int(found.group(1)) if found else None


def _batched(text: str) -> int | None:
    found = re.search(r"max_num_batched_tokens[= ](\d+)", text)
    return int(found.group(1)) if found else None


def _from_engine(row: dict[str, Any]) -> bool:
    """A log or a bug report of a run, not a vendor's table or rule of thumb."""
    logged = {"available_kv_cache_GiB", "required_kv_GiB", "gpu_kv_cache_tokens", "peak_torch_GiB"}
    if logged & row["measured"].keys():
        return True
    runs = r"FAILED\.log|issue #|docs/performance-lab|QwenLM/Qwen README"
    failed = row["measured"].get("fits") == 0
    return failed and bool(re.search(runs, row["source"]))


def _figures(measured: dict[str, Any]) -> dict[str, Any]:
    kept = {ours: measured[theirs] for theirs, ours in _MEASURED.items() if theirs in measured}
    both = measured.get("weights_plus_non_torch_GiB")
    return {**kept, **({"weights_and_non_torch_gib": both} if both else {})}


def _total(measured: dict[str, Any]) -> dict[str, float]:
    """A whole process's memory, GiB."""
    if "gpu_memory_MiB" in measured:
        return {"total_gib": measured["gpu_memory_MiB"] / 1024}
    for key in ("gpu_memory_total_GB", "gpu_memory_GB", "max_gpu_ram_GB"):
        if key in measured:
            return {"total_gib": measured[key] * 1e9 / 2**30}
    return {}


def _shorten(text: str | None) -> str | None:
    return text.split(";")[0].split(". ")[0] if text else None


def _given(case: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in case.items() if value is not None}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED))
