"""Published peaks of torchtune, torchtitan and Megatron-Bridge."""

from __future__ import annotations

from benchmarks.training_table import GB, OFFLOADED, Figure, Table
from sizing.units import GIB

_TORCHTUNE = "pytorch/torchtune README.md, 2025-05"
_FUSED = {"checkpointing": "full", "fused": True}
_IN_BACKWARD = {**_FUSED, "optimizer": "adamw-fused-backward"}
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
            Figure(21.8, {"method": "full", **_IN_BACKWARD, **OFFLOADED}),
            Figure(
                17.6,
                {
                    "method": "full",
                    **_FUSED,
                    **OFFLOADED,
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
            **OFFLOADED,
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

TABLES = (*_TUNE, *_TITANS, *_BRIDGES)
