"""Lasting tensors by hand: bytes a parameter for each place that float32 weights can be in."""

from __future__ import annotations

from typing import Any

import pytest

from sizing.training.memory import training_memory
from sizing.training.parts import Parts
from tests.sizing.training.jobs import job, parts

PARAMETERS = 8_030_261_248  # llama-3.1-8b


def lasting(found: Parts) -> float:
    """Weights, states and master weights a parameter."""
    return (found.weights + found.optimizer_states + found.master_weights) / PARAMETERS


@pytest.mark.parametrize(
    ("framework", "options", "lasting_bytes", "gradient_bytes"),
    [
        # 16-bit weights and moments: 2 + 2 x 2, gradients 2.
        ("torchtune", {}, 6, 2),
        # float32 parameters and moments: 4 + 2 x 4, gradients 4.
        ("pytorch", {}, 12, 4),
        # 16-bit weights beside a float32 copy and moments: 2 + 4 + 2 x 4, gradients 2.
        ("megatron", {"sharding": "none"}, 14, 2),
        ("deepspeed", {"sharding": "none"}, 14, 2),
        # 8-bit moments with a float32 scale in each block of 256.
        ("torchtune", {"optimizer": "adamw8bit"}, 2 + 2 * (1 + 4 / 256), 2),
        ("torchtune", {"optimizer": "sgd"}, 2, 2),
        ("torchtune", {"optimizer": "lion"}, 4, 2),
        ("torchtune", {"optimizer": "paged-adamw8bit"}, 2, 2),
        ("pytorch", {"master_weights": False}, 6, 2),
        ("pytorch", {"precision": "fp32"}, 12, 4),
    ],
)
def test_bytes_a_parameter(
    framework: str, options: dict[str, Any], lasting_bytes: float, gradient_bytes: float
) -> None:
    short = {"gpus": 1, "seq_len": 16, "framework": framework}
    found = parts(**short, **options)
    assert lasting(found) == pytest.approx(lasting_bytes, rel=1e-3)
    assert found.gradients / PARAMETERS == pytest.approx(gradient_bytes, rel=1e-3)


def test_sharding_divides_what_it_says() -> None:
    """ZeRO-1 states, ZeRO-2 gradients too, FSDP weights too: 8 ranks."""
    base = {"framework": "megatron", "seq_len": 16, "gpus": 8}
    one, two, fsdp = (parts(**base, sharding=kind) for kind in ("zero1", "zero2", "fsdp"))
    assert lasting(one) == pytest.approx(2 + 12 / 8, rel=1e-3)
    assert one.gradients / PARAMETERS == pytest.approx(2, rel=1e-3)
    assert lasting(two) == pytest.approx(2 + 12 / 8, rel=1e-3)
    # At its worst moment the sharded gradients are those of the head alone, or all of them / 8.
    assert two.gradients / PARAMETERS == pytest.approx(2 / 8, rel=1e-3)
    assert lasting(fsdp) == pytest.approx(14 / 8, rel=1e-3)


def test_a_paged_optimiser_lies_in_the_host_when_the_gpu_is_short() -> None:
    found = training_memory(job(gpus=1, optimizer="paged-adamw8bit", framework="torchtune"))[0]
    assert found.parts.optimizer_states == 0
    assert found.host / PARAMETERS == pytest.approx(2 * (1 + 4 / 256), rel=1e-3)


def test_adapters_alone_have_gradients_and_states() -> None:
    """Rank 16 on every linear layer of the 8B: 41,943,040 parameters of 16 bits in torchtune."""
    found = parts(gpus=1, method="lora", framework="torchtune", checkpointing="none")
    assert found.adapters == 2 * 41_943_040
    assert found.optimizer_states == 2 * 2 * 41_943_040
    assert found.master_weights == 0


def test_trained_tables_are_copied_beside_the_frozen_ones() -> None:
    """PEFT's modules_to_save: a gigabyte for each table, and its states."""
    base = {"gpus": 1, "method": "lora", "framework": "litgpt", "seq_len": 16}
    plain, more = parts(**base), parts(**base, train_embeddings=True)
    tables = 2 * 128_256 * 4096
    assert more.weights - plain.weights == pytest.approx(2 * tables)
    assert more.optimizer_states - plain.optimizer_states == pytest.approx(2 * 2 * tables)
