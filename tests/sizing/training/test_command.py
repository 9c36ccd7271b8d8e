"""`sizing train` as scripts use it: exit codes, one JSON object, errors by key."""

from __future__ import annotations

import json

import pytest

from sizing.cli.app import app
from sizing.cli.failures import answering

MODEL = ("train", "llama-3.1-8b", "--method")


def run(*arguments: str) -> int:
    """The exit code."""
    try:
        return answering(app, arguments)
    except SystemExit as left:
        return int(left.code or 0)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("full", "--gpu", "H100", "--gpus", "8"), 0),
        (("full", "--gpu", "H100", "--gpus", "1"), 1),
        (("qlora", "--gpu", "RTX-4090"), 0),
    ],
)
def test_the_exit_code_is_the_verdict(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int
) -> None:
    assert run(*MODEL, *arguments, "--json") == code
    found = json.loads(capsys.readouterr().out)
    assert found["fits"] is (code == 0)
    assert sum(found["breakdown_gib"].values()) == pytest.approx(found["peak_memory_gib_per_gpu"])


def test_every_option_reaches_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    options = (
        "lora --gpu H200 --gpus 16 --tp 2 --cp 2 --seq-len 8192 --micro-batch 2 --micro-batches 3 "
        "--sharding zero2 --optimizer adamw8bit --checkpointing none --offload optimizer "
        "--lora-rank 8 --lora-targets q_proj,v_proj --chunked-loss --compile --framework torchtune"
    )
    assert run(*MODEL, *options.split(), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["layout"] == {"dp": 4, "tp": 2, "pp": 1, "cp": 2, "ep": 1}
    assert found["params_trained"] == 32 * 8 * (4096 + 4096 + 4096 + 1024)
    kept = ("gpu", "sharding", "optimizer", "checkpointing", "offload", "loss", "framework")
    assert [found[key] for key in kept] == [
        "H200",
        "zero2",
        "adamw8bit",
        "none",
        "optimizer",
        "chunked",
        "torchtune",
    ]
    assert (found["seq_len"], found["micro_batch"], found["micro_batches"]) == (8192, 2, 3)


@pytest.mark.parametrize(
    ("arguments", "key", "nearest"),
    [
        (("fulll", "--gpu", "H100"), "method", "full"),
        (("full", "--gpu", "H1000"), "gpu", "H100"),
        (("full", "--gpu", "H100", "--gpus", "12", "--tp", "8"), "gpus", 8),
        (("full", "--gpu", "H100", "--seq-len", "200000"), "seq-len", 131_072),
        (("full", "--gpu", "H100", "--framework", "torchtun"), "framework", "torchtune"),
        (("full", "--gpu", "H100", "--lora-rank", "8"), "lora-rank", None),
        (("full", "--gpu", "H100", "--offload", "all"), "offload", "optimizer"),
        (("lora", "--gpu", "H100", "--lora-targets", "q_prj"), "lora-targets", "q_proj"),
    ],
)
def test_bad_input_is_code_2_and_one_object(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], key: str, nearest: object
) -> None:
    assert run(*MODEL, *arguments, "--json") == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["key"] == key
    assert error["nearest"] == nearest
    assert error["allowed"]


def test_a_page_begins_with_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*MODEL, "full", "--gpu", "H100", "--gpus", "8") == 0
    page = capsys.readouterr().out
    assert page.startswith("full fine-tuning of llama-3.1-8b at bf16 fits on 8 x H100\n")
