"""The pack in the real engine: good stacks pass, bad ones are stopped, the cost is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.lifecycle import Sandbox
from tests.e2e.stack import Outcome, Stack, leftovers
from tests.policy.conftest import ROOT

pytestmark = pytest.mark.engine
SMALL: dict[str, Any] = {
    "model": "Qwen/Qwen3-8B",
    "precision": "bf16",
    "instanceTypes": {"allow": ["p5.4xlarge"]},
}
BLOCKS = "[mandatory]"
CARELESS = (
    "machine: metadataOptions.httpTokens is not set",
    "machine: rootBlockDevice.encrypted is false",
    "machine: associatePublicIpAddress is true",
    "machine: without the required tags gpu-sizing:project",
    "machine: m7i.large is not allowed",
    "shell: port 22 is open to 0.0.0.0/0 (tcp 20-25)",
    "shell: tcp 20-25 is open to 0.0.0.0/0",
)


class Policed:
    """A stack that is always run with the pack."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self._folder = folder

    def run(self, command: str, config: dict[str, Any] | None = None) -> Outcome:
        """A command under the pack with a configuration; an update goes without its preview."""
        words = ["--policy-pack", str(ROOT / "policy")]
        if config is not None:
            file = self._folder / "policy-config.json"
            file.write_text(json.dumps(config))
            words += ["--policy-pack-config", str(file)]
        return self.stack.run(command, "--suppress-outputs", *words)

    def stopped(self, command: str, policy: str, said: str, config: dict[str, Any]) -> None:
        """The command fails by that policy with that line, and nothing is there afterwards."""
        done = self.run(command, config)
        assert done.code != 0, done.text
        assert f"{BLOCKS}  {policy}" in done.text
        assert said in done.text
        assert "Traceback" not in done.text
        assert leftovers(self.stack.box) == {}


@pytest.fixture(scope="module")
def policed(
    box: Sandbox, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Policed]:
    stack = Stack(box, project, "dev").init(**SMALL)
    yield Policed(stack, tmp_path_factory.mktemp("config"))
    stack.run("destroy")


@pytest.mark.parametrize("command", ["preview", "up"])
@pytest.mark.parametrize(
    ("policy", "config", "said"),
    [
        (
            "budget",
            {"budget": {"monthlyUsd": {"dev": 3000, "*": 1e9}}},
            "over its budget of $3,000.00 (budget.monthlyUsd)",
        ),
        (
            "allowed-instance-types",
            {"allowed-instance-types": {"environments": {"dev": ["g6.*"], "*": ["*"]}}},
            "llm: p5.4xlarge is not allowed in dev; allowed: g6.*",
        ),
    ],
)
def test_1_a_stack_that_its_environment_forbids_is_not_begun(
    policed: Policed, command: str, policy: str, config: dict[str, Any], said: str
) -> None:
    policed.stopped(command, policy, said, config)


def test_2_the_projects_own_stack_passes_and_its_cost_is_shown(policed: Policed) -> None:
    config = {
        "budget": {"monthlyUsd": {"dev": 6000, "*": 1}},
        "allowed-instance-types": {"environments": {"dev": ["p5.*"], "*": []}},
    }
    for command in ("preview", "up"):
        done = policed.run(command, config)
        assert done.code == 0, done.text
        assert BLOCKS not in done.text
        assert "can't run policy" not in done.text
        assert "[advisory]  cost" in done.text
        assert "1 x p5.4xlarge, on-demand, us-east-1: $6.88 an hour, $5,022.40" in done.text
        assert "price of 2026-" in done.text
        assert "the budget of dev is $6,000.00" in done.text
        assert "dev takes 8" in done.text
    assert len(policed.stack.instances()) == 1


def test_3_a_configuration_with_a_mistake_is_refused(policed: Policed) -> None:
    done = policed.run("preview", {"budget": {"monthlyUsd": {"dev": "much"}}})
    assert done.code != 0
    assert "monthlyUsd" in done.text


def test_4_a_level_can_be_changed(policed: Policed) -> None:
    tight = {"monthlyUsd": {"dev": 3000}}
    config = {
        "budget": {"enforcementLevel": "advisory", **tight},
        "budget-total": "advisory",
        "cost": "disabled",
    }
    done = policed.run("preview", config)
    assert done.code == 0, done.text
    assert "[advisory]  budget-total" in done.text
    assert "[advisory]  cost" not in done.text


@pytest.mark.parametrize("command", ["preview", "up"])
def test_a_careless_program_is_stopped(
    box: Sandbox, program: Callable[[str], Path], tmp_path: Path, command: str
) -> None:
    asked = len(box.requests())
    stack = Stack(box, program("careless"), f"careless-{command}").init()
    done = Policed(stack, tmp_path).run(command)
    assert done.code != 0
    assert "Traceback" not in done.text
    assert BLOCKS in done.text
    sent = {request.action for request in box.requests()[asked:]}
    assert not sent & {"RunInstances", "AuthorizeSecurityGroupIngress"}
    if command == "preview":  # an update ends with the first
        assert [line for line in CARELESS if line not in done.text] == []


def test_what_a_preview_cannot_know_is_stopped_at_the_update(
    box: Sandbox, program: Callable[[str], Path], tmp_path: Path
) -> None:
    late = Policed(Stack(box, program("late"), "late").init(), tmp_path)
    shown = late.run("preview")
    assert shown.code == 0, shown.text
    assert BLOCKS not in shown.text
    done = late.run("up")
    assert done.code != 0
    assert "template: metadataOptions.httpTokens is 'optional'" in done.text
    assert "template: blockDeviceMappings[/dev/sda1].ebs.encrypted is false" in done.text
    assert "template: m7i.large is not allowed in late" in done.text
    names = box.client("ec2").describe_launch_templates()["LaunchTemplates"]
    assert [n for n in names if n["LaunchTemplateName"].startswith("template")] == []
    late.stack.ok("destroy")
