"""The program as a user runs it: real engine, real stack files, local AWS as the witness.

One stack lives through preview, up, a change and destroy; what each step did is read from the
recorded requests and through boto3, never from our own code.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.lifecycle import Sandbox

pytestmark = pytest.mark.engine
STACK = "local"
CREATING = ("RunInstances", "CreateVpc", "CreateLaunchTemplate", "CreateRole", "CreateSubnet")


@pytest.fixture(scope="module")
def stack(box: Sandbox, project: Path) -> Iterator[Sandbox]:
    """The local stack, initialised, with nothing in it."""
    box.pulumi("stack", "init", STACK, cwd=project)
    yield box
    box.pulumi("destroy", "--yes", "--stack", STACK, cwd=project, check=False)


def instances(box: Sandbox) -> list[dict[str, Any]]:
    """Instances that are not terminated, as boto3 describes them."""
    pages = box.client("ec2").describe_instances()["Reservations"]
    found = [i for page in pages for i in page["Instances"]]
    return [i for i in found if i["State"]["Name"] not in ("terminated", "shutting-down")]


def pulumi(box: Sandbox, project: Path, *words: str, check: bool = True) -> Any:
    """One command on the stack; its combined output is what the user sees."""
    command, *rest = words
    return box.pulumi(command, "--stack", STACK, *rest, cwd=project, check=check)


def test_1_preview_shows_the_bill_and_creates_nothing(stack: Sandbox, project: Path) -> None:
    shown = pulumi(stack, project, "preview").stdout
    assert "2 x p5.48xlarge (16 H100), $110.08 an hour, $80,358.40 a month" in shown
    assert "TP 8 x PP 2" in shown
    assert "monthlyCostUsd" in shown
    assert "monthlyCostUsd : 80358.4" in shown or "monthlyCostUsd: 80358.4" in shown
    assert [a for a in CREATING if stack.requests(a)] == []
    assert instances(stack) == []


def test_2_up_creates_two_whole_nodes(stack: Sandbox, project: Path) -> None:
    pulumi(stack, project, "up", "--yes")
    nodes = instances(stack)
    assert [n["InstanceType"] for n in nodes] == ["p5.48xlarge"] * 2
    assert len(stack.requests("RunInstances")) == 2
    assert len({n["Placement"]["AvailabilityZone"] for n in nodes}) == 1


def test_3_every_node_has_its_efa_cards_and_no_public_address(stack: Sandbox) -> None:
    for node in instances(stack):
        cards = node["NetworkInterfaces"]
        kinds = [c["InterfaceType"] for c in cards]
        assert len(cards) == 33
        assert kinds.count("efa-only") + kinds.count("efa") == 32
        assert {c["Attachment"]["NetworkCardIndex"] for c in cards} == set(range(32))
        assert "PublicIpAddress" not in node or not node["PublicIpAddress"]
    sent = stack.requests("CreateLaunchTemplate")[0].params
    assert sent["LaunchTemplateData.MetadataOptions.HttpTokens"] == "required"
    assert sent["LaunchTemplateData.BlockDeviceMapping.1.Ebs.Encrypted"] == "true"
    assert sent["LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeType"] == "gp3"
    kinds = [v for k, v in sent.items() if k.endswith(".InterfaceType")]
    assert (kinds.count("efa-only"), kinds.count("interface")) == (32, 1)
    assert not [k for k in sent if k.endswith("AssociatePublicIpAddress")]
    run = stack.requests("RunInstances")[0].params
    assert not [k for k in run if k.startswith(("SubnetId", "SecurityGroup", "KeyName"))]


def test_4_one_cluster_placement_group_holds_both(stack: Sandbox) -> None:
    groups = stack.client("ec2").describe_placement_groups()["PlacementGroups"]
    assert [g["Strategy"] for g in groups] == ["cluster"]
    assert {n["Placement"]["GroupName"] for n in instances(stack)} == {groups[0]["GroupName"]}


def test_5_nothing_is_open_from_outside(stack: Sandbox) -> None:
    for group in stack.client("ec2").describe_security_groups()["SecurityGroups"]:
        if group["GroupName"] == "default":
            continue
        for rule in group["IpPermissions"]:
            assert not rule.get("IpRanges")
            assert not rule.get("Ipv6Ranges")
            assert {pair["GroupId"] for pair in rule["UserIdGroupPairs"]} == {group["GroupId"]}


def test_6_the_role_lets_session_manager_in(stack: Sandbox) -> None:
    iam = stack.client("iam")
    names = [r["RoleName"] for r in iam.list_roles()["Roles"]]
    policies = [
        p["PolicyName"]
        for name in names
        for p in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    ]
    assert "AmazonSSMManagedInstanceCore" in policies


def test_7_a_second_up_changes_nothing(stack: Sandbox, project: Path) -> None:
    before = {n["InstanceId"] for n in instances(stack)}
    pulumi(stack, project, "up", "--yes", "--expect-no-changes")
    pulumi(stack, project, "refresh", "--yes", "--expect-no-changes")
    assert {n["InstanceId"] for n in instances(stack)} == before


def test_8_int8_shrinks_it_to_one_node(stack: Sandbox, project: Path) -> None:
    pulumi(stack, project, "config", "set", "precision", "int8")
    shown = pulumi(stack, project, "preview").stdout
    assert "$40,179.20" in shown
    assert len(instances(stack)) == 2
    pulumi(stack, project, "up", "--yes")
    assert len(instances(stack)) == 1
    assert stack.client("ec2").describe_placement_groups()["PlacementGroups"] == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("precision", "bf17", "nearest: bf16"),
        ("model", "lama-3.1-405b", "nearest: llama-3.1-405b"),
        ("gpu", "H1000", "nearest: H100"),
        ("replicas", "0", "at least 1"),
    ],
)
def test_9_a_mistake_is_one_line_and_changes_nothing(
    stack: Sandbox, project: Path, key: str, value: str, said: str
) -> None:
    good = pulumi(stack, project, "config", "get", key).stdout.strip()
    before = {n["InstanceId"] for n in instances(stack)}
    pulumi(stack, project, "config", "set", key, value)
    done: subprocess.CompletedProcess[str] = pulumi(stack, project, "up", "--yes", check=False)
    pulumi(stack, project, "config", "set", key, good)
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert said in text
    assert "Traceback" not in text
    assert {n["InstanceId"] for n in instances(stack)} == before


def test_destroy_leaves_nothing(stack: Sandbox, project: Path) -> None:
    pulumi(stack, project, "destroy", "--yes")
    ec2, iam = stack.client("ec2"), stack.client("iam")
    assert instances(stack) == []
    assert [v for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]] == []
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []
    assert ec2.describe_placement_groups()["PlacementGroups"] == []
    assert (
        ec2.describe_nat_gateways(Filter=[{"Name": "state", "Values": ["available"]}])[
            "NatGateways"
        ]
        == []
    )
    assert ec2.describe_addresses()["Addresses"] == []
    assert list(ec2.describe_network_interfaces()["NetworkInterfaces"]) == []
    assert [r for r in iam.list_roles()["Roles"] if "llm" in r["RoleName"]] == []
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
