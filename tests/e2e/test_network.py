"""A company's own VPC: the cluster moves in, takes nothing over, and leaves it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.lifecycle import Sandbox
from tests.e2e.stack import Stack, leftovers

pytestmark = pytest.mark.engine
TYPE = "p5en.48xlarge"
MODEL = {"model": "Qwen/Qwen3-8B", "precision": "bf16", "instanceTypes": {"allow": [TYPE]}}


@dataclass(frozen=True)
class Existing:
    """A VPC as a company has it, made through boto3; subnets by zone."""

    vpc: str
    subnets: dict[str, str]
    tiny: str


@pytest.fixture(scope="module")
def existing(box: Sandbox) -> Existing:
    ec2 = box.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    def subnet(zone: str, cidr: str) -> str:
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"us-east-1{zone}")
        return made["Subnet"]["SubnetId"]

    zones = {zone: subnet(zone, f"10.9.{n}.0/24") for n, zone in enumerate("abcdef")}
    return Existing(vpc, zones, subnet("b", "10.9.200.0/28"))


@pytest.fixture(scope="module")
def stack(box: Sandbox, empty_project: Path) -> Iterator[Stack]:
    """One model, in the company's network."""
    made = Stack(box, empty_project, "byo").init(**MODEL)
    yield made
    made.run("destroy")


def offering(box: Sandbox) -> set[str]:
    """The letters of the zones that offer the type, as the local AWS says."""
    found = box.client("ec2").describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [TYPE]}]
    )["InstanceTypeOfferings"]
    return {offer["Location"][-1] for offer in found}


def test_1_the_nodes_and_the_endpoint_go_to_the_named_subnets(
    stack: Stack, existing: Existing
) -> None:
    good = sorted(offering(stack.box))[0]
    other = next(zone for zone in existing.subnets if zone != good)
    named = [existing.subnets[good], existing.subnets[other]]
    stack.configure(**MODEL, network={"vpcId": existing.vpc, "subnetIds": named})
    stack.ok("up")
    (node,) = stack.instances()
    assert (node["VpcId"], node["SubnetId"]) == (existing.vpc, existing.subnets[good])
    assert node["Placement"]["AvailabilityZone"] == f"us-east-1{good}"
    (balancer,) = stack.box.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert {z["SubnetId"] for z in balancer["AvailabilityZones"]} == set(named)
    assert balancer["Scheme"] == "internal"


def test_2_nothing_of_the_network_is_made_but_security_groups(stack: Stack) -> None:
    made = ("CreateVpc", "CreateSubnet", "CreateNatGateway", "CreateRoute", "CreateVpcEndpoint")
    by_boto3 = {"CreateVpc": 1, "CreateSubnet": 7}
    assert {a: len(stack.box.requests(a)) for a in made if stack.box.requests(a)} == by_boto3


def test_3_clients_are_those_of_the_vpc(stack: Stack) -> None:
    groups = stack.box.client("ec2").describe_security_groups()["SecurityGroups"]
    ranges = [
        r["CidrIp"] for g in groups for p in g["IpPermissions"] for r in p.get("IpRanges", [])
    ]
    assert ranges == ["10.9.0.0/16"]


def test_4_a_second_up_changes_nothing(stack: Stack) -> None:
    stack.ok("up", "--expect-no-changes")


def test_5_mistakes_are_one_line_at_preview(stack: Stack, existing: Existing) -> None:
    good = sorted(offering(stack.box))[0]
    bad = next(zone for zone in existing.subnets if zone not in offering(stack.box))
    cases = [
        ({"subnetIds": [existing.subnets[bad]]}, f"a zone that offers {TYPE}"),
        ({"subnetIds": [existing.subnets[good]]}, "network.loadBalancerSubnetIds"),
        ({"vpcId": existing.vpc}, "network.subnetIds: is missing"),
        ({"subnetIds": ["subnet-0123456789abcdef0"]}, "network.subnetIds"),
    ]
    for network, said in cases:
        stack.configure(**MODEL, network=network)
        assert said in stack.refused()


def test_6_too_small_a_subnet(stack: Stack, existing: Existing) -> None:
    # 11 addresses of a /28 against 12 nodes.
    two = next(zone for zone in existing.subnets if zone != "b")
    network = {
        "subnetIds": [existing.tiny],
        "loadBalancerSubnetIds": [existing.subnets["b"], existing.subnets[two]],
    }
    types = {"allow": ["p5.4xlarge"]}
    stack.configure(**{**MODEL, "instanceTypes": types, "replicas": 12, "network": network})
    assert "free addresses" in stack.refused()


def test_7_destroy_leaves_the_companys_network_alone(stack: Stack, existing: Existing) -> None:
    stack.ok("destroy")
    left = leftovers(stack.box)
    assert left == {"vpcs": [existing.vpc]}
    subnets = stack.box.client("ec2").describe_subnets(
        Filters=[{"Name": "vpc-id", "Values": [existing.vpc]}]
    )["Subnets"]
    assert len(subnets) == 7
