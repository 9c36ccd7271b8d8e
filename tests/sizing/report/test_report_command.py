"""`sizing report` as scripts use it: files, formats, exit codes, one line for a mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sizing.cli.app import app
from sizing.cli.failures import answering
from sizing.report.study import Study, TrainingStudy

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stack files are looked for below the current folder."""
    monkeypatch.chdir(ROOT)


def run(*arguments: str) -> int:
    return answering(app, ("report", *arguments))


def test_a_model_becomes_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    assert run("llama-3.1-405b", "--precision", "bf16", "--output", str(path)) == 0
    assert capsys.readouterr().out.startswith(f"{path}: ")
    assert "p5.48xlarge" in path.read_text(encoding="utf-8")


def test_the_file_is_report_html_unless_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("llama-3.1-8b") == 0
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_html_goes_to_the_terminal_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("llama-3.1-8b", "--output", "-") == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")


def test_a_stack_is_told_in_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--stack", "prod", "--format", "markdown") == 0
    page = capsys.readouterr().out
    assert page.startswith("## prod: 2\u00a0×\u00a0p5.48xlarge, $")
    assert page.count("<details>") == page.count("</details>") > 3


def test_options_change_what_a_stack_says(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--stack", "prod", "--precision", "fp8", "--concurrency", "20")
    assert run(*arguments, "--format", "json") == 0
    found = Study.model_validate_json(capsys.readouterr().out)
    assert (found.stack, found.plan.precision, found.plan.nodes) == ("prod", "fp8", 1)
    assert found.plan.workload.concurrency == 20


def test_json_is_one_object_with_the_plan_and_its_surroundings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("llama-3.1-8b", "--json") == 0
    found = Study.model_validate_json(capsys.readouterr().out)
    assert found.context.steps
    assert len(found.precisions) > 3


def test_a_model_costs_what_its_plan_says_and_a_stack_everything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert answering(app, ("plan", "llama-3.1-405b", "--precision", "bf16", "--json")) == 0
    plan = json.loads(capsys.readouterr().out)
    assert run("llama-3.1-405b", "--precision", "bf16", "--json") == 0
    found = Study.model_validate_json(capsys.readouterr().out)
    assert found.plan.cost.usd_per_month == plan["cost"]["usd_per_month"] == 80_358.4
    assert run("llama-3.1-405b", "--precision", "bf16", "--format", "markdown") == 0
    assert "$110.08 (USD for the nodes alone, measured)" in capsys.readouterr().out
    assert run("--stack", "prod", "--format", "markdown") == 0
    assert "; the nodes $110.08)" in capsys.readouterr().out


def test_what_is_deployed_is_compared_with(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    assert answering(app, ("preview", "--stack", "prod", "--json")) == 0
    plan = capsys.readouterr().out
    for written in (plan, json.dumps({"plan": json.loads(plan), "nodes": []})):
        path.write_text(written)
        arguments = ("--stack", "prod", "--precision", "fp8", "--format", "markdown")
        assert run(*arguments, "--previous", str(path)) == 0
        page = capsys.readouterr().out
        assert "2 nodes → 1" in page
        assert r"| \~ p5.48xlarge, on-demand, us-east-1 | 2 → 1 | $80,358.40 |" in page


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "nothing is deployed yet"),
        ('{"plan": {"model": "x"}}', "no comparison"),
        ('{"plan": {"nodes": 1, "instance_type": "p5.48xlarge"}}', "no comparison"),
    ],
)
def test_another_versions_outputs_are_said_to_be_silent(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(content)
    assert run("--stack", "prod", "--format", "markdown", "--previous", str(path)) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "key", "nearest"),
    [
        ((), 2, "model", None),
        (("llama-3.1-8b", "--stack", "prod"), 2, "model", None),
        (("lama-3.1-8b",), 2, "model", "llama-3.1-8b"),
        (("--stack", "prd"), 2, "stack", "prod"),
        (("llama-3.1-8b", "--format", "markdwon"), 2, "format", "markdown"),
        (("llama-3.1-8b", "--output", "/no/such/folder/x.html"), 2, "output", None),
        (("llama-3.1-8b", "--output", "/"), 2, "output", None),
        (("llama-3.1-8b", "--previous", "/no/such/file"), 2, "previous", None),
        (("llama-3.1-8b", "--previous", "README.md"), 2, "previous", None),
        (("llama-3.1-8b", "--context", "-5"), 2, "context", 1),
        (("llama-3.1-8b", "--kv-dtype", "fp7"), 2, "kv-dtype", "fp8"),
        (("--stack", "prod", "--budget", "100"), 1, "plan", None),
        (("llama-3.1-405b", "--instance", "g6.xlarge"), 1, "plan", None),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    key: str,
    nearest: object,
) -> None:
    assert run(*arguments) == code
    text = capsys.readouterr()
    assert text.out == ""
    assert len(text.err.splitlines()) == 1
    assert run(*arguments, "--json") == code
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["key"], error["nearest"]) == (key, nearest)


