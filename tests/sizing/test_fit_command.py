"""`sizing fit` as it is typed: exit codes, one JSON object, options of the other engine."""

from __future__ import annotations

import json

import pytest

from sizing.cli.app import app
from sizing.cli.failures import answering

FIELDS = {
    "fits",
    "reason",
    "memory_per_gpu_gib",
    "kv_cache_tokens",
    "max_concurrency",
    "max_context_that_fits",
    "suggestions",
    "total_gib",
}
PARTS = {
    "weights",
    "kv_cache",
    "activations",
    "non_torch",
    "cuda_graphs",
    "reserve",
    "free",
}


def run(arguments: str) -> int:
    """The exit code."""
    try:
        return answering(app, arguments.split())
    except SystemExit as left:
        return int(left.code or 0)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("fit llama-3.1-8b --gpu H100 --json", 0),
        ("fit llama-3.3-70b --gpu H100 --json", 1),
        ("fit qwen3-8b --gpu H20 --engine transformers --batch 4 --input-len 512 --json", 0),
    ],
)
def test_one_object_and_the_exit_code(
    arguments: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    found = json.loads(capsys.readouterr().out)
    assert found.keys() >= FIELDS
    assert found["memory_per_gpu_gib"].keys() == PARTS
    assert found["fits"] is (code == 0)


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ("fit llama-3.1-8b --gpu H100 --batch 4 --json", "batch"),
        ("fit qwen3-8b --gpu H20 --engine transformers --pp 2 --json", "pp"),
        ("fit qwen3-8b --gpu H20 --engine transformers --block-size 16 --json", "block-size"),
        ("fit llama-3.1-8b --gpu H100 --tp 0 --json", "tp"),
        ("fit llama-3.1-8b --gpu H100 --tp two --json", "tp"),
        ("fit llama-3.1-8b --gpu H100 --gpu-memory-utilization 0 --json", "gpu-memory-utilization"),
        ("fit llama-3.1-8b --gpu H100 --engine vllm:0.19 --ep --json", "ep"),
    ],
)
def test_bad_input_is_exit_2_and_names_its_key(
    arguments: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert json.loads(capsys.readouterr().out)["error"]["key"] == key


def test_the_page_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit llama-3.1-8b --gpu RTX-4090 --context 131072") == 1
    page = capsys.readouterr().out
    assert page.startswith("llama-3.1-8b at bf16 does not fit on 1 x RTX-4090")
    assert "Would fit" in page
