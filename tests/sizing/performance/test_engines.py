"""Engines by name: the defaults a benchmark ran with decide what it measured."""

from __future__ import annotations

import pytest

from sizing.catalog.gpus import gpu as catalogue_gpu
from sizing.errors import InputError
from sizing.performance.engines import family_of, make_server
from sizing.precision import PRECISIONS
from sizing.support import KV_DTYPES


@pytest.mark.parametrize(
    ("text", "gpu", "seqs", "tokens", "overlaps", "mixes"),
    [
        ("vllm:0.11", "H100", 1024, 8192, False, True),
        ("vllm:0.11", "A100-80GB", 256, 2048, False, True),
        ("vllm:0.19", "H100", 1024, 8192, True, True),
        ("sglang", "H100", 2048, 8192, True, False),
        ("sglang:0.5", "L4", 2048, 2048, True, False),
        ("tensorrt-llm", "B200", 2048, 8192, True, True),
        ("TRT-LLM:1.0", "B200", 2048, 8192, True, True),
    ],
)
def test_defaults_by_engine(
    text: str, gpu: str, seqs: int, tokens: int, overlaps: bool, mixes: bool
) -> None:
    found = make_server(catalogue_gpu(gpu), text)
    assert (found.max_num_seqs, found.max_num_batched_tokens) == (seqs, tokens)
    assert (found.overlaps, found.mixes) == (overlaps, mixes)


def test_what_is_asked_replaces_the_defaults() -> None:
    found = make_server(
        catalogue_gpu("H100"), "sglang", max_num_seqs=64, max_num_batched_tokens=4096
    )
    assert (found.max_num_seqs, found.max_num_batched_tokens) == (64, 4096)


@pytest.mark.parametrize("text", ["sglan", "llama.cpp", "transformers", ""])
def test_unknown_engines_are_named(text: str) -> None:
    with pytest.raises(InputError) as caught:
        family_of(text)
    assert caught.value.key == "engine"
    assert "sglang" in caught.value.allowed


@pytest.mark.parametrize(
    ("engine", "precision", "asked", "kept"),
    [
        ("tensorrt-llm", "fp8", "auto", "fp8"),
        ("tensorrt-llm", "nvfp4", "auto", "fp8"),
        ("tensorrt-llm", "fp8", "bf16", "bf16"),
        ("tensorrt-llm", "bf16", "auto", "auto"),
        ("vllm:0.19", "fp8", "auto", "auto"),
    ],
)
def test_the_cache_follows_nvidias_checkpoints(
    engine: str, precision: str, asked: str, kept: str
) -> None:
    server = make_server(catalogue_gpu("H100"), engine)
    assert server.cache_dtype(KV_DTYPES[asked], PRECISIONS[precision]).name == kept
