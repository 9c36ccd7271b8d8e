"""Adapters: which layers, how many parameters, as PEFT and LitGPT print them."""

from __future__ import annotations

import pytest

from benchmarks.case import Case, spec_of
from sizing.errors import InputError
from sizing.training.make import make_job
from sizing.training.parameters import trained_parameters
from tests.sizing.training.jobs import job

QV = "q_proj,v_proj"


@pytest.mark.parametrize(
    ("model", "rank", "targets", "parameters"),
    [
        ("llama-3.1-8b", 16, "all-linear", 41_943_040),
        ("llama-2-7b", 8, QV, 4_194_304),
        ("llama-2-7b", 8, "q,v", 4_194_304),
        ("llama-2-13b", 8, QV, 6_553_600),
        ("cases/models/phi-1.5.json", 8, QV, 1_572_864),
        ("cases/models/stablelm-alpha-3b.json", 8, QV, 2_097_152),
        ("cases/models/falcon-40b.json", 8, QV, 12_042_240),
    ],
)
def test_counts_are_those_that_frameworks_print(
    model: str, rank: int, targets: str, parameters: int
) -> None:
    found = make_job(
        model,
        "lora",
        "H100",
        lora_rank=rank,
        lora_targets=targets,
        seq_len=128,
        spec=spec_of(Case({"model": model})),
    )
    assert trained_parameters(found) == parameters


def test_full_fine_tuning_trains_every_parameter() -> None:
    assert trained_parameters(job()) == 8_030_261_248


def test_sets_of_layers_add_up_to_all_of_them() -> None:
    def count(targets: str) -> int:
        return trained_parameters(job(method="lora", lora_targets=targets))

    assert count("attention") + count("mlp") == count("all-linear")
    assert count("attention,mlp,q_proj") == count("all-linear")
    assert count("attention,mlp") == count(
        "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"
    )


def test_routed_experts_are_adapted_only_when_asked_for() -> None:
    """PEFT's all-linear finds no experts: they are one parameter, not linear layers."""
    plain = trained_parameters(job(model="gpt-oss-20b", method="lora"))
    more = trained_parameters(job(model="gpt-oss-20b", method="lora", lora_targets="experts"))
    assert plain < more / 10


@pytest.mark.parametrize(
    ("targets", "near"), [("q_prj", "q_proj"), ("experts", None), ("all-liner", "all-linear")]
)
def test_a_layer_that_is_not_there_is_named(targets: str, near: str | None) -> None:
    with pytest.raises(InputError) as caught:
        job(method="lora", lora_targets=targets)
    assert caught.value.key == "lora-targets"
    assert caught.value.value == targets
    if near:
        assert caught.value.nearest == near
