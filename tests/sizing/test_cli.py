"""The command line as scripts use it: one JSON object, stable exit codes, no traceback."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sizing.cli.app import app
from sizing.cli.failures import answering
from sizing.cli.waiting import waiting

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str) -> int:
    return answering(app, arguments)


@pytest.mark.parametrize(
    ("precision", "gigabytes", "gpus", "nodes"),
    [("bf16", 972, 13, 2), ("int8", 486, 7, 1), ("int4", 243, 4, 1)],
)
def test_the_table_from_the_command_line(
    capsys: pytest.CaptureFixture[str], precision: str, gigabytes: int, gpus: int, nodes: int
) -> None:
    method = ("--method", "rule-of-thumb", "--json")
    assert run("plan", "llama-3.1-405b", "--precision", precision, *method) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["memory_required_gb"] == gigabytes
    assert found["gpus_required"] == gpus
    assert (found["instance_type"], found["nodes"]) == ("p5.48xlarge", nodes)
    assert found["gpus_provisioned"] == 8 * nodes


@pytest.mark.parametrize(
    ("arguments", "code", "key"),
    [
        (("plan", "lama-3.1-405b"), 2, "model"),
        (("plan", "llama-3.1-405b", "--context", "abc"), 2, "context"),
        (("plan", "llama-3.1-405b", "--context", "-5"), 2, "context"),
        (("plan", "llama-3.1-405b", "--instance", "p5.48xlrge"), 2, "instance"),
        (("plan", "llama-3.1-405b", "--kv-dtype", "fp7"), 2, "kv-dtype"),
        (("plan", "llama-3.1-405b", "--purchase", "lease"), 2, "purchase"),
        (("plan", "llama-3.1-405b", "--purpose", "tune"), 2, "purpose"),
        (("plan", "llama-3.1-405b", "--contxt", "3"), 2, "option"),
        (("plan",), 2, "model"),
        (("pln",), 2, "command"),
        (("plan", "llama-3.1-405b", "--instance", "g6.xlarge"), 1, "plan"),
        (("preview", "--stack", "prd"), 2, "stack"),
        (("instances", "--region", "mars-1"), 2, "region"),
        (("models", "no-such-model"), 2, "search"),
    ],
)
def test_failures(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    key: str,
) -> None:
    monkeypatch.chdir(ROOT)
    assert run(*arguments) == code
    text = capsys.readouterr()
    assert text.out == ""
    assert len(text.err.splitlines()) == 1
    assert run(*arguments, "--json") == code
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["key"] == key
    assert {"value", "allowed", "nearest", "message"} <= error.keys()


def test_inspect_has_the_fields_that_scripts_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("inspect", "llama-3.1-8b", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["params_total"] == sum(found["params_by_group"].values()) == 8_030_261_248
    assert found["kv_bytes_per_token"] == 131_072
    assert found["kv_bytes_at"]["8192"] == 8192 * 131_072
    for field in ("params_active", "nominal_params", "state_bytes_per_sequence", "evidence"):
        assert field in found
    assert found["attention_kinds"] == ["GQA"]
    assert found["max_context"] == 131_072


@pytest.mark.parametrize("command", [("models",), ("instances",), ("inspect", "llama-3.1-405b")])
def test_pages_are_readable(capsys: pytest.CaptureFixture[str], command: tuple[str, ...]) -> None:
    assert run(*command) == 0
    assert all(len(line) <= 100 for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize("stack", ["dev", "staging", "prod", "local"])
def test_every_stack_previews(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stack: str
) -> None:
    monkeypatch.chdir(ROOT)
    assert run("preview", "--stack", stack, "--json") == 0
    assert json.loads(capsys.readouterr().out)["cost"]["usd_per_hour"] > 0


def test_a_plan_imports_neither_pulumi_nor_boto3() -> None:
    """Start-up time is a feature, and `sizing` must work where neither is installed."""
    code = (
        "import sys; from sizing.cli.app import app; from sizing.cli.failures import answering;"
        "code = answering(app, ['plan', 'llama-3.1-405b', '--json']);"
        "heavy = {'pulumi', 'pulumi_aws', 'boto3', 'yaml', 'huggingface_hub', 'rich'};"
        "found = heavy & {m.split('.')[0] for m in sys.modules};"
        "sys.exit(f'imported {found}' if found else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["nodes"] == 2


def test_an_unknown_architecture_is_refused_until_its_size_is_given(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = {"architectures": ["FooForCausalLM"], "hidden_size": 4096, "num_hidden_layers": 32}
    more = {"num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**config, **more, "max_position_embeddings": 8192}))
    assert run("inspect", str(path)) == 2
    assert "--params" in capsys.readouterr().err
    assert run("inspect", str(path), "--params", "7000000000", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["params_total"] == 7_000_000_000
    assert found["evidence"] == "estimated"


@pytest.mark.parametrize("command", [("plan",), ("fit", "--gpu", "H100")])
def test_a_given_size_is_enough_to_plan_and_to_fit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """The refusal of an unknown architecture names --params, so every command must take it."""
    config = {"architectures": ["FooForCausalLM"], "hidden_size": 4096, "num_hidden_layers": 32}
    more = {"num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**config, **more, "max_position_embeddings": 8192}))
    name, *options = command
    assert run(name, str(path), *options, "--json") == 2
    assert "--params" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert run(name, str(path), *options, "--params", "-1", "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["key"] == "params"
    assert run(name, str(path), *options, "--params", "7000000000", "--json") == 0
    assert "estimated" in capsys.readouterr().out


def test_quiet_prints_the_answer_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("preview", "--stack", "prod", "--quiet") == 0
    nodes, total = capsys.readouterr().out.splitlines()
    assert nodes.startswith("prod: llama-3.1-405b at bf16 -> 2 x p5.48xlarge (16 H100), $110.08")
    assert total.startswith("all in: $110.30 an hour, $80,519.76 a month")
    assert run("plan", "llama-3.1-405b", "-q", "--json") == 0
    assert json.loads(capsys.readouterr().out)["nodes"] == 2


def test_over_budget_is_an_honest_no_with_what_would_fit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ("plan", "llama-3.1-405b", "--precision", "bf16", "--budget", "80000")
    assert run(*asked) == 1
    said = capsys.readouterr().err
    assert "$80,358.40 a month, $358.40 over budget.monthlyUsd $80,000.00" in said
    assert "or with precision fp8: 1 x p5.48xlarge" in said
    assert run(*asked, "--json") == 1
    found = json.loads(capsys.readouterr().out)["error"]
    assert found["key"] == "plan"
    assert any("fp8" in line for line in found["relaxed"])


def test_a_plan_prices_its_nodes_and_a_stack_everything_around_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("plan", "llama-3.1-405b", "--precision", "bf16", "--json") == 0
    nodes = json.loads(capsys.readouterr().out)["cost"]
    assert len(nodes["lines"]) == 1
    assert nodes["usd_per_month"] == pytest.approx(80358.40)
    assert run("preview", "--stack", "prod", "--json") == 0
    stack = json.loads(capsys.readouterr().out)["cost"]
    assert stack["nodes_usd_per_month"] == nodes["usd_per_month"] < stack["usd_per_month"]
    for cost in (nodes, stack):
        known = [line["usd_per_month"] for line in cost["lines"]]
        assert cost["usd_per_month"] == pytest.approx(sum(known), abs=0.01)


def in_a_terminal(*arguments: str, **environment: str) -> str:
    """What a person sees who types a command, escape codes included."""
    code = "from sizing.cli import main; main()"
    child, terminal = pty.fork()
    if child == 0:
        os.execve(
            sys.executable,
            [sys.executable, "-c", code, *arguments],
            {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment},
        )
    shown = bytearray()
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:
        pass  # the command has ended
    os.waitpid(child, 0)
    os.close(terminal)
    return shown.decode()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    "arguments", [("--help",), ("plan", "--help"), ("plan", "llama-9"), ("plan",)]
)
def test_no_color_leaves_no_escape_code(arguments: tuple[str, ...]) -> None:
    assert "\x1b" not in in_a_terminal(*arguments, NO_COLOR="1")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_takes_long_says_so_in_a_terminal_and_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    told = io.StringIO()
    monkeypatch.setattr(told, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stderr", told)
    monkeypatch.setattr("sizing.cli.waiting.PATIENCE_S", 0.0)
    with waiting("thinking"):
        time.sleep(0.05)
    assert ("thinking ..." in told.getvalue()) is is_terminal
    assert told.getvalue().endswith("\r\x1b[K") is is_terminal
