"""Models beyond the dense ones: experts, latents, recurrences and windows train as sanely."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sizing.training.activations import layer_activations
from sizing.training.framework import FRAMEWORKS
from tests.sizing.training.jobs import answer, job, parts, peak

MODELS = (
    "gpt-oss-20b",  # experts and sliding windows
    "qwen3-30b-a3b",  # experts
    "deepseek-v2-lite",  # latents and shared experts
    "qwen3-next-80b",  # gated delta rule
    "jamba-1.5-mini",  # Mamba
    "nemotron-3-nano",  # Mamba 2
    "gemma-3-4b",  # windows, a vision tower
    "llama-3.2-90b-vision",  # cross attention
    "llama-4-scout",  # chunked attention
    "falcon-7b",  # parallel blocks, an MLP without gate
    "gpt2",
)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_it_grows_with_its_tokens_ever_faster(model: str, method: str) -> None:
    """The most of several moments, each linear in the tokens: 256 more never add less."""
    asked = {"model": model, "method": method, "checkpointing": "none"}
    peaks = [peak(**asked, seq_len=length) for length in (256, 512, 768, 1024)]
    steps = [more - less for less, more in pairwise(peaks)]
    assert min(steps) >= 0
    assert steps[-1] > 0
    assert all(later >= step - 1e-6 for step, later in pairwise(steps))


@pytest.mark.parametrize("model", MODELS)
def test_a_lighter_method_never_needs_more(model: str) -> None:
    asked = {"model": model, "gpus": 1, "seq_len": 512}
    full, lora, qlora = (peak(**asked, method=m) for m in ("full", "lora", "qlora"))
    assert qlora < lora < full


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_framework_can_train_it(model: str, framework: str) -> None:
    found = answer(model=model, framework=framework, seq_len=512)
    assert found.peak_memory_gib_per_gpu > 0
    assert found.params_trained <= found.params_total


def test_experts_spread_over_ranks() -> None:
    """With 8 expert-parallel ranks each holds an eighth of the experts' weights."""
    asked = {"model": "qwen3-30b-a3b", "framework": "megatron", "sharding": "none", "seq_len": 512}
    whole, spread = parts(**asked).weights, parts(**asked, ep=8).weights
    experts = 48 * 128 * 3 * 2048 * 768 * 2
    assert whole - spread == pytest.approx(experts * 7 / 8, rel=1e-6)


def test_activations_of_experts_follow_those_that_a_token_uses() -> None:
    """8 of 128 experts of width 768 are kept, not all of them."""
    asked = job(model="qwen3-30b-a3b", checkpointing="none")
    (block,) = asked.spec.blocks.values()
    whole = layer_activations(asked, block).whole
    assert 4 * 8 * 768 * 2 < whole < 0.5 * 4 * 128 * 768 * 2


def test_a_frozen_tower_has_no_gradients() -> None:
    found = answer(model="gemma-3-4b", seq_len=512)
    assert found.params_trained < found.params_total
