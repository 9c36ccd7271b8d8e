"""Further published peak memories of training runs, table by table as their sources have them.

Each table names its source and date, the settings that all its runs share, and one figure a run.
A figure of None is a run that was out of memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sizing.units import GIB

GB = 10**9
Options = Mapping[str, Any]
_LENGTHS = (256, 512, 1024, 2048, 4096, 8192)


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


def _lengths(peaks: tuple[float, ...]) -> tuple[Figure, ...]:
    """One figure a sequence length, as the Qwen table has its columns."""
    pairs = zip(_LENGTHS, peaks, strict=False)
    return tuple(Figure(peak, {"seq_len": length}) for length, peak in pairs)


_TORCHTUNE = "pytorch/torchtune README.md, 2025-05"
_FUSED = {"checkpointing": "full", "fused": True}
_QV = {"lora_rank": 8, "lora_targets": "q_proj,v_proj"}
_IN_BACKWARD = {**_FUSED, "optimizer": "adamw-fused-backward"}
_OFFLOADED = {"offload_activations": True}
_TUNE_ADAPTERS = "adapters of the recipe: q, v, o and the MLP"
_TUNE_TARGETS = "q_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"
_TUNE = (
    Table(
        source=f"{_TORCHTUNE}, techniques one after another",
        framework="torchtune",
        model="llama-3.2-3b",
        checkpoint="Llama-3.2-3B",
        gpu="A100-80GB",
        unit=GIB,
        options={"seq_len": 4096, "micro_batch": 2},
        figures=(
            Figure(60.0, {"method": "full", "checkpointing": "none", "chunked_loss": False}),
            Figure(
                51.0,
                {
                    "method": "full",
                    "checkpointing": "none",
                    "chunked_loss": False,
                    "fused": True,
                },
            ),
            Figure(42.9, {"method": "full", "checkpointing": "none", "fused": True}),
            Figure(24.9, {"method": "full", **_FUSED}),
            Figure(23.1, {"method": "full", **_IN_BACKWARD}),
            Figure(21.8, {"method": "full", **_IN_BACKWARD, **_OFFLOADED}),
            Figure(
                17.6,
                {
                    "method": "full",
                    **_FUSED,
                    **_OFFLOADED,
                    "optimizer": "adamw8bit-fused-backward",
                },
            ),
        ),
    ),
    Table(
        source=f"{_TORCHTUNE}, techniques one after another",
        framework="torchtune",
        model="llama-3.2-3b",
        checkpoint="Llama-3.2-3B",
        gpu="A100-80GB",
        unit=GIB,
        options={
            "seq_len": 4096,
            "micro_batch": 2,
            **_FUSED,
            **_OFFLOADED,
            "lora_rank": 64,
            "lora_targets": _TUNE_TARGETS,
        },
        figures=(Figure(8.5, {"method": "lora"}), Figure(4.6, {"method": "qlora"})),
        assumed=(f"{_TUNE_ADAPTERS}, rank 64",),
    ),
    Table(
        source=f"{_TORCHTUNE}, memory and speed",
        framework="torchtune",
        model="llama-3.1-405b",
        checkpoint="Llama-3.1-405B",
        gpu="A100-80GB",
        gpus=8,
        unit=GB,
        options={
            "method": "qlora",
            "seq_len": 2048,
            "micro_batch": 2,
            **_FUSED,
            "sharding": "fsdp",
            "lora_rank": 16,
            "lora_targets": _TUNE_TARGETS,
        },
        figures=(Figure(44.8),),
        assumed=(f"{_TUNE_ADAPTERS}, rank 16",),
    ),
)

_TITAN = "pytorch/torchtitan benchmarks/llama3_h100_202412_torchtitan.md, 2024-12"
_HBM2E = {"gpu_memory_gib": 94.99, "method": "full", "sharding": "fsdp"}
_FP8 = {"precision": "fp8", "fused": True}
_PIPELINE = {"tp": 8, "pp": 8, "micro_batches": 8, **_FP8, "checkpointing": "full"}
_SPLIT = "the local batch in as many micro-batches as stages"
_TITANS = (
    Table(
        source=f"{_TITAN}, table 1",
        framework="torchtitan",
        model="llama-3.1-8b",
        checkpoint="Llama-3.1-8B",
        gpu="H100",
        gpus=8,
        unit=GIB,
        options={
            **_HBM2E,
            "seq_len": 8192,
            "micro_batch": 2,
            "checkpointing": "selective",
            "fused": True,
        },
        figures=(Figure(77.0), Figure(76.8, {"precision": "fp8"})),
    ),
    Table(
        source=f"{_TITAN}, table 5",
        framework="torchtitan",
        model="llama-3.1-405b",
        checkpoint="Llama-3.1-405B",
        gpu="H100",
        gpus=512,
        unit=GIB,
        options={**_HBM2E, **_PIPELINE, "seq_len": 8192, "micro_batch": 4},
        figures=(
            Figure(82.5, {"schedule": "1f1b"}),
            Figure(72.7, {"schedule": "interleaved-1f1b", "virtual_stages": 2}),
        ),
        assumed=(_SPLIT, "two chunks of layers a rank where interleaved"),
    ),
    Table(
        source=f"{_TITAN}, table 6",
        framework="torchtitan",
        model="llama-3.1-405b",
        checkpoint="Llama-3.1-405B",
        gpu="H100",
        gpus=512,
        unit=GIB,
        options={**_HBM2E, **_PIPELINE, "micro_batch": 1},
        figures=(
            Figure(75.3, {"seq_len": 32_768}),
            Figure(75.9, {"seq_len": 65_536, "cp": 2}),
            Figure(77.1, {"seq_len": 131_072, "cp": 4}),
            Figure(84.9, {"seq_len": 262_144, "cp": 8, "extend_context": True}),
        ),
        assumed=(_SPLIT,),
    ),
)

_LITGPT = "Lightning-AI/litgpt tutorials/resource-tables.md, 2023-10-20"
_BARE = {"method": "lora", **_QV, "checkpointing": "none"}
_NF4 = {"method": "qlora", "precision": "nf4"}
_DOUBLE = {"method": "qlora"}


def _lit(
    model: str, checkpoint: str, length: int, figures: tuple[Figure, ...], gpus: int = 1
) -> Table:
    """LoRA runs of one model; on several GPUs under FSDP with checkpointing."""
    many = {"checkpointing": "full", "sharding": "fsdp"} if gpus > 1 else {}
    return Table(
        source=_LITGPT,
        framework="litgpt",
        model=model,
        checkpoint=checkpoint,
        gpu="A100-40GB",
        gpus=gpus,
        unit=GB,
        options={**_BARE, **many, "seq_len": length},
        figures=figures,
    )


def _batches(*peaks: float | None) -> tuple[Figure, ...]:
    """Micro-batches of 1, 2 and 4."""
    pairs = zip((1, 2, 4), peaks, strict=False)
    return tuple(Figure(peak, {"micro_batch": size}) for size, peak in pairs)


def _kinds(nf4: float | None, double: float | None) -> tuple[Figure, ...]:
    """nf4 with plain and with quantised scales, micro-batch 1."""
    one = {"micro_batch": 1}
    return Figure(nf4, {**_NF4, **one}), Figure(double, {**_DOUBLE, **one})


_PHI, _STABLE = "cases/models/phi-1.5.json", "cases/models/stablelm-alpha-3b.json"
_FALCON = "cases/models/falcon-40b.json"
_LIT = (
    _lit(_PHI, "phi-1.5", 1044, (*_batches(4.82, 6.76, 10.68), *_kinds(3.78, 3.72))),
    _lit(_STABLE, "StableLM Alpha 3B", 1034, (*_batches(9.69, 12.1, 16.92), *_kinds(6.35, 6.19))),
    _lit("llama-2-7b", "Llama-2-7B", 1304, (*_batches(21.3, 29.07, None), *_kinds(14.14, 13.84))),
    _lit("llama-2-13b", "Llama-2-13B", 1304, (*_batches(38.12, None, None), *_kinds(23.14, 22.55))),
    _lit(_FALCON, "Falcon 40B", 1079, (*_batches(None), *_kinds(None, None))),
    _lit(_PHI, "phi-1.5", 1044, _batches(4.86, 5.05, 5.88), gpus=2),
    _lit(_STABLE, "StableLM Alpha 3B", 1034, _batches(12.75, 12.94, 13.45), gpus=2),
    _lit("llama-2-7b", "Llama-2-7B", 1304, _batches(22.18, 22.47, 23.39), gpus=2),
    _lit("llama-2-13b", "Llama-2-13B", 1304, _batches(None), gpus=2),
    _lit("llama-2-13b", "Llama-2-13B", 1304, _batches(35.57), gpus=4),
    _lit(_FALCON, "Falcon 40B", 1079, _batches(None), gpus=4),
)

_QWEN = "QwenLM/Qwen README.md, fine-tuning profile, 2023-12"
_SCRIPT = {"micro_batch": 1, "micro_batches": 8, "checkpointing": "full"}
_RANK = {"lora_rank": 64}
_LORA = {"method": "lora", **_RANK}
_EMB = {**_LORA, "train_embeddings": True}
_QLORA = {"method": "qlora", "precision": "gptq", **_RANK}
_FULL = {"method": "full", "sharding": "zero3"}


def _qwen(
    size: str, options: Options, figures: tuple[Figure, ...], gpus: int = 1, nodes: int = 1
) -> Table:
    """One line of the table: peaks by length, totals where several GPUs ran."""
    return Table(
        source=f"{_QWEN}, {nodes} nodes" if nodes > 1 else _QWEN,
        framework="transformers",
        model=f"cases/models/qwen-{size}.json",
        checkpoint=f"Qwen-{size.upper()}",
        gpu="A100-80GB",
        gpus=gpus,
        unit=GB,
        divided_by=gpus,
        options={**_SCRIPT, **options},
        figures=figures,
    )


_QWENS = (
    _qwen("1.8b", _LORA, _lengths((6.7, 7.4, 8.4, 11.0, 16.2, 21.8))),
    _qwen("1.8b", _EMB, _lengths((13.7, 14.0, 14.0, 15.1, 19.7, 27.7))),
    _qwen("1.8b", _QLORA, _lengths((5.8, 6.0, 6.6, 7.8, 10.2, 15.8))),
    _qwen("1.8b", _FULL, _lengths((43.5, 43.5, 43.5, 43.5, 47.1, 48.3))),
    _qwen("7b", _LORA, _lengths((20.1, 20.4, 21.5, 23.8, 29.7, 36.6))),
    _qwen("7b", _EMB, _lengths((33.7, 34.1, 35.2, 35.1, 39.2, 48.5))),
    _qwen("7b", _QLORA, _lengths((11.5, 11.5, 12.3, 13.9, 16.9, 23.5))),
    _qwen("7b", _FULL, _lengths((139.2, 148.0, 162.0)), gpus=2),
    _qwen(
        "7b",
        {**_LORA, "sharding": "zero2"},
        _lengths((74.7, 77.6, 84.9, 95.1, 121.1, 155.5)),
        gpus=4,
        nodes=2,
    ),
    _qwen("14b", _LORA, _lengths((34.6, 35.1, 35.3, 37.4, 42.5, 55.2))),
    _qwen("14b", _EMB, _lengths((51.2, 51.1, 51.5, 54.1, 56.8, 67.7))),
    _qwen("14b", _QLORA, _lengths((18.7, 18.4, 18.9, 19.9, 23.0, 27.9))),
    _qwen(
        "72b",
        {**_LORA, "sharding": "zero3"},
        _lengths((215.4, 217.7, 222.6, 228.8, 249.0, 289.2)),
        gpus=4,
    ),
    _qwen("72b", _QLORA, _lengths((61.4, 61.4, 62.9, 64.1, 68.0, 75.6))),
    _qwen(
        "72b",
        {**_EMB, "sharding": "zero2"},
        (Figure(None, {"seq_len": 256}),),
        gpus=4,
    ),
)

_BRIDGE = "NVIDIA-NeMo/Megatron-Bridge skills, commit 6608201d77f7"
_SFT = {
    "method": "full",
    "precision": "fp8",
    "seq_len": 4096,
    "micro_batch": 1,
    "checkpointing": "none",
    "sharding": "zero1",
}
_BRIDGES = (
    Table(
        source=f"{_BRIDGE}: memory tuning",
        framework="megatron",
        model="llama-3-70b",
        checkpoint="Llama-3-70B",
        gpu="H100",
        gpus=32,
        unit=GB,
        options=_SFT,
        figures=(
            Figure(50.2, {"virtual_stages": 5, "micro_batches": 32, "tp": 8, "pp": 4}),
            Figure(60.2, {"virtual_stages": 10, "micro_batches": 16, "tp": 4, "pp": 4}),
        ),
    ),
    Table(
        source=f"{_BRIDGE}: activation recompute",
        framework="megatron",
        model="llama-3-70b",
        checkpoint="Llama-3-70B",
        gpu="H100",
        gpus=32,
        unit=GB,
        options={},
        figures=(Figure(55.6, left_out="recomputing the MLP alone is not modelled"),),
    ),
)

_AXOLOTL = "axolotl-ai-cloud/axolotl examples"
_CCE = {"checkpointing": "full", "chunked_loss": True}
_PACKED = {"seq_len": 2048, "micro_batch": 2, **_CCE}
_EIGHT = {"optimizer": "adamw8bit"}
_QUANTISED = {"method": "qlora", **_PACKED}
_AXOLOTLS = (
    Table(
        source=f"{_AXOLOTL}/gpt-oss/README.md, 2025-08",
        framework="axolotl",
        model="gpt-oss-120b",
        checkpoint="gpt-oss-120b",
        gpu="H100",
        gpus=8,
        unit=GIB,
        options={
            "method": "full",
            "seq_len": 4096,
            "micro_batch": 1,
            "micro_batches": 2,
            **_CCE,
            "sharding": "fsdp",
            "offload": "all",
            **_OFFLOADED,
        },
        figures=(Figure(49.0),),
    ),
    Table(
        source=f"{_AXOLOTL}/devstral/README.md, 2025-07",
        framework="axolotl",
        model="mistral-small-24b",
        checkpoint="Devstral-Small-2507",
        gpu="H100",
        gpu_exact=False,
        unit=GB,
        options={**_QUANTISED, "lora_rank": 32, "micro_batches": 4},
        figures=(Figure(21.0),),
    ),
    Table(
        source=f"{_AXOLOTL}/magistral/think/README.md, 2025-12",
        framework="axolotl",
        model="mistral-small-24b",
        checkpoint="Magistral-Small-2507",
        gpu="H100",
        gpu_exact=False,
        unit=GIB,
        options={**_QUANTISED, **_EIGHT, "lora_rank": 32, "micro_batches": 4},
        figures=(Figure(19.1),),
    ),
    Table(
        source=f"{_AXOLOTL}/plano/README.md, 2026-01",
        framework="axolotl",
        model="qwen3-4b",
        checkpoint="Plano-Orchestrator-4B",
        gpu="H100",
        gpu_exact=False,
        unit=GIB,
        options={**_QUANTISED, **_EIGHT, "lora_rank": 32, "micro_batches": 4},
        figures=(Figure(5.1),),
    ),
    Table(
        source=f"{_AXOLOTL}/qwen3-next/README.md, 2025-09",
        framework="axolotl",
        model="qwen3-next-80b",
        checkpoint="Qwen3-Next-80B-A3B-Instruct",
        gpu="H100",
        gpu_exact=False,
        unit=GIB,
        options={**_QUANTISED, **_EIGHT, "lora_rank": 16, "micro_batches": 2},
        figures=(Figure(45.62),),
        assumed=("adapters on every linear layer outside the routed experts",),
    ),
    Table(
        source=f"{_AXOLOTL}/glm47-flash/README.md, 2026-01",
        framework="axolotl",
        model="glm-4.7-flash",
        checkpoint="GLM-4.7-Flash",
        gpu="RTX-A6000",
        gpu_exact=False,
        unit=GIB,
        options={**_QUANTISED, **_EIGHT, "lora_rank": 32, "micro_batches": 4},
        figures=(
            Figure(24.0),
            Figure(29.0, {"sharding": "fsdp"}, gpus=2, uncertain=True),
        ),
        assumed=("adapters on every linear layer outside the routed experts",),
    ),
)

TABLES = (*_TUNE, *_TITANS, *_LIT, *_QWENS, *_BRIDGES, *_AXOLOTLS)
