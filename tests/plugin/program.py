"""Programs in other languages that a test runs with the real engine against the local AWS."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.lifecycle import Sandbox

ROOT = Path(__file__).parent.parent.parent
STACK = "test"


@dataclass(frozen=True)
class Program:
    """A program's folder, which the engine may write to, and where its cloud is."""

    box: Sandbox
    folder: Path

    def pulumi(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """One command on the stack."""
        command, *rest = words
        return self.box.pulumi(command, "--stack", STACK, *rest, cwd=self.folder, check=check)

    def start(self) -> None:
        """Makes the stack, empty."""
        self.box.pulumi("stack", "init", STACK, cwd=self.folder)

    def up(self, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Deploys."""
        return self.pulumi("up", "--yes", "--skip-preview", check=check)

    def destroy(self) -> None:
        """Removes everything."""
        self.pulumi("destroy", "--yes", "--skip-preview")

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        answer = self.box.pulumi("stack", "output", "--json", "--stack", STACK, cwd=self.folder)
        return json.loads(answer.stdout)

    def instances(self, region: str = "us-east-1") -> list[dict[str, Any]]:
        """The instances that exist, as boto3 describes them."""
        pages = self.box.client("ec2", region).describe_instances()["Reservations"]
        found = [instance for page in pages for instance in page["Instances"]]
        return [i for i in found if i["State"]["Name"] not in ("terminated", "shutting-down")]

    def leftovers(self, region: str = "us-east-1") -> list[str]:
        """What of the cluster's kinds exists, as boto3 lists it."""
        ec2, iam = self.box.client("ec2", region), self.box.client("iam")
        return [
            *(i["InstanceId"] for i in self.instances(region)),
            *(v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]),
            *(t["LaunchTemplateId"] for t in ec2.describe_launch_templates()["LaunchTemplates"]),
            *(g["GroupName"] for g in ec2.describe_placement_groups()["PlacementGroups"]),
            *(a["AllocationId"] for a in ec2.describe_addresses()["Addresses"]),
            *(p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]),
        ]


def example(name: str, folder: Path) -> Path:
    """A copy of an example with the plugin where the example says that it is."""
    for entry in ("plugin", ".venv"):
        folder.joinpath(entry).symlink_to(ROOT / entry)
    return Path(shutil.copytree(ROOT / "examples" / name, folder / "examples" / name))