def test_an_error_is_json_where_the_format_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lama-3.1-8b", "--format", "json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["key"] == "model"


def test_only_the_html_report_needs_charts_and_templates() -> None:
    code = (
        "import sys; from sizing.cli.app import app; from sizing.cli.failures import answering;"
        "code = answering(app, ['report', 'llama-3.1-405b', '--format', 'markdown']);"
        "heavy = {'jinja2', 'vl_convert', 'pulumi', 'boto3'};"
        "found = heavy & {m.split('.')[0] for m in sys.modules};"
        "sys.exit(f'imported {found}' if found else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    """A folder with one stack, which trains."""
    stack = """
    config:
      aws:region: us-east-1
      gpu-sizing:model: llama-3.1-8b
      gpu-sizing:workload: { purpose: lora, training: { loraRank: 32, tokens: 50000000 } }
    """
    (tmp_path / "Pulumi.tune.yaml").write_text(stack)
    return tmp_path


def test_a_training_stack_previews_and_reports(
    capsys: pytest.CaptureFixture[str], tune: Path
) -> None:
    where = ("--stack", "tune", "--folder", str(tune))
    assert answering(app, ("preview", *where)) == 0
    page = capsys.readouterr().out
    assert page.startswith("tune: LoRA of llama-3.1-8b at bf16 -> 1 x p5.4xlarge")
    assert "rank 32 on" in page
    assert "balancer" not in page
    assert run(*where, "--format", "markdown") == 0
    page = capsys.readouterr().out
    assert page.startswith("## tune: 1\u00a0×\u00a0p5.4xlarge, $")
    assert "| The run | 70 minutes, $8 (for 50 million tokens; estimated at 40%" in page
    assert run(*where, "--json") == 0
    found = TrainingStudy.model_validate_json(capsys.readouterr().out)
    assert [row.method for row in found.methods] == ["full", "lora", "qlora"]


def test_a_stack_that_trains_has_no_key_of_serving(
    capsys: pytest.CaptureFixture[str], tune: Path
) -> None:
    path = tune / "Pulumi.tune.yaml"
    path.write_text(f"{path.read_text()}  gpu-sizing:serving: {{ checkpoint: me/mine }}\n")
    assert answering(app, ("preview", "--stack", "tune", "--folder", str(tune))) == 2
    text = capsys.readouterr().err
    assert text.startswith("error: serving.checkpoint: 'me/mine' is not valid; allowed: nothing")
    assert len(text.splitlines()) == 1


def test_a_training_run_of_a_model_is_told_by_its_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ("--purpose", "qlora", "--tokens", "1e8", "--context", "2048")
    assert run("llama-3.1-70b", *options, "--json") == 0
    found = TrainingStudy.model_validate_json(capsys.readouterr().out)
    assert found.plan.training is not None
    assert (found.plan.training.run.tokens, found.context.asked) == (1e8, 2048)
    assert {row.plan.workload.context for row in found.methods if row.plan} == {2048}
