"""The program as a user runs it: real engine, real stack files, local AWS as the witness.

One stack lives through preview, up, a change and destroy; what each step did is read from the
recorded requests and through boto3, never from our own code.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.lifecycle import Sandbox
from tests.e2e.stack import instances, leftovers, tags

pytestmark = pytest.mark.engine
STACK = "local"
# What the local stack's file holds, encrypted.
TOKEN = "hf_local_aws_needs_none"
PATH = "/gpu-sizing/gpu-sizing/local/llm"
CREATING = ("RunInstances", "CreateVpc", "CreateLaunchTemplate", "CreateRole", "CreateSubnet")


@pytest.fixture(scope="module")
def stack(box: Sandbox, project: Path) -> Iterator[Sandbox]:
    """The local stack, initialised, with nothing in it."""
    box.pulumi("stack", "init", STACK, cwd=project)
    yield box
    box.pulumi("destroy", "--yes", "--stack", STACK, cwd=project, check=False)


def pulumi(box: Sandbox, project: Path, *words: str, check: bool = True) -> Any:
    """One command on the stack; its combined output is what the user sees."""
    return box.pulumi(*words, "--stack", STACK, cwd=project, check=check)


def user_data(box: Sandbox, node: dict[str, Any]) -> str:
    """What a node was launched with, decoded."""
    found = box.client("ec2").describe_instance_attribute(
        InstanceId=node["InstanceId"], Attribute="userData"
    )
    return base64.b64decode(found["UserData"]["Value"]).decode()


def test_1_preview_shows_the_bill_and_creates_nothing(stack: Sandbox, project: Path) -> None:
    shown = pulumi(stack, project, "preview").stdout
    assert "2 x p5.48xlarge (16 H100), $110.08 an hour, $80,358.40 a month" in shown
    assert "TP 8 x PP 2" in shown
    assert "monthlyCostUsd" in shown
    assert "monthlyCostUsd : 80519.76" in shown or "monthlyCostUsd: 80519.76" in shown
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
    groups = stack.client("ec2").describe_security_groups()["SecurityGroups"]
    ours = {g["GroupName"].rpartition("-")[0]: g for g in groups if g["GroupName"] != "default"}
    assert set(ours) == {"llm-nodes", "llm-endpoint"}
    nodes, endpoint = ours["llm-nodes"], ours["llm-endpoint"]
    for rule in nodes["IpPermissions"]:
        assert not rule.get("IpRanges")
        assert not rule.get("Ipv6Ranges")
        sources = {pair["GroupId"] for pair in rule["UserIdGroupPairs"]}
        if rule["IpProtocol"] == "-1":
            assert sources == {nodes["GroupId"]}
        else:
            assert (rule["FromPort"], rule["ToPort"]) == (8000, 8000)
            assert sources == {endpoint["GroupId"]}
    (clients,) = endpoint["IpPermissions"]
    assert [r["CidrIp"] for r in clients["IpRanges"]] == ["10.64.0.0/16"]
    assert (clients["FromPort"], clients["ToPort"]) == (80, 80)


def test_5_the_endpoint_leads_to_the_head_alone(stack: Sandbox, project: Path) -> None:
    elb = stack.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    assert (balancer["Scheme"], balancer["Type"]) == ("internal", "application")
    (group,) = elb.describe_target_groups()["TargetGroups"]
    assert (group["HealthCheckPath"], group["TargetType"]) == ("/health", "instance")
    (target,) = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
        "TargetHealthDescriptions"
    ]
    heads = [i for i in instances(stack) if tags(i)["gpu-sizing:rank"] == "0"]
    assert (target["Target"]["Id"], target["Target"]["Port"]) == (heads[0]["InstanceId"], 8000)
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "3600"} in attributes["Attributes"]
    url = pulumi(stack, project, "stack", "output", "endpointUrl").stdout.strip()
    assert url == f"http://{balancer['DNSName']}/v1"


def test_5_the_nodes_know_their_part(stack: Sandbox) -> None:
    head_at = stack.client("ssm").get_parameter(Name=f"{PATH}/heads/0")["Parameter"]["Value"]
    for node in instances(stack):
        rank = tags(node)["gpu-sizing:rank"]
        if rank == "0":
            assert node["PrivateIpAddress"] == head_at
        command = user_data(stack, node)
        for flag in ("--tensor-parallel-size 8", "--pipeline-parallel-size 2", "--nnodes 2"):
            assert flag in command
        assert f"--node-rank {rank}" in command
        assert ("--headless" in command) == (rank != "0")


def test_5_the_token_is_in_secrets_manager_and_nowhere_else(stack: Sandbox, project: Path) -> None:
    secrets = stack.client("secretsmanager")
    name = f"{PATH.removeprefix('/')}/hugging-face-token"
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == TOKEN
    shown = pulumi(stack, project, "preview", "--diff").stdout
    outputs = pulumi(stack, project, "stack", "output", "--json", "--show-secrets").stdout
    state = pulumi(stack, project, "stack", "export").stdout
    requests = "".join(str(r) for r in stack.requests())
    nodes = [user_data(stack, node) for node in instances(stack)]
    for text in (shown, outputs, state, requests, *nodes):
        assert TOKEN not in text
    assert name in nodes[0]
    log = "".join(p.read_text(errors="replace") for p in stack.folder.rglob("*") if p.is_file())
    assert TOKEN not in log


def test_5_everything_is_watched(stack: Sandbox) -> None:
    alarms = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    watched = {d["Value"] for a in alarms for d in a["Dimensions"] if d["Name"] == "InstanceId"}
    assert watched == {i["InstanceId"] for i in instances(stack)}
    (logs,) = stack.client("logs").describe_log_groups()["logGroups"]
    assert (logs["logGroupName"], logs["retentionInDays"]) == (PATH, 30)


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
    assert leftovers(stack) == {}
