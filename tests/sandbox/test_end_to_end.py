"""The real engine, the stand-in provider and the local AWS together."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine import Engine
from sandbox.lifecycle import Sandbox, SandboxError
from sandbox.processes import ProcessRef, stop

pytestmark = pytest.mark.engine
STACK = ("--stack", "local")
RESOURCES = 9  # with the stack itself and the provider


class Project:
    """A copy of the fixture program with a sandbox of its own."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox

    def pulumi(self, *arguments: str, check: bool = True) -> str:
        answer = self.sandbox.pulumi(*arguments, *STACK, cwd=self.folder, check=check)
        return answer.stdout + answer.stderr

    def set(self, key: str, value: str) -> None:
        self.pulumi("config", "set", key, value)

    def changes(self, *arguments: str) -> dict[str, int]:
        """What a preview would do: {"create": 9}; unchanged resources are left out."""
        steps = json.loads(self.sandbox.pulumi(
            "preview", "--json", *arguments, *STACK, cwd=self.folder
        ).stdout)["changeSummary"]  # fmt: skip
        return {kind: count for kind, count in steps.items() if kind != "same"}

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json"))

    def node(self) -> dict[str, Any]:
        """The running node, as boto3 sees it; there must be exactly one."""
        alive = [{"Name": "instance-state-name", "Values": ["running"]}]
        ec2 = self.sandbox.client("ec2")
        (reservation,) = ec2.describe_instances(Filters=alive)["Reservations"]
        return reservation["Instances"][0]


@pytest.fixture
def project(tmp_path: Path, program: Path, engine: Engine) -> Generator[Project]:
    folder = tmp_path / "project"
    shutil.copytree(program, folder)
    folder.joinpath("stacks").mkdir()
    with Sandbox(tmp_path / "state", engine) as sandbox:
        sandbox.pulumi("stack", "select", "--create", "local", cwd=folder)
        yield Project(folder, sandbox)


