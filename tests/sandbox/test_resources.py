"""Each simple resource type, through its table entry, against the local AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.diff import changes
from sandbox.aws_provider.instance import run_parameters
from sandbox.aws_provider.queries import InvokeError
from sandbox.aws_provider.registry import RESOURCES
from sandbox.aws_provider.resource import Change
from tests.sandbox.conftest import ZONE, Network, invoke
from tests.sandbox.lives import Maker, assert_no_drift, live_through, resolved

ASSUME = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }
)
SSM_POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
ANYWHERE = "0.0.0.0/0"


@pytest.fixture(scope="module")
def ids(maker: Maker) -> dict[str, str]:
    """What the types under test refer to."""
    vpc = maker.make("aws:ec2/vpc:Vpc", cidrBlock="10.9.0.0/16")
    subnet = {"vpcId": vpc, "availabilityZone": ZONE}
    return {
        "vpc": vpc,
        "subnet": maker.make("aws:ec2/subnet:Subnet", cidrBlock="10.9.0.0/20", **subnet),
        "subnet2": maker.make("aws:ec2/subnet:Subnet", cidrBlock="10.9.16.0/20", **subnet),
        "table": maker.make("aws:ec2/routeTable:RouteTable", vpcId=vpc),
        "table2": maker.make("aws:ec2/routeTable:RouteTable", vpcId=vpc),
        "gateway": maker.make("aws:ec2/internetGateway:InternetGateway", vpcId=vpc),
        "address": maker.make("aws:ec2/eip:Eip", domain="vpc"),
        "group": maker.make("aws:ec2/securityGroup:SecurityGroup", vpcId=vpc),
        "group2": maker.make("aws:ec2/securityGroup:SecurityGroup", vpcId=vpc),
        "role": maker.make("aws:iam/role:Role", assumeRolePolicy=ASSUME),
        "role2": maker.make("aws:iam/role:Role", assumeRolePolicy=ASSUME),
    }


# (token, inputs, changed inputs); "$name" stands for an id.
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.8.0.0/16"}, {"enableDnsHostnames": True}),
    (
        "aws:ec2/subnet:Subnet",
        {"vpcId": "$vpc", "cidrBlock": "10.9.32.0/20", "availabilityZone": ZONE},
        {"mapPublicIpOnLaunch": True},
    ),
    ("aws:ec2/internetGateway:InternetGateway", {}, {"tags": {"A": "2"}}),
    ("aws:ec2/eip:Eip", {"domain": "vpc"}, {"tags": {"A": "2"}}),
    (
        "aws:ec2/natGateway:NatGateway",
        {"subnetId": "$subnet", "allocationId": "$address", "connectivityType": "public"},
        {"tags": {"A": "2"}},
    ),
    (
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {
            "vpcId": "$vpc",
            "serviceName": "com.amazonaws.us-east-1.s3",
            "routeTableIds": ["$table"],
        },
        {"routeTableIds": ["$table2", "$table"]},
    ),
    (
        "aws:ec2/routeTable:RouteTable",
        {"vpcId": "$vpc"},
        {"routes": [{"cidrBlock": ANYWHERE, "gatewayId": "$gateway"}]},
    ),
    (
        "aws:ec2/route:Route",
        {
            "routeTableId": "$table",
            "destinationCidrBlock": ANYWHERE,
            "gatewayId": "$gateway",
        },
        {},
    ),
    (
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        {"subnetId": "$subnet2", "routeTableId": "$table"},
        {"routeTableId": "$table2"},
    ),
    (
        "aws:ec2/securityGroup:SecurityGroup",
        {
            "vpcId": "$vpc",
            "ingress": [{"protocol": "tcp", "fromPort": 1, "toPort": 2, "self": True}],
        },
        {"egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": [ANYWHERE]}]},
    ),
    (
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {
            "securityGroupId": "$group",
            "ipProtocol": "tcp",
            "fromPort": 8000,
            "toPort": 8000,
            "cidrIpv4": "10.0.0.0/8",
        },
        {"toPort": 8010, "description": "a range"},
    ),
    (
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        {
            "securityGroupId": "$group",
            "ipProtocol": "-1",
            "referencedSecurityGroupId": "$group2",
        },
        {"tags": {"A": "2"}},
    ),
    ("aws:ec2/placementGroup:PlacementGroup", {"strategy": "cluster"}, {"tags": {"A": "2"}}),
    (
        "aws:ec2/launchTemplate:LaunchTemplate",
        {"instanceType": "g6e.xlarge", "updateDefaultVersion": True},
        {"instanceType": "g6e.2xlarge"},
    ),
    (
        "aws:iam/role:Role",
        {"assumeRolePolicy": ASSUME},
        {"assumeRolePolicy": ASSUME.replace("ec2.amazonaws.com", "ssm.amazonaws.com")},
    ),
    (
        "aws:iam/rolePolicy:RolePolicy",
        {"role": "$role", "policy": POLICY},
        {"policy": POLICY.replace("GetObject", "PutObject")},
    ),
    (
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": "$role", "policyArn": SSM_POLICY},
        {},
    ),
    ("aws:iam/instanceProfile:InstanceProfile", {"role": "$role"}, {"role": "$role2"}),
]


@pytest.mark.parametrize(
    ("token", "given", "changed"), CASES, ids=[case[0].rpartition(":")[2] for case in CASES]
)
def test_life_of_a_resource(
    token: str,
    given: dict[str, Any],
    changed: dict[str, Any],
    maker: Maker,
    ids: dict[str, str],
) -> None:
    live_through(token, maker, resolved(given, ids), resolved(changed, ids))


def test_an_instance_is_changed_in_place(
    aws: Aws, maker: Maker, network: Network, image: str, ids: dict[str, str]
) -> None:
    token = "aws:ec2/instance:Instance"
    kind = RESOURCES[token]
    profile = maker.make("aws:iam/instanceProfile:InstanceProfile", role=ids["role"])
    old = maker.checked(
        token,
        {
            "ami": image,
            "instanceType": "g6e.xlarge",
            "subnetId": network.subnet,
            "vpcSecurityGroupIds": [network.group],
            "rootBlockDevice": {"volumeSize": 100, "encrypted": True},
            "userData": "#!/bin/sh\n",
        },
    )
    identity = kind.create(aws, old)
    assert_no_drift(kind, aws, identity, old)
    changed: dict[str, Any] = {
        "instanceType": "g6e.2xlarge",
        "vpcSecurityGroupIds": [network.other_group],
        "iamInstanceProfile": profile,
        "metadataOptions": {"httpTokens": "required", "httpEndpoint": "enabled"},
        "rootBlockDevice": {"volumeSize": 200, "encrypted": True},
        "disableApiTermination": True,
        "tagsAll": {"Name": "renamed"},
    }
    new = {**old, **changed}
    found = changes(old, new, kind.replaces)
    assert {change.root for change in found} == changed.keys()
    assert kind.update is not None
    kind.update(aws, identity, Change(old, new, found))
    assert_no_drift(kind, aws, identity, new)
    shown = aws.ec2("describe_instances", InstanceIds=[identity])["Reservations"][0]["Instances"][0]
    assert shown["MetadataOptions"]["HttpTokens"] == "required"
    assert profile in shown["IamInstanceProfile"]["Arn"]
    open_again = {**new, "disableApiTermination": False}
    kind.update(aws, identity, Change(new, open_again, changes(new, open_again, ())))
    kind.delete(aws, identity, new)
    assert kind.read(aws, identity, new) is None


def test_a_public_address_is_asked_for_on_an_interface(aws: Aws) -> None:
    props = {"subnetId": "subnet-1", "vpcSecurityGroupIds": ["sg-1"]}
    asked = run_parameters(aws, {**props, "associatePublicIpAddress": False})
    assert "SubnetId" not in asked
    assert asked["NetworkInterfaces"][0]["SubnetId"] == "subnet-1"
    assert run_parameters(aws, props)["SubnetId"] == "subnet-1"


def test_functions_answer_from_the_local_aws(aws: Aws, image: str, network: Network) -> None:
    zones = invoke(aws, "getAvailabilityZones", state="available")
    assert zones["names"][0] == ZONE
    assert len(zones["zoneIds"]) == len(zones["names"])
    zone = invoke(aws, "getAvailabilityZone", zoneId=zones["zoneIds"][1])
    assert zone["name"] == zones["names"][1]
    assert invoke(aws, "getSubnet", id=network.subnet)["availabilityZone"] == ZONE
    vpc = invoke(aws, "getSubnet", id=network.subnet)["vpcId"]
    assert invoke(aws, "getVpc", id=vpc)["cidrBlock"] == "10.0.0.0/16"
    assert invoke(aws, "getCallerIdentity")["accountId"] == "123456789012"
    assert invoke(aws, "getPartition")["partition"] == "aws"
    assert invoke(aws, "getRegion")["region"] == "us-east-1"
    p5 = invoke(aws, "getInstanceType", instanceType="p5.48xlarge")
    assert (p5["efaMaximumInterfaces"], p5["maximumNetworkCards"]) == (32, 32)
    assert (p5["defaultVcpus"], p5["gpuses"][0]["count"]) == (192, 8)
    found = invoke(
        aws,
        "getAmi",
        owners=["amazon"],
        mostRecent=True,
        filters=[{"name": "image-id", "values": [image]}],
    )
    assert found["rootDeviceName"] == "/dev/sda1"
    wanted = [{"name": "instance-type", "values": ["p5.48xlarge"]}]
    offers = invoke(
        aws, "getInstanceTypeOfferings", locationType="availability-zone", filters=wanted
    )
    assert ZONE in offers["locations"]


@pytest.mark.parametrize(
    ("function", "args"),
    [
        ("getParameter", {"name": "/no/such"}),
        ("getAmi", {"filters": [{"name": "name", "values": ["no such image"]}]}),
        ("getAvailabilityZone", {"name": "us-east-1z"}),
    ],
)
def test_a_function_without_an_answer_says_so(
    function: str, args: dict[str, Any], aws: Aws
) -> None:
    with pytest.raises(InvokeError, match="found"):
        invoke(aws, function, **args)
