"""A stack of the program in a scratch project, driven as a user would; boto3 is the witness."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.lifecycle import Sandbox

_GONE = ("terminated", "shutting-down")


@dataclass(frozen=True)
class Outcome:
    """What a command ended with and what the user saw."""

    code: int
    text: str


@dataclass
class Stack:
    """One stack of a scratch project; its file is rewritten with `configure`."""

    box: Sandbox
    project: Path
    name: str
    salt: str = field(default="", repr=False)

    def init(self, **config: Any) -> Stack:
        """A new, empty stack with that configuration."""
        self.configure(**config)
        self.box.pulumi("stack", "init", self.name, cwd=self.project)
        self.salt = yaml.safe_load(self.file.read_text()).get("encryptionsalt", "")
        return self

    def configure(self, **config: Any) -> None:
        """The whole configuration anew, of the project's own keys."""
        keys = {f"gpu-sizing:{key}": value for key, value in config.items() if value is not None}
        content: dict[str, Any] = {"config": {"aws:region": "us-east-1", **keys}}
        if self.salt:
            content["encryptionsalt"] = self.salt
        self.file.write_text(yaml.safe_dump(content))

    def secret(self, key: str, value: str) -> None:
        """Set a secret as a user does."""
        words = ("config", "set", "--secret", key, value, "--stack", self.name)
        self.box.pulumi(*words, cwd=self.project)

    def run(self, command: str, *words: str) -> Outcome:
        """A command on the stack, whatever becomes of it."""
        options = () if command == "preview" else ("--yes", "--skip-preview")
        done = self.box.pulumi(
            command, "--stack", self.name, *options, *words, cwd=self.project, check=False
        )
        return Outcome(done.returncode, done.stdout + done.stderr)

    def ok(self, command: str, *words: str) -> str:
        """A command that must succeed; what the user saw."""
        done = self.run(command, *words)
        assert done.code == 0, done.text
        return done.text

    def refused(self, command: str = "preview") -> str:
        """The line with which a command fails; without a traceback, and with nothing made."""
        before = instance_ids(self.box)
        done = self.run(command)
        assert done.code != 0, done.text
        assert "Traceback" not in done.text
        assert instance_ids(self.box) == before
        return done.text

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        words = ("stack", "output", "--json", "--stack", self.name)
        return json.loads(self.box.pulumi(*words, cwd=self.project).stdout)

    def state(self) -> str:
        """The whole state as it is stored."""
        words = ("stack", "export", "--stack", self.name)
        return self.box.pulumi(*words, cwd=self.project).stdout

    def instances(self) -> list[dict[str, Any]]:
        """The stack's own living instances."""
        tags = [{"Name": "tag:gpu-sizing:stack", "Values": [self.name]}]
        return instances(self.box, Filters=tags)

    @property
    def file(self) -> Path:
        """The stack's file."""
        return self.project / "stacks" / f"Pulumi.{self.name}.yaml"


def instances(box: Sandbox, **query: Any) -> list[dict[str, Any]]:
    """Instances that are not terminated, as boto3 describes them."""
    pages = box.client("ec2").describe_instances(**query)["Reservations"]
    found = [instance for page in pages for instance in page["Instances"]]
    return [i for i in found if i["State"]["Name"] not in _GONE]


def instance_ids(box: Sandbox) -> set[str]:
    """The ids of all living instances."""
    return {i["InstanceId"] for i in instances(box)}


def tags(thing: Mapping[str, Any]) -> dict[str, str]:
    """A described thing's tags as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}


def leftovers(box: Sandbox) -> dict[str, list[Any]]:
    """Everything of a cluster that an account still holds, by kind; empty after a destroy."""
    ec2, elb = box.client("ec2"), box.client("elbv2")
    found: dict[str, list[Any]] = {
        "instances": instances(box),
        "vpcs": [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]],
        "templates": ec2.describe_launch_templates()["LaunchTemplates"],
        "placement groups": ec2.describe_placement_groups()["PlacementGroups"],
        "NAT gateways": ec2.describe_nat_gateways(
            Filter=[{"Name": "state", "Values": ["available"]}]
        )["NatGateways"],
        "addresses": ec2.describe_addresses()["Addresses"],
        "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "endpoints": [
            e for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] if e["State"] != "deleted"
        ],
        "load balancers": elb.describe_load_balancers()["LoadBalancers"],
        "target groups": elb.describe_target_groups()["TargetGroups"],
        "secrets": box.client("secretsmanager").list_secrets()["SecretList"],
        "parameters": box.client("ssm").get_parameters_by_path(Path="/gpu-sizing", Recursive=True)[
            "Parameters"
        ],
        "alarms": box.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "topics": box.client("sns").list_topics()["Topics"],
        "rules": box.client("events").list_rules()["Rules"],
        "log groups": box.client("logs").describe_log_groups()["logGroups"],
        "roles": [
            r["RoleName"] for r in box.client("iam").list_roles()["Roles"] if "llm" in r["RoleName"]
        ],
        "profiles": box.client("iam").list_instance_profiles()["InstanceProfiles"],
    }
    return {kind: things for kind, things in found.items() if things}
