"""Writes `benchmarks/cases/throughput.json` from the collected measurements, in our own words.

    python benchmarks/measured_throughput.py [folder with throughput.json]

Every row becomes a case: names of ours, one key a setting, what was measured by our names, and
`left_out` where nothing can be computed, with the reason.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
SHARED = Path(__file__).parents[2] / "shared" / "data" / "measured"
AS_OF = "2026-11-24"

_MODELS = {
    "Kimi-K2-Thinking": "kimi-k2.5",
    "LLaMA-7B": "llama-2-7b",
    "Nemotron Nano 30B FP8": "nemotron-3-nano",
    "DeepSeek-V3-0324-AWQ": "deepseek-v3",
    "Llama-4-Maverick": "llama-4-maverick",
}
_GPUS = (
    (r"GB200", "GB200"),
    (r"GH200", "GH200-144GB"),
    (r"RTX_PRO_6000", "RTX-PRO-6000"),
    (r"B200", "B200"),
    (r"H200", "H200"),
    (r"H20\b", "H20"),
    (r"A100", "A100-80GB"),
    (r"l40s|L40S", "L40S"),
    (r"H100", "H100"),
)
# Mean prompt tokens of MLPerf's data sets, from the benchmark's task descriptions: OpenOrca,
# CNN-DailyMail, and LongBench with others.
_MLPERF_PROMPTS = {
    "llama2-70b": 294,
    "llama3.1-8b": 778,
    "llama3.1-405b": 9428,
}
# TP of one copy in those submissions; a system runs as many copies as fit.
_MLPERF_TP = {
    ("llama2-70b", "H100"): 2,
    ("llama2-70b", "L40S"): 4,
    ("llama3.1-405b", "H200"): 8,
    ("llama3.1-405b", "B200"): 4,
    ("llama3.1-405b", "GB200"): 4,
}
# Requests of each length in NVIDIA's runs, from the same pages' instructions.
_TRT_REQUESTS = {
    (128, 128): 30000,
    (128, 2048): 3000,
    (500, 2000): 3000,
    (1000, 1000): 3000,
    (2048, 128): 3000,
    (1024, 1024): 3000,
    (20000, 2000): 1000,
    (32768, 1024): 1000,
    (1024, 32768): 1000,
}
_TRT_OTHER_REQUESTS = 1500
# The arena's and the question set's prompts are short; their length is not in the file.
_ENERGY_PROMPTS = {"lm-arena-chat": 200, "gpqa": 250}
_OTHER_PROMPT = 250
_MEASURED = {
    "output_tokens_per_s_total": "output_tokens_per_s",
    "tokens_per_s_total": "output_tokens_per_s",
    "total_tokens_per_s": "total_tokens_per_s",
    "mean_ttft_ms": "ttft_ms",
    "ttft_ms": "ttft_ms",
    "mean_tpot_ms": "tpot_ms",
    "tpot_ms": "tpot_ms",
    "itl_ms": "tpot_ms",
    "median_itl_ms": "median_itl_ms",
}


def main(folder: Path) -> int:
    """Write the cases; print how many, and how many of them are left out."""
    rows = json.loads((folder / "throughput.json").read_text())
    cases = [case for row in rows for case in _cases(row)]
    text = json.dumps({"as_of": AS_OF, "cases": cases}, indent=1, ensure_ascii=False)
    (CASES / "throughput.json").write_text(text + "\n")
    out = sum("left_out" in case for case in cases)
    print(f"throughput: {len(cases)} cases, {out} of them left out")
    return 0


def _cases(row: dict[str, Any]) -> list[dict[str, Any]]:
    """One case a figure where a row holds several settings (`1 / 32 / 1` sequences)."""
    if " / " not in str(row.get("batch_seqs", "")):
        return [_case(row)]
    found: list[dict[str, Any]] = []
    keys = [k for k in row["measured"] if k.startswith("tokens_per_s_per_request")]
    texts = [str(row[k]).split(" / ") for k in ("batch_seqs", "input_len", "output_len")]
    for key, batch, prompt, output in zip(keys, *texts, strict=True):
        each = {
            "batch_seqs": int(batch),
            "input_len": int(prompt),
            "output_len": int(output),
            "id": f"{row['id']}-{key.removeprefix('tokens_per_s_per_request_')}",
            "measured": {"tpot_ms": round(1000 / row["measured"][key], 2)},
        }
        found.append(_case({**row, **each}))
    return found


def _case(row: dict[str, Any]) -> dict[str, Any]:
    engine, text = _engine(row), _text(row)
    precision, gpu = _precision(row), _gpu(str(row["gpu"]))
    case = {
        "id": row["id"],
        "model": _model(row),
        "checkpoint": row["model"],
        "precision": precision,
        "kv_dtype": _kv_dtype(row),
        "gpu": gpu,
        "gpus": row.get("gpu_count"),
        **_layout(row, text),
        "engine": engine,
        "engine_text": row["engine"],
        **_load(row, text),
        **_settings(row, text),
        "measured": _figures(row),
        "uncertain": bool(row.get("uncertain")),
        "source": row["source"],
        "left_out": _left_out(row, text, gpu),
    }
    return {key: value for key, value in case.items() if value is not None}


def _left_out(row: dict[str, Any], text: str, gpu: str | None) -> str | None:
    engine = str(row["engine"])
    if "training" in engine:
        return "training throughput, not serving"
    if "MI300" in str(row["gpu"]):
        return "AMD GPUs are not in the catalogue"
    if gpu is None or "/" in str(row["gpu"]):
        return f"GPU {row['gpu']} is not one GPU of the catalogue"
    if "PD-disaggregation" in engine:
        return "prefill and decoding on separate nodes are not modelled"
    if "DCP" in text:
        return "decode context parallelism is not modelled"
    if "mixtral" in row["model"] and "MLPerf" in engine:
        return "the mean prompt of MLPerf's mixture of data sets is not known"
    if "Interactive" in engine:
        return "throughput under a tight latency limit, with the arrival process not stated"
    if "gpt-oss-120b" in text and "20b" in row["model"]:
        return "the source's heading and command name different models"
    if re.search(r"ShareGPT, 100 prompts", text):
        return "about one request a second was sent: the client decides the throughput"
    if "vLLM" in str(row["gpu"]):
        return "how many of the system's GPUs one engine used is not stated"
    if _model(row) is None:
        return f"model {row['model']} is not in the catalogue"
    if not _figures(row):
        return "no figure that is computed here"
    return None


def _text(row: dict[str, Any]) -> str:
    return str(row.get("settings") or "")


def _model(row: dict[str, Any]) -> str | None:
    from sizing.catalog.model_store import find_name

    if row["model"] in _MODELS:
        return _MODELS[row["model"]]
    config = str(row.get("config", "")).removesuffix(".json").replace("__", "/")
    return find_name(config) if config else None


def _gpu(text: str) -> str | None:
    return next((name for pattern, name in _GPUS if re.search(pattern, text)), None)


def _engine(row: dict[str, Any]) -> str:
    """Our name; where no version is said, the one of the source's date."""
    text = str(row["engine"])
    number = re.search(r"v?0\.(\d+)", text)
    if text.startswith("SGLang"):
        return "sglang:0.4" if "0.4" in text else "sglang:0.5"
    if text.startswith("MLPerf"):
        return "vllm:0.10" if "vLLM" in str(row["gpu"]) else "tensorrt-llm"
    if "TensorRT" in text or "TRT-LLM" in text:
        return "tensorrt-llm"
    if "ENERGY" in text:
        return "vllm:0.11"
    if "nightly" in text:
        return "vllm:0.6"
    return f"vllm:0.{number.group(1)}" if number else "vllm:0.12"


