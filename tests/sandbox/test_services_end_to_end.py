"""A node behind a load balancer with the real engine: up, refresh, change, destroy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine import Engine
from sandbox.lifecycle import Sandbox

pytestmark = pytest.mark.engine
API_KEY = "not-for-any-file"


class Project:
    """The fixture program with a sandbox of its own."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox

    def pulumi(self, *arguments: str) -> str:
        return self.sandbox.pulumi(*arguments, "--stack", "local", cwd=self.folder).stdout

    def changes(self) -> dict[str, int]:
        steps = json.loads(self.pulumi("preview", "--json"))["changeSummary"]
        return {kind: count for kind, count in steps.items() if kind != "same"}


@pytest.fixture
def project(tmp_path: Path, engine: Engine) -> Generator[Project]:
    folder = tmp_path / "project"
    shutil.copytree(Path(__file__).with_name("services_program"), folder)
    folder.joinpath("stacks").mkdir()
    with Sandbox(tmp_path / "state", engine) as sandbox:
        sandbox.pulumi("stack", "select", "--create", "local", cwd=folder)
        made = Project(folder, sandbox)
        made.pulumi("config", "set", "--secret", "apiKey", API_KEY)
        yield made


def what_is_left(sandbox: Sandbox) -> dict[str, list[Any]]:
    """Everything that such a stack makes, by kind."""
    ec2, lb = sandbox.client("ec2"), sandbox.client("elbv2")
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    parameters = sandbox.client("ssm").describe_parameters()["Parameters"]
    return {
        "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "endpoints": [end for end in endpoints if end["State"] != "deleted"],
        "balancers": lb.describe_load_balancers()["LoadBalancers"],
        "target groups": lb.describe_target_groups()["TargetGroups"],
        "secrets": sandbox.client("secretsmanager").list_secrets()["SecretList"],
        "parameters": [p for p in parameters if not p["Name"].startswith("/aws")],
        "topics": sandbox.client("sns").list_topics()["Topics"],
        "subscriptions": sandbox.client("sns").list_subscriptions()["Subscriptions"],
        "alarms": sandbox.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "log groups": sandbox.client("logs").describe_log_groups()["logGroups"],
        "rules": sandbox.client("events").list_rules()["Rules"],
    }


def test_the_whole_life_of_a_served_node(project: Project) -> None:
    project.pulumi("up", "--yes", "--skip-preview")
    assert project.pulumi("stack", "output", "quota").strip() == "10000"
    there = what_is_left(project.sandbox)
    assert [kind for kind, found in there.items() if not found] == []
    value = project.sandbox.client("secretsmanager").get_secret_value(
        SecretId=there["secrets"][0]["ARN"]
    )
    assert value["SecretString"] == API_KEY
    assert project.changes() == {}
    project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    project.pulumi("config", "set", "idleTimeout", "900")
    project.pulumi("config", "set", "healthPath", "/ready")
    assert project.changes() == {"update": 2}
    project.pulumi("up", "--yes", "--skip-preview")
    project.pulumi("config", "set", "--secret", "apiKey", f"{API_KEY}-rotated")
    assert project.changes() == {"replace": 1}
    project.pulumi("up", "--yes", "--skip-preview")
    project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    project.pulumi("destroy", "--yes", "--skip-preview")
    left = what_is_left(project.sandbox)
    assert {kind: found for kind, found in left.items() if found} == {}

    texts = [path.read_text(errors="replace") for path in project.folder.parent.rglob("*.json*")]
    assert not [text for text in texts if API_KEY in text], "a secret lies in a file"
