"""Published peaks of Axolotl."""

from __future__ import annotations

from benchmarks.training_table import GB, OFFLOADED, Figure, Table
from sizing.units import GIB

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
            **OFFLOADED,
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

TABLES = _AXOLOTLS