def _precision(row: dict[str, Any]) -> str | None:
    text, name = str(row["precision"]), str(row.get("hf_id") or row["model"])
    source = str(row["source"])
    if "see submission" in text:
        return "nvfp4" if re.search(r"B200|RTX_PRO", str(row["gpu"])) else "fp8"
    if text == "fp4":
        return "nvfp4"
    if "gptq" in text:
        return "gptq"
    if "awq" in text:
        return "awq"
    if text == "int4":
        return None
    # Qwen and DeepSeek publish FP8 in 128 x 128 blocks.
    block = text == "fp8" and re.search(r"^(Qwen|deepseek-ai)/", name) and "NVIDIA/" not in source
    return "fp8-block" if block else text


def _kv_dtype(row: dict[str, Any]) -> str | None:
    """NVIDIA's command for DeepSeek names fp8; elsewhere the engine's default applies."""
    return "fp8" if "NVIDIA/" in row["source"] and "DeepSeek" in row["model"] else None


def _layout(row: dict[str, Any], text: str) -> dict[str, Any]:
    """Degrees of one copy and how many copies share the measured GPUs."""
    gpus = row.get("gpu_count") or 1
    if row["engine"].startswith("MLPerf"):
        name, gpu = row["model"].split(" ")[0], _gpu(str(row["gpu"]))
        gpus = row.get("gpu_count") or 2
        tp = min(_MLPERF_TP.get((name, gpu or ""), 1), gpus)
        return {"tp": tp, "pp": 1, "copies": gpus // tp, "layout_inferred": True}
    # NVIDIA's command for these experts has attention on data-parallel ranks.
    spread = "Qwen3-235B" in row["model"] and "NVIDIA/TensorRT-LLM" in row["source"]
    if "DEP" in text or spread:
        return {"tp": 1, "pp": 1, "dp": gpus, "ep": gpus}
    pipeline = re.search(r"--pp-size (\d+)", text)
    stages = int(pipeline.group(1)) if pipeline else row.get("pp") or 1
    tp = gpus // stages
    return {"tp": tp, "pp": stages, "ep": tp if (row.get("ep") or 1) > 1 else None}


def _load(row: dict[str, Any], text: str) -> dict[str, Any]:
    """Lengths, and how requests come: a burst, a kept concurrency, or as many as fit."""
    engine, output = str(row["engine"]), row.get("output_len")
    if "ENERGY" in engine:
        prompts = (tokens for task, tokens in _ENERGY_PROMPTS.items() if task in text)
        return {
            "input_len": next(prompts, _OTHER_PROMPT),
            "input_inferred": True,
            "output_len": output,
            "arrival": "kept",
            "concurrency": row["measured"]["avg_batch_size"],
        }
    if engine.startswith("MLPerf"):
        return {
            "input_len": _MLPERF_PROMPTS.get(row["model"].split(" ")[0]),
            "input_inferred": True,
            "output_len": round(row["output_len"]),
            "arrival": "max",
        }
    said = re.search(r"(\d+) (?:ShareGPT )?prompts", text)
    if "Kimi" in row["model"]:
        # What the two rates say of the outputs, which ended early.
        rates = row["measured"]
        ratio = rates["total_tokens_per_s"] / rates["output_tokens_per_s_total"]
        output = round(row["input_len"] / (ratio - 1))
    lengths = {"input_len": row.get("input_len") or 215, "output_len": output or 200}
    if said:
        share = {"spread": True} if "ShareGPT" in text else {}
        return {**lengths, "arrival": "burst", "requests": int(said.group(1)), **share}
    if "mean_latency_ms" in row["measured"] or row.get("batch_seqs") == 1:
        return {**lengths, "arrival": "burst", "requests": row["batch_seqs"]}
    if row.get("batch_seqs"):
        return {**lengths, "arrival": "kept", "concurrency": row["batch_seqs"]}
    requests = _TRT_REQUESTS.get((row["input_len"], output or 0), _TRT_OTHER_REQUESTS)
    # The benchmark runs in the engine's own process: no request passes a front end.
    return {**lengths, "arrival": "burst", "requests": requests, "offline": True}


def _settings(row: dict[str, Any], text: str) -> dict[str, Any]:
    batched = re.search(r"max[-_]num[-_](?:batched[-_])?tokens[ =](\d+)", text)
    return {
        "max_num_seqs": row.get("batch_seqs") if "ENERGY" in row["engine"] else None,
        "max_num_batched_tokens": int(batched.group(1)) if batched else None,
        "overlaps": True if "--async-scheduling" in text else None,
        "setup": text or None,
    }


def _figures(row: dict[str, Any]) -> dict[str, float]:
    measured, output = row["measured"], row.get("output_len")
    found = {ours: measured[theirs] for theirs, ours in _MEASURED.items() if theirs in measured}
    if "request_seconds" in measured:
        # The speed of this source counts prompt and output; the seconds are of one request.
        found["output_tokens_per_s"] = row["output_len"] / measured["request_seconds"]
    if "mean_latency_ms" in measured:
        batch = row["batch_seqs"] * output
        found["output_tokens_per_s"] = batch / measured["mean_latency_ms"] * 1000
    if "requests_per_s" in measured and "output_tokens_per_s" not in found:
        found["output_tokens_per_s"] = measured["requests_per_s"] * (output or 200)
    return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED))
