"""Engine versions and their defaults, and settings that no engine takes."""

from __future__ import annotations

from typing import Any

import pytest

from sizing.catalog.gpus import gpu
from sizing.engine import Engine, make_engine
from sizing.errors import InputError
from sizing.evidence import Evidence


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("vllm:0.19", "vllm:0.19-0.20"),
        ("vllm:0.19.1", "vllm:0.19-0.20"),
        ("vllm:0.11.0", "vllm:0.10-0.12"),
        ("vllm:0.33.1", "vllm:0.28+"),
        ("VLLM:0.8", "vllm:0.8-0.9"),
        ("vllm", "vllm:0.28+"),
    ],
)
def test_a_version_finds_its_range(text: str, version: str) -> None:
    assert make_engine(gpu("H100"), text).version.name == version


@pytest.mark.parametrize(
    ("card", "seqs", "tokens"),
    [("H100", 1024, 8192), ("A100-80GB", 256, 2048), ("L4", 256, 2048), ("B200", 1024, 8192)],
)
def test_batch_defaults_follow_the_gpu(card: str, seqs: int, tokens: int) -> None:
    engine = make_engine(gpu(card), "vllm:0.19")
    assert (engine.max_num_seqs, engine.max_num_batched_tokens) == (seqs, tokens)


def test_v0_reads_whole_prompts_up_to_32k() -> None:
    card = gpu("RTX-3090")
    assert make_engine(card, "vllm:0.6", context=20_000).max_num_batched_tokens == 20_000
    assert make_engine(card, "vllm:0.6", context=35_000).max_num_batched_tokens == 512


def test_more_sequences_than_the_default_step_raise_the_step() -> None:
    assert make_engine(gpu("L4"), max_num_seqs=4096).max_num_batched_tokens == 4096


def test_the_newest_range_is_an_estimate() -> None:
    assert make_engine(gpu("H100")).version.evidence is Evidence.ESTIMATED


@pytest.mark.parametrize(
    ("settings", "key", "nearest"),
    [
        ({"gpu_memory_utilization": 0.0}, "gpu-memory-utilization", 0.1),
        ({"gpu_memory_utilization": 1.01}, "gpu-memory-utilization", 0.9),
        ({"gpu_memory_utilization": float("nan")}, "gpu-memory-utilization", 0.1),
        ({"max_num_seqs": 0}, "max-num-seqs", 1),
        ({"max_num_batched_tokens": 0}, "max-num-batched-tokens", 1),
        ({"max_num_seqs": 512, "max_num_batched_tokens": 64}, "max-num-batched-tokens", 512),
        ({"block_size": 17}, "block-size", 16),
        ({"speculative_tokens": -1}, "speculative-tokens", 0),
    ],
)
def test_absurd_settings_are_refused(settings: dict[str, Any], key: str, nearest: float) -> None:
    with pytest.raises(InputError) as refused:
        make_engine(gpu("H100"), **settings)
    assert (refused.value.key, refused.value.nearest) == (key, nearest)


@pytest.mark.parametrize(
    "text", ["vllm:x", "vllm:1", "sglang:0.5", "vllm:0.1", "", "vllm:0.x", "vllm:9.9"]
)
def test_unknown_engines_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="engine"):
        make_engine(gpu("H100"), text)


def test_utilisation_of_one_is_allowed() -> None:
    found: Engine = make_engine(gpu("H100"), gpu_memory_utilization=1.0)
    assert found.gpu_memory_utilization == 1.0
