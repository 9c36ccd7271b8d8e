"""Every refusal of a training run names the option, what is allowed and the nearest good value."""

from __future__ import annotations

from typing import Any

import pytest

from sizing.errors import InputError
from sizing.training.framework import FRAMEWORKS, MasterWeights
from sizing.training.optimizers import OPTIMIZERS
from sizing.training.options import Checkpointing, Loss, Offload, Schedule, Sharding
from tests.sizing.training.jobs import answer, job

UNKNOWN: list[tuple[dict[str, Any], str, Any]] = [
    ({"method": "fulll"}, "method", "full"),
    ({"gpu": "H1000"}, "gpu", "H100"),
    ({"framework": "torchtun"}, "framework", "torchtune"),
    ({"optimizer": "adamw8bt"}, "optimizer", "adamw8bit"),
    ({"optimizer": "adam-fused-backwards"}, "optimizer", None),
    ({"sharding": "zero4"}, "sharding", None),
    ({"checkpointing": "ful"}, "checkpointing", "full"),
    ({"offload": "optimiser"}, "offload", "optimizer"),
    ({"schedule": "1f1"}, "schedule", "1f1b"),
    ({"precision": "bf61"}, "precision", "bf16"),
    ({"method": "lora", "lora_targets": "qproj"}, "lora-targets", "q_proj"),
]
OUT_OF_RANGE: list[tuple[dict[str, Any], str, Any]] = [
    ({"gpus": 0}, "gpus", 1),
    ({"gpus": 12, "tp": 8}, "gpus", 8),
    ({"micro_batch": 0}, "micro-batch", 1),
    ({"micro_batches": 0}, "micro-batches", 1),
    ({"micro_batches": 2_000_000}, "micro-batches", 1_000_000),
    ({"tp": 0}, "tp", 1),
    ({"pp": -1}, "pp", 1),
    ({"cp": 0}, "cp", 1),
    ({"ep": 0}, "ep", 1),
    ({"virtual_stages": 0}, "virtual-stages", 1),
    ({"seq_len": 0}, "seq-len", 1),
    ({"seq_len": 200_000}, "seq-len", 131_072),
    ({"seq_len": 1001, "tp": 8}, "seq-len", 1000),
    ({"method": "lora", "lora_rank": 0}, "lora-rank", 1),
    ({"method": "lora", "lora_rank": 10_000}, "lora-rank", 4096),
    ({"gpu_memory_gib": 0.5}, "gpu-memory-gib", 1.0),
    ({"ep": 2}, "ep", 1),
    ({"model": "gpt-oss-20b", "gpus": 2, "ep": 4}, "ep", 1),
    ({"tp": 6, "gpus": 6, "seq_len": 4098}, "tp", None),
    ({"pp": 64, "gpus": 64, "sharding": "none"}, "pp", None),
]
CONTRADICTIONS: list[tuple[dict[str, Any], str, Any]] = [
    ({"method": "qlora", "precision": "bf16"}, "precision", "nf4"),
    ({"method": "lora", "precision": "nf4"}, "precision", "bf16"),
    ({"method": "full", "precision": "nf4"}, "precision", "bf16"),
    ({"lora_rank": 8}, "lora-rank", None),
    ({"lora_targets": "q_proj"}, "lora-targets", None),
    ({"lora_dropout": False}, "lora-dropout", None),
    ({"train_embeddings": True}, "train-embeddings", None),
    ({"method": "qlora", "sharding": "zero3", "offload": "optimizer"}, "offload", "none"),
    ({"sharding": "zero1", "offload": "all"}, "offload", "optimizer"),
    ({"optimizer": "paged-adamw8bit", "offload": "optimizer"}, "offload", "none"),
    ({"pp": 2, "sharding": "zero1", "offload": "optimizer"}, "offload", "none"),
    ({"virtual_stages": 2}, "virtual-stages", 1),
    ({"pp": 2, "sharding": "zero2"}, "sharding", "zero1"),
    ({"pp": 2, "sharding": "zero3"}, "sharding", "zero1"),
    (
        {"pp": 2, "sharding": "zero1", "schedule": "1f1b", "virtual_stages": 2},
        "schedule",
        "interleaved-1f1b",
    ),
    ({"pp": 8, "sharding": "zero1", "virtual_stages": 5}, "virtual-stages", 1),
    ({"optimizer": "adamw-fused-backward", "micro_batches": 2}, "micro-batches", 1),
    ({"optimizer": "adamw-fused-backward", "sharding": "zero2"}, "sharding", "fsdp"),
]


@pytest.mark.parametrize(("options", "key", "nearest"), UNKNOWN + OUT_OF_RANGE + CONTRADICTIONS)
def test_a_bad_option_is_named(options: dict[str, Any], key: str, nearest: Any) -> None:
    with pytest.raises(InputError) as caught:
        job(**options)
    error = caught.value
    assert error.key == key
    assert error.allowed
    assert "\n" not in error.message
    if nearest is not None:
        assert error.nearest == nearest


@pytest.mark.parametrize(("options", "key", "nearest"), UNKNOWN + OUT_OF_RANGE + CONTRADICTIONS)
def test_the_nearest_value_is_accepted_in_its_place(
    options: dict[str, Any], key: str, nearest: Any
) -> None:
    """Someone who takes the advice must not be refused the same option again."""
    if nearest is None:
        return
    better = {**options, key.replace("-", "_"): nearest}
    if key == "offload" or better.get("method") == "full":
        job(**better)
        return
    try:
        job(**better)
    except InputError as error:
        assert error.key != key


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimiser_can_be_asked_of_every_framework(framework: str, optimizer: str) -> None:
    for method in ("full", "lora", "qlora"):
        found = answer(framework=framework, optimizer=optimizer, method=method)
        assert found.peak_memory_gib_per_gpu > 0
        assert found.optimizer == optimizer
        assert found.framework == framework
    fused = {"sharding": "fsdp", "optimizer": f"{optimizer}-fused-backward"}
    assert answer(framework=framework, **fused).optimizer == fused["optimizer"]


def test_what_is_not_said_takes_the_documented_default() -> None:
    found = job()
    assert (found.seq_len, found.micro_batch, found.micro_batches) == (4096, 1, 1)
    assert found.framework.name == "pytorch"
    assert found.sharding is Sharding.FSDP
    assert found.checkpointing is Checkpointing.FULL
    assert (found.offload, found.loss) == (Offload.NONE, Loss.WHOLE)
    assert found.optimizer.name == "adamw"
    assert found.master_weights is MasterWeights.SHARDED
    assert job(gpus=1).sharding is Sharding.NONE
    assert job(pp=4, sharding="zero1").micro_batches == 4
    assert job(pp=4, sharding="zero1", virtual_stages=2).schedule is Schedule.INTERLEAVED
    assert job(framework="torchtune").loss is Loss.CHUNKED
    assert job(sharding="zero3").framework.name == "deepspeed"
    assert job(sharding="zero1", tp=2).framework.name == "megatron"
    assert job(model="llama-2-7b", seq_len=None).seq_len == 4096


def test_a_longer_context_can_be_asked_for_and_is_said() -> None:
    found = answer(seq_len=262_144, extend_context=True)
    assert any("131,072" in said for said in found.warnings)
    assert answer().warnings == ()


@pytest.mark.parametrize(
    ("alias", "name"),
    [("adamw_bnb_8bit", "adamw8bit"), ("paged_adamw_8bit", "paged-adamw8bit"), ("adam", "adamw")],
)
def test_names_of_other_frameworks_are_understood(alias: str, name: str) -> None:
    assert job(optimizer=alias).optimizer.name == name
