"""`sizing perf` as it is typed: the answer first, one JSON object, exit codes, bad input."""

from __future__ import annotations

import json

import pytest

from sizing.cli.app import app
from sizing.cli.failures import answering

FIELDS = {
    "output_tokens_per_s",
    "total_tokens_per_s",
    "ttft_ms",
    "tpot_ms",
    "concurrency",
    "error_band",
}
LENGTHS = "--input-len 500 --output-len 200"


def run(arguments: str) -> int:
    """The exit code."""
    try:
        return answering(app, arguments.split())
    except SystemExit as left:
        return int(left.code or 0)


@pytest.mark.parametrize(
    "arguments",
    [
        f"perf llama-3.1-8b --gpu H100 {LENGTHS}",
        f"perf llama-3.1-8b --gpu H100 {LENGTHS} --concurrency max",
        f"perf llama-3.1-8b --gpu L4 {LENGTHS} --precision fp8 --num-prompts 100 --spread",
        f"perf deepseek-v3 --gpu H200 --tp 1 --dp 8 --ep {LENGTHS} --engine sglang",
        f"perf gpt-oss-20b --gpu RTX-4090 {LENGTHS} --engine tensorrt-llm",
        f"perf llama-3.1-70b --gpu A100-80GB --tp 4 --pp 2 {LENGTHS} --enforce-eager",
    ],
)
def test_one_object_with_every_field(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"{arguments} --json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found.keys() >= FIELDS
    assert 0 < found["output_tokens_per_s"] < found["total_tokens_per_s"]
    band = found["error_band"]
    rate = found["output_tokens_per_s"]
    assert band["output_tokens_per_s_low"] < rate < band["output_tokens_per_s_high"]
    assert found["ttft_unloaded_ms"] > 0


def test_the_answer_is_the_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"perf llama-3.1-8b --gpu H100 {LENGTHS}") == 0
    page = capsys.readouterr().out
    assert "output tokens/s" in page.splitlines()[0]
    assert "Error band" in page
    assert max(map(len, page.splitlines())) <= 100


def test_max_is_what_the_cache_or_the_engine_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"perf llama-3.1-8b --gpu H100 {LENGTHS} --concurrency max --json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["concurrency"] == min(found["cache_holds"], found["max_num_seqs"])
    assert found["limited_by"] == "cache"


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ("perf llama-3.1-8b --gpu H100 --input-len 0 --output-len 10", "input-len"),
        ("perf llama-3.1-8b --gpu H100 --input-len 10 --output-len 0", "output-len"),
        ("perf llama-3.1-8b --gpu H100 --input-len 131000 --output-len 1000", "output-len"),
        ("perf llama-3.1-8b --gpu H100 --input-len 900000 --output-len 1", "input-len"),
        (f"perf llama-3.1-8b --gpu H100 {LENGTHS} --concurrency 0", "concurrency"),
        (f"perf llama-3.1-8b --gpu H100 {LENGTHS} --concurrency many", "concurrency"),
        (f"perf llama-3.1-8b --gpu H100 {LENGTHS} --concurrency 4 --num-prompts 9", "concurrency"),
        (f"perf llama-3.1-8b --gpu H100 {LENGTHS} --num-prompts -1", "num-prompts"),
        (f"perf llama-3.1-8b --gpu H1000 {LENGTHS}", "gpu"),
        (f"perf llama-3.1-8b --gpu H100 {LENGTHS} --engine llamacpp", "engine"),
        (f"perf llama-3.1-8b --gpu H100 {LENGTHS} --precision fp7", "precision"),
        (f"perf llama-3.1-8b --gpu H100 {LENGTHS} --kv-dtype int3", "kv-dtype"),
        (f"perf llama-3.1-8b --gpu H100 {LENGTHS} --ep", "ep"),
        (f"perf llama-3.1-8b --gpu H100 {LENGTHS} --tp 0", "tp"),
        (f"perf no-such-model --gpu H100 {LENGTHS}", "model"),
    ],
)
def test_bad_input_names_its_key(
    arguments: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(f"{arguments} --json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["key"] == key


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (f"perf llama-3.1-70b --gpu H100 {LENGTHS}", "does not fit"),
        (f"perf llama-3.1-8b --gpu T4 --precision bf16 {LENGTHS}", "compute capability"),
        (f"perf llama-3.1-8b --gpu H100 --tp 3 {LENGTHS}", "TP 3"),
    ],
)
def test_what_no_engine_starts_is_an_honest_no(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 1
    assert said in capsys.readouterr().err
