"""What a published training run's settings mean as options of `sizing train`, by framework."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sizing.training.framework import DEFAULT_FRAMEWORK

Row = dict[str, Any]
Options = dict[str, Any]

_LEVERS = re.compile(r"chunk|checkpoint|backward|activation offload|8-?bit", re.IGNORECASE)
_TRAINED_CONTEXT = 131_072
_QV = {"lora_rank": 8, "lora_targets": "q_proj,v_proj"}


@dataclass(frozen=True, slots=True)
class Settings:
    """A framework's name, the options of `make_job`, and what the source leaves unsaid."""

    framework: str
    options: Options
    assumed: tuple[str, ...] = ()
    left_out: str | None = None


def settings_of(row: Row) -> Settings:
    """The row's settings; one of an engine that no rule knows is left out, with the reason."""
    row = {"settings": "", "gpu_count": row.get("tp", 1) * row.get("pp", 1), **row}
    engine = row["engine"].split(" ")[0]
    known = "Qwen" if row["model"].startswith("Qwen-") else engine
    if known not in _RULES:
        reason = f"framework {engine} is not modelled"
        return Settings(DEFAULT_FRAMEWORK, {}, left_out=reason)
    name, rule = _RULES[known]
    return rule(row, name)


def common(row: Row, method: str, **options: Any) -> Options:
    """Method, lengths and batch, and the options that are not None."""
    length = row.get("input_len")
    beyond = length is not None and length > _TRAINED_CONTEXT
    found = {
        "method": method,
        "seq_len": length,
        "micro_batch": row.get("batch_seqs"),
        "extend_context": beyond or None,
        **options,
    }
    return {key: value for key, value in found.items() if value is not None}


def _method(row: Row) -> str:
    text = row["precision"].lower()
    if "lora" not in text:
        return "full"
    return "qlora" if any(word in text for word in ("qlora", "q-lora", "nf4")) else "lora"


def _torchtune(row: Row, name: str) -> Settings:
    """The published table: packed, compiled; the A6000 rows are those without checkpointing."""
    method, many = _method(row), row["gpu_count"] > 1
    if _LEVERS.search(row["settings"]):
        return Settings(name, _levers(row, method))
    options = common(
        row,
        method,
        fused=True,
        checkpointing="none" if "A6000" in row["gpu"] else "full",
        sharding="fsdp" if many else None,
    )
    if method != "full":
        return Settings(
            name, {**options, **_QV}, ("adapters of the recipes of 2024: q, v, rank 8",)
        )
    if many:
        return Settings(name, {**options, "offload": "all"})
    return Settings(name, {**options, "optimizer": "paged-adamw8bit-fused-backward"})


def _levers(row: Row, method: str) -> Options:
    """A run that names which of the recipes' memory levers it pulls."""
    text = row["settings"].lower()
    fused_backward = "-fused-backward" if "backward" in text else ""
    optimizer = ("adamw8bit" if "8-bit" in text or "8bit" in text else "adamw") + fused_backward
    return common(
        row,
        method,
        fused="compile" in text or None,
        checkpointing="full" if "checkpoint" in text else "none",
        chunked_loss="chunk" in text,
        optimizer=optimizer if method == "full" else None,
        offload_activations="activation offload" in text or None,
    )