def tags(instance: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def test_the_whole_life_of_a_stack(project: Project) -> None:
    ec2 = project.sandbox.client("ec2")
    vpcs_before = len(ec2.describe_vpcs()["Vpcs"])

    assert project.changes() == {"create": RESOURCES}
    called = {request.action for request in project.sandbox.requests()}
    made = {action for action in called if not action.startswith(("Describe", "Get"))}
    assert made == set(), "a preview creates nothing"

    project.pulumi("up", "--yes", "--skip-preview")
    node = project.node()
    kinds = Counter(interface["InterfaceType"] for interface in node["NetworkInterfaces"])
    assert kinds == {"efa-only": 32, "interface": 1}
    assert tags(node)["Team"] == "ml", "the provider's default tags are applied"
    assert node["Placement"]["GroupName"].startswith("placement-")
    assert project.outputs()["nodeId"] == node["InstanceId"]

    assert project.changes() == {}, "a second preview changes nothing"
    project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    project.set("nodeName", "renamed")
    project.pulumi("up", "--yes", "--skip-preview")
    assert (project.node()["InstanceId"], tags(project.node())["Name"]) == (
        node["InstanceId"],
        "renamed",
    )

    project.set("volumeGb", "200")
    assert project.changes() == {"update": 1, "replace": 1}, "a new version replaces the node"
    project.pulumi("up", "--yes", "--skip-preview")
    replaced = project.node()
    assert replaced["InstanceId"] != node["InstanceId"]
    volume = replaced["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Size"] == 200

    project.pulumi("destroy", "--yes", "--skip-preview")
    assert len(ec2.describe_vpcs()["Vpcs"]) == vpcs_before
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []
    assert ec2.describe_placement_groups()["PlacementGroups"] == []


def test_drift_is_seen_and_mended(project: Project) -> None:
    project.pulumi("up", "--yes", "--skip-preview")
    node = project.node()
    ec2 = project.sandbox.client("ec2")
    ec2.delete_tags(Resources=[node["InstanceId"]], Tags=[{"Key": "Name"}])
    project.pulumi("refresh", "--yes", "--skip-preview")
    project.pulumi("up", "--yes", "--skip-preview")
    assert tags(project.node())["Name"] == "node"

    ec2.terminate_instances(InstanceIds=[node["InstanceId"]])
    assert project.changes("--refresh") == {"create": 1}


def test_secrets_stay_secret(project: Project) -> None:
    secret = "hunter2-hunter2"
    project.pulumi("config", "set", "--secret", "token", secret)
    assert secret not in project.pulumi("up", "--yes", "--skip-preview")
    assert project.outputs()["token"] == "[secret]"
    for file in (project.sandbox.folder / "backend").rglob("*"):
        assert not file.is_file() or secret not in file.read_text(errors="replace"), file


def test_a_failing_program_says_where_without_our_own_lines(project: Project) -> None:
    project.set("fail", "true")
    with pytest.raises(SandboxError) as caught:
        project.pulumi("preview")
    assert "the program was asked to fail" in str(caught.value)
    assert "program_runner" not in str(caught.value)
    assert "__main__.py" in str(caught.value)


def test_a_refused_launch_shows_aws_code(project: Project) -> None:
    source = project.folder / "__main__.py"
    source.write_text(source.read_text().replace("CARDS = 32", "CARDS = 34"))
    with pytest.raises(SandboxError) as caught:
        project.pulumi("up", "--yes", "--skip-preview")
    assert "InvalidParameterValue" in str(caught.value)
    assert "card index 32 is not valid" in str(caught.value)


def test_without_an_endpoint_nothing_is_reached(project: Project) -> None:
    elsewhere = {"AWS_ENDPOINT_URL": "https://ec2.us-east-1.amazonaws.com"}
    for endpoint, words in ((elsewhere, "not on this machine"), ({}, "no AWS endpoint")):
        env = {k: v for k, v in project.sandbox.env.items() if k != "AWS_ENDPOINT_URL"}
        answer = subprocess.run(
            [project.sandbox.engine.pulumi, "preview", "--non-interactive", *STACK],
            cwd=project.folder,
            env={**env, **endpoint},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode
        assert words in answer.stdout + answer.stderr


def test_a_provider_on_path_does_not_take_the_stand_ins_place(
    project: Project, tmp_path: Path
) -> None:
    intruder = tmp_path / "pulumi-resource-aws"
    intruder.write_text(f"#!/bin/sh\ntouch {tmp_path / 'called'}\nexit 1\n")
    intruder.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{project.sandbox.env['PATH']}"
    if not project.sandbox.engine.has_host_beside:
        pytest.skip("this engine finds its language host on PATH, and so any other plugin")
    project.sandbox.pulumi("preview", *STACK, cwd=project.folder, extra_env={"PATH": path})
    assert not (tmp_path / "called").exists()


def sandbox_command(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox", *arguments, "--root", str(project.folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_up_down_and_up_again_after_a_crash(project: Project) -> None:
    state = project.folder / ".sandbox"
    try:
        created = sandbox_command(project, "up")
        assert f"{RESOURCES} created" in created.stdout, created.stdout + created.stderr

        ref = ProcessRef.load(state / "aws" / "process.json")
        assert ref is not None
        stop(ref)  # the local AWS dies with all it holds
        recreated = sandbox_command(project, "up")
        assert recreated.returncode == 0, recreated.stdout + recreated.stderr
        assert "was restarted" in recreated.stdout
        assert Project(project.folder, Sandbox(state)).node()["InstanceType"] == "p5.48xlarge"

        gone = sandbox_command(project, "down")
        assert gone.returncode == 0
        assert "deleted" in gone.stdout
        assert not state.exists()
    finally:
        Sandbox(state).stop()


def test_a_failed_up_leaves_no_process(project: Project) -> None:
    project.set("fail", "true")
    failed = sandbox_command(project, "up")
    state = Sandbox(project.folder / ".sandbox")
    assert failed.returncode != 0
    assert "the program was asked to fail" in failed.stdout + failed.stderr
    assert not state.is_running()
    assert not (state.folder / "aws" / "process.json").exists()
