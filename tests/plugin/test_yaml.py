"""examples/yaml by the real engine: a program in another language makes the cluster.

One stack lives from preview to destroy; boto3 is the witness.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.component import TYPE
from plugin.schema_file import schema
from sandbox.lifecycle import Sandbox
from tests.plugin.program import ROOT, Program, example

pytestmark = pytest.mark.engine
README = (ROOT / "plugin" / "README.md").read_text(encoding="utf-8")
LINE = "      precision: ${precision}\n"
SECRETS = [n for n, s in schema()["resources"][TYPE]["inputProperties"].items() if "secret" in s]


@pytest.fixture(scope="module")
def program(box: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The example; its secret arguments, if the component has any, are given too."""
    program = Program(box, example("yaml", tmp_path_factory.mktemp("program")))
    program.start()
    text = program.folder.joinpath("Pulumi.yaml").read_text()
    for name in SECRETS:
        if f"{name}: ${{{name}}}" in text:
            program.pulumi("config", "set", "--secret", name, f"s3cret-{name}")
        else:
            write(program, f"      {name}: {{ 'fn::secret': s3cret-{name} }}\n")
    yield program
    program.pulumi("destroy", "--yes", "--skip-preview", check=False)


def write(program: Program, further: str) -> str:
    """Adds lines to the cluster's arguments; the program's text before."""
    file = program.folder / "Pulumi.yaml"
    before = file.read_text()
    file.write_text(before.replace(LINE, LINE + further))
    return before


def test_0_the_engine_accepts_the_schema(box: Sandbox, tmp_path: Path) -> None:
    shown = box.pulumi("package", "get-schema", str(ROOT / "plugin"), cwd=tmp_path).stdout
    assert set(json.loads(shown)["resources"]) == {TYPE}


def test_1_preview_knows_the_cost_and_makes_nothing(program: Program) -> None:
    shown = program.pulumi("preview").stdout
    assert "gpu-sizing:index:GpuCluster llm create" in shown
    assert "hourlyCostUsd : 110.3016" in shown
    assert program.leftovers() == []


def test_2_up_makes_what_the_outputs_say(program: Program) -> None:
    program.up()
    outputs, instances = program.outputs(), program.instances()
    assert [i["InstanceType"] for i in instances] == ["p5.48xlarge"] * 2
    assert {n["id"] for n in outputs["nodes"]} == {i["InstanceId"] for i in instances}
    assert outputs["layout"] == {"tp": 8, "pp": 2, "dp": 1, "ep": 1}
    assert (outputs["hourlyCostUsd"], outputs["monthlyCostUsd"]) == (110.3016, 80520.16)


def test_3_a_second_preview_changes_nothing(program: Program) -> None:
    program.pulumi("preview", "--expect-no-changes")


def test_4_secrets_reach_secrets_manager_and_no_other_place(program: Program) -> None:
    vault = program.box.client("secretsmanager")
    names = [secret["ARN"] for secret in vault.list_secrets()["SecretList"]]
    kept = [vault.get_secret_value(SecretId=name)["SecretString"] for name in names]
    assert sorted(kept) == sorted(f"s3cret-{name}" for name in SECRETS)
    state = program.box.pulumi("stack", "export", cwd=program.folder).stdout
    assert '"hourlyCostUsd": 110.3016' in state
    assert "s3cret" not in state


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("budget: { monthlyUsd: 10 }", "over budget: no plan for llama-3.1-405b at bf16"),
        ("replicas: { 'fn::secret': 987654 }", "replicas: must be a plain value"),
        ("workload: { context: 0 }", "property workload.context with value '{0}'"),
    ],
)
def test_5_a_mistake_is_one_line_and_changes_nothing(
    program: Program, line: str, said: str
) -> None:
    text = write(program, f"      {line}\n")
    if line.startswith("workload"):  # instead of the example's own
        file = program.folder / "Pulumi.yaml"
        own = "      workload:\n        context: 8192\n        concurrency: 16\n"
        file.write_text(file.read_text().replace(own, ""))
    check_refused(program, said)
    program.folder.joinpath("Pulumi.yaml").write_text(text)


def test_6_a_bad_precision_says_the_nearest(program: Program) -> None:
    program.pulumi("config", "set", "precision", "bf17")
    (block,) = re.findall(r"precision bf17 -->\n```text\n(.*?)```", README, re.DOTALL)
    check_refused(program, *block.splitlines())
    program.pulumi("config", "set", "precision", "bf16")


def check_refused(program: Program, *said: str) -> None:
    before = {i["InstanceId"] for i in program.instances()}
    answer = program.up(check=False)
    shown = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert [line for line in said if line not in shown] == []
    assert "Traceback" not in shown
    assert 'File "' not in shown
    assert "987654" not in shown
    assert {i["InstanceId"] for i in program.instances()} == before


def test_destroy_leaves_nothing(program: Program) -> None:
    program.destroy()
    assert program.leftovers() == []