def _torchtitan(row: Row, name: str) -> Settings:
    """H100s of 96 GB that CUDA sees as some 95 GiB (estimated)."""
    text, stages = row["settings"], row.get("pp", 1)
    float8 = "fp8" in row["precision"] or "Float8" in text
    degrees = {"tp": row.get("tp", 1), "pp": stages, "cp": _after(text, "CP") or 1}
    # A pipeline cuts the local batch into as many micro-batches as it has stages.
    batch = row.get("batch_seqs", 1)
    options = common(
        {**row, "batch_seqs": max(1, batch // stages)},
        "full",
        precision="fp8" if float8 else None,
        # torchtitan runs float8 compiled.
        fused="compile" in text or float8 or None,
        checkpointing="full" if "full AC" in text else "selective",
        sharding="fsdp",
        **{key: degree for key, degree in degrees.items() if degree > 1},
        virtual_stages=2 if stages > 1 and "nterleaved" in text else None,
        gpu_memory_gib=94.99 if "96GB" in row["gpu"] else None,
    )
    unsaid = ("selective checkpointing, the configuration's default",) if "AC" not in text else ()
    return Settings(name, options, unsaid)


def _deepspeed(row: Row, name: str) -> Settings:
    options = common(
        row,
        "full",
        fused=True,
        chunked_loss=True,
        checkpointing="full",
        sharding="zero3",
        offload="optimizer",
    )
    return Settings(name, options)


def _litgpt(row: Row, name: str) -> Settings:
    """nf4-dq quantises the scales as QLoRA does by default; nf4 does not."""
    kind, many = row["precision"].split(" ")[0], row["gpu_count"] > 1
    options = common(
        row,
        "qlora" if kind.startswith("nf4") else "lora",
        **_QV,
        precision="nf4" if kind == "nf4" else None,
        checkpointing="full" if many else "none",
        sharding="fsdp" if many else None,
    )
    return Settings(name, options)


def _qwen(row: Row, name: str) -> Settings:
    """The first Qwen's scripts: rank 64 on every linear layer, 8 micro-batches a step."""
    text, method = row["precision"], _method(row)
    if row["measured"].get("fits") == 0:
        # Out of memory before the length matters: the shortest published one.
        options = common(row, "lora", seq_len=256, lora_rank=64, micro_batches=8, sharding="zero2")
        return Settings(name, {**options, "checkpointing": "full"}, ("the shortest length, 256",))
    options = common(
        row,
        method,
        micro_batches=8,
        checkpointing="full",
        precision="gptq" if method == "qlora" else None,
        lora_rank=None if method == "full" else 64,
        train_embeddings="(emb)" in text or None,
        sharding="zero3" if method == "full" or "ZeRO-3" in text else None,
    )
    return Settings(name, options)


def _trl(row: Row, name: str) -> Settings:
    text = f"{row['engine']} {row.get('settings', '')}"
    method, zero3 = _method(row), "ZeRO-3" in text
    options = common(
        row,
        method,
        lora_rank=8,
        micro_batches=_after(text, "GA ") or 2,
        checkpointing="full",
        sharding="zero3" if zero3 else "fsdp",
        offload="all" if "CPU offload" in text else None,
    )
    return Settings(name, options)


def _hf_trainer(row: Row, name: str) -> Settings:
    options = common(
        row,
        "lora",
        lora_rank=8,
        lora_targets="attention",
        micro_batches=8,
        checkpointing="full",
        sharding="zero2",
        extend_context=True,
    )
    return Settings(name, options, ("rank 8 on attention, as LongLoRA's baselines",))


def _axolotl(row: Row, name: str) -> Settings:
    """Cut cross entropy where its plugin is set, which is everywhere but in the old 70B one."""
    text, method = row["settings"], _method(row)
    eight = "8bit" in text or "8 bit" in text
    paged = "paged" in text
    offload = "param offload" in text or "FSDP offload" in text
    options = common(
        row,
        method,
        checkpointing="full",
        chunked_loss="FSDP offload" not in text,
        lora_rank=_after(text, "r") if method != "full" else None,
        micro_batches=_after(text, "GA ") or (2 if "FSDP2" in text else None),
        sharding="fsdp" if row["gpu_count"] > 1 else None,
        optimizer="paged-adamw8bit" if paged else "adamw8bit" if eight else None,
        offload="all" if offload else None,
        offload_activations="activation offload" in text or None,
    )
    return Settings(name, options)


def _megatron(row: Row, name: str) -> Settings:
    text, lora = row.get("settings", ""), "LoRA" in row["precision"]
    if "mlp" in text:
        return Settings(name, {}, left_out="recomputing the MLP alone is not modelled")
    degrees = {key: row[key] for key in ("tp", "pp", "ep") if row.get(key, 1) > 1}
    if lora:
        options = common(row, "lora", lora_rank=8, checkpointing="none", **degrees)
        options.setdefault("seq_len", 4096)
        unsaid = ("GPUs as many as TP x EP needs, batch 1, rank 8, no recomputation",)
        return Settings(name, options, unsaid)
    sft, ranks = "VPP" in text, _after(text, "DP") or 1
    options = common(
        row,
        "full",
        precision="fp8" if sft else None,
        checkpointing="none",
        sharding="zero1",
        virtual_stages=5 if sft else None,
        micro_batches=32 // ranks if sft else None,
        **degrees,
    )
    return Settings(name, options, () if sft else ("bf16, no recomputation",))


def _after(text: str, key: str) -> int | None:
    """The whole number right after a word, `CP 4`, `CP4` or `r8`."""
    for part in text.replace(",", " ").split(key)[1:]:
        digits = part.strip().split(" ")[0]
        if digits.isdigit():
            return int(digits)
    return None


_RULES: dict[str, tuple[str, Callable[[Row, str], Settings]]] = {
    "torchtune": ("torchtune", _torchtune),
    "torchtitan": ("torchtitan", _torchtitan),
    "DeepSpeed": ("deepspeed", _deepspeed),
    "LitGPT": ("litgpt", _litgpt),
    "Qwen": ("transformers", _qwen),
    "TRL": ("transformers", _trl),
    "HF": ("transformers", _hf_trainer),
    "axolotl": ("axolotl", _axolotl),
    "Megatron-Bridge": ("megatron", _megatron),
}
