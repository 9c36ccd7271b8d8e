"""The decisions on single resources, as tables: properties to what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policy.addresses import public_address
from policy.disks import unencrypted_disks
from policy.firewall import open_ports, open_to_everyone
from policy.instance_types import type_not_allowed
from policy.metadata import weak_metadata
from policy.resources import CLUSTER, LAUNCH_CONFIGURATION, SPOT_REQUEST, VOLUME, Resource
from policy.tags import OWN_TAGS, missing_tags
from policy.values import UNKNOWN
from tests.policy.things import instance, resource, template

GROUP = "aws:ec2/securityGroup:SecurityGroup"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
SUBNET = "aws:ec2/subnet:Subnet"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
EIP = "aws:ec2/eip:Eip"
BUCKET = "aws:s3/bucket:Bucket"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
QUEUE = "aws:sqs/queue:Queue"
REQUIRED = {"httpTokens": "required"}
FROM_TEMPLATE = {"launchTemplate": {"id": UNKNOWN}}


def says(found: str | None, wanted: str | None) -> bool:
    """Whether a decision is the wanted one: `wanted` is a part of it, None is no violation."""
    return found is None if wanted is None else wanted in (found or "")


@pytest.mark.parametrize(
    ("thing", "wrong"),
    [
        (template(metadataOptions=REQUIRED), None),
        (template(metadataOptions={"httpTokens": "optional"}), "httpTokens is 'optional'"),
        (template(metadataOptions={"httpEndpoint": "enabled"}), "httpTokens is not set"),
        (template(metadataOptions={"httpEndpoint": "disabled"}), None),
        (template(), "httpTokens is not set"),
        (template(metadataOptions=UNKNOWN), None),
        (template(metadataOptions={"httpTokens": UNKNOWN}), None),
        (instance(), "httpTokens is not set"),
        (instance(metadataOptions=REQUIRED), None),
        (instance(**FROM_TEMPLATE), None),
        (instance(metadataOptions={"httpTokens": "optional"}, **FROM_TEMPLATE), "'optional'"),
        (instance(metadataOptions={"httpPutResponseHopLimit": 2.0}, **FROM_TEMPLATE), None),
        (resource(SPOT_REQUEST), "not set"),
        (resource(LAUNCH_CONFIGURATION), "not set"),
        (resource(SUBNET), None),
    ],
)
def test_imdsv2(thing: Resource, wrong: str | None) -> None:
    assert says(weak_metadata(thing), wrong)


def mapped(*ebs: dict[str, Any]) -> Resource:
    """A launch template with EBS volumes."""
    return template(
        blockDeviceMappings=[{"deviceName": f"/dev/{i}", "ebs": e} for i, e in enumerate(ebs)]
    )


@pytest.mark.parametrize(
    ("thing", "wrong", "wrong_where_the_account_encrypts"),
    [
        (mapped({"encrypted": "true"}), None, None),
        (mapped({"encrypted": True}), None, None),
        (mapped({"encrypted": "false"}), "[/dev/0].ebs.encrypted is false", "is false"),
        (mapped({"encrypted": "true"}, {}), "[/dev/1].ebs.encrypted is not set", None),
        (mapped({"encrypted": UNKNOWN}), None, None),
        (template(), "the root volume's", None),
        (template(blockDeviceMappings=UNKNOWN), None, None),
        (template(blockDeviceMappings=[{"ebs": UNKNOWN}]), None, None),
        (template(blockDeviceMappings=[{"virtualName": "ephemeral0"}]), None, None),
        (instance(), "rootBlockDevice.encrypted is not set", None),
        (instance(**FROM_TEMPLATE), None, None),
        (instance(rootBlockDevice={"volumeSize": 9.0}, **FROM_TEMPLATE), "is not set", None),
        (instance(rootBlockDevice={"encrypted": True}), None, None),
        (instance(rootBlockDevice={"encrypted": False}), "is false", "is false"),
        (
            instance(
                rootBlockDevice={"encrypted": True},
                ebsBlockDevices=[{"deviceName": "/dev/sdf"}],
            ),
            "ebsBlockDevices[/dev/sdf].encrypted is not set",
            None,
        ),
        (resource(VOLUME), "encrypted is not set", None),
        (resource(VOLUME, encrypted=True), None, None),
        (resource(VOLUME, encrypted=False), "encrypted is false", "encrypted is false"),
        (resource(VOLUME, encrypted=UNKNOWN), None, None),
        (resource(BUCKET), None, None),
    ],
)
def test_disks(
    thing: Resource, wrong: str | None, wrong_where_the_account_encrypts: str | None
) -> None:
    assert says(unencrypted_disks(thing), wrong)
    assert says(unencrypted_disks(thing, True), wrong_where_the_account_encrypts)


@pytest.mark.parametrize(
    ("thing", "wrong"),
    [
        (instance(), None),
        (instance(associatePublicIpAddress=False), None),
        (instance(associatePublicIpAddress=True), "associatePublicIpAddress is true"),
        (instance(associatePublicIpAddress=UNKNOWN), None),
        (template(networkInterfaces=[{"associatePublicIpAddress": "false"}]), None),
        (
            template(
                networkInterfaces=[{"deviceIndex": 1.0}, {"associatePublicIpAddress": "true"}]
            ),
            "networkInterfaces[1].associatePublicIpAddress is true",
        ),
        (resource(LAUNCH_CONFIGURATION, associatePublicIpAddress=True), "is true"),
        (resource(SUBNET), None),
        (resource(SUBNET, mapPublicIpOnLaunch=False), None),
        (resource(SUBNET, mapPublicIpOnLaunch=True), "mapPublicIpOnLaunch is true"),
        (resource(BALANCER, internal=True), None),
        (resource(BALANCER, internal=False), "faces the internet"),
        (resource(BALANCER), "faces the internet"),
        (resource(BALANCER, internal=UNKNOWN), None),
        (resource(BALANCER, loadBalancerType="gateway"), None),
        (resource("aws:elb/loadBalancer:LoadBalancer"), "faces the internet"),
        (resource(EIP, domain="vpc"), None),
        (resource(EIP, instance=UNKNOWN), "instance is set"),
        (resource("aws:ec2/eipAssociation:EipAssociation", instanceId="i-1"), "instanceId is set"),
    ],
)
def test_public_addresses(thing: Resource, wrong: str | None) -> None:
    assert says(public_address(thing), wrong)


def rule(source: object = "10.0.0.0/8", protocol: object = "tcp", *ports: object) -> Resource:
    """An ingress rule of its own, from an IPv4 range."""
    first, last = ports or (None, None)
    return resource(RULE, cidrIpv4=source, ipProtocol=protocol, fromPort=first, toPort=last)


def group(**ingress: Any) -> Resource:
    """A security group with one rule in it."""
    return resource(GROUP, ingress=[ingress])


@pytest.mark.parametrize(
    ("thing", "wrong"),
    [
        (rule("10.0.0.0/8", "tcp", 22.0, 22.0), "port 22 is open to 10.0.0.0/8 (tcp 22)"),
        (rule("10.0.0.0/8", "tcp", 0.0, 1024.0), "(tcp 0-1024)"),
        (rule("10.0.0.0/8", "6", 22.0, 22.0), "port 22"),
        (rule("10.0.0.0/8", "-1"), "(all traffic)"),
        (rule("10.0.0.0/8", -1.0), "(all traffic)"),
        (rule("10.0.0.0/8", "tcp"), "(tcp 0-65535)"),
        (rule("10.0.0.0/8", "tcp", 23.0, 443.0), None),
        (rule("10.0.0.0/8", "udp", 22.0, 22.0), None),
        (rule("10.0.0.0/8", "icmp", -1.0, -1.0), None),
        (rule("10.0.0.0/8", "tcp", UNKNOWN, 22.0), None),
        (rule(UNKNOWN, "tcp", 22.0, 22.0), "open to an address range"),
        (rule(None, "-1"), None),
        (resource(RULE, cidrIpv6="::/0", ipProtocol="tcp", fromPort=22.0, toPort=22.0), "::/0"),
        (resource(RULE, prefixListId="pl-1", ipProtocol="-1"), "pl-1"),
        (resource(RULE, referencedSecurityGroupId=UNKNOWN, ipProtocol="-1"), None),
        (resource(EGRESS_RULE, cidrIpv4="0.0.0.0/0", ipProtocol="-1"), None),
        (group(protocol="-1", fromPort=0.0, toPort=0.0, cidrBlocks=["10.0.0.0/8"]), "port 22"),
        (group(protocol="-1", fromPort=0.0, toPort=0.0, self=True), None),
        (group(protocol="tcp", fromPort=22.0, toPort=22.0, securityGroups=["sg-1"]), None),
        (group(protocol="tcp", fromPort=22.0, toPort=22.0, ipv6CidrBlocks=["fd00::/8"]), "fd00"),
        (group(protocol="tcp", fromPort=22.0, toPort=22.0, cidrBlocks=UNKNOWN), None),
        (resource(GROUP), None),
        (
            resource(OLD_RULE, type="ingress", protocol="tcp", fromPort=22.0, toPort=22.0,
                     cidrBlocks=["1.2.3.4/32", "5.6.7.8/32"]),
            "port 22 is open to 1.2.3.4/32, 5.6.7.8/32 (tcp 22)",
        ),
        (resource(OLD_RULE, type="egress", protocol="-1", cidrBlocks=["0.0.0.0/0"]), None),
    ],
)  # fmt: skip
def test_ssh(thing: Resource, wrong: str | None) -> None:
    assert says(open_ports(thing), wrong)


def test_other_ports_can_be_closed_too() -> None:
    assert says(open_ports(rule("10.0.0.0/8", "tcp", 3389.0, 3389.0), [22, 3389]), "port 3389")


@pytest.mark.parametrize(
    ("thing", "wrong"),
    [
        (rule("0.0.0.0/0", "tcp", 443.0, 443.0), "tcp 443 is open to 0.0.0.0/0"),
        (rule("8.8.8.8/0", "tcp", 80.0, 80.0), "tcp 80"),
        (rule("128.0.0.0/1", "udp", 53.0, 53.0), "udp 53 is open to 128.0.0.0/1"),
        (rule("10.0.0.0/8", "tcp", 80.0, 80.0), None),
        (rule("0.0.0.0/0", "-1"), "all traffic is open"),
        (rule("0.0.0.0/0", "tcp", UNKNOWN, UNKNOWN), "tcp is open"),
        (rule(UNKNOWN, "-1"), None),
        (rule("not a range", "-1"), None),
        (resource(RULE, cidrIpv6="2000::/3", ipProtocol="tcp", fromPort=80.0), "2000::/3"),
        (resource(RULE, cidrIpv6="2001:db8::/32", ipProtocol="-1"), None),
        (group(protocol="-1", cidrBlocks=["10.0.0.0/8", "0.0.0.0/0"]), "open to 0.0.0.0/0"),
        (resource(EGRESS_RULE, cidrIpv4="0.0.0.0/0", ipProtocol="-1"), None),
    ],
)
def test_open_to_everyone(thing: Resource, wrong: str | None) -> None:
    assert says(open_to_everyone(thing), wrong)


def test_single_ports_may_be_excepted() -> None:
    assert open_to_everyone(rule("0.0.0.0/0", "tcp", 443.0, 443.0), [443]) is None
    assert open_to_everyone(rule("0.0.0.0/0", "tcp", 443.0, 444.0), [443])
    assert open_to_everyone(rule("0.0.0.0/0", "-1"), [443])


ALL = dict.fromkeys(OWN_TAGS, "x")


@pytest.mark.parametrize(
    ("thing", "wrong"),
    [
        (instance(tags=ALL), None),
        (instance(tagsAll=ALL), None),
        (instance(), "gpu-sizing:project, gpu-sizing:stack, gpu-sizing:model"),
        (instance(tags={**ALL, "gpu-sizing:model": ""}), "gpu-sizing:model"),
        (instance(tags={**ALL, "gpu-sizing:model": UNKNOWN}), None),
        (instance(tags=UNKNOWN), None),
        (instance(tagsAll=UNKNOWN), None),
        (resource(ATTACHMENT), None),
        (resource(QUEUE), None),
        (resource(QUEUE, tags={"Name": "queue"}), "gpu-sizing:stack"),
        (resource("pulumi:providers:aws"), None),
    ],
)
def test_tags(thing: Resource, wrong: str | None) -> None:
    assert says(missing_tags(thing), wrong)


def test_the_providers_tags_count() -> None:
    settings: dict[str, Any] = {"defaultTags": json.dumps({"tags": ALL})}
    assert missing_tags(Resource("aws:ec2/vpc:Vpc", {}, provider=settings)) is None
    assert missing_tags(Resource("aws:ec2/vpc:Vpc", {}, provider={"defaultTags": "{"})) is not None
    settings = {"defaultTags": {"tags": ALL}}
    assert missing_tags(Resource("aws:ec2/vpc:Vpc", {}, provider=settings)) is None


def test_other_tags_can_be_required() -> None:
    assert says(missing_tags(instance(tags=ALL), ["CostCenter"]), "CostCenter")


RULES = {"dev": ["g6.*", "p5.4xlarge"], "prod-*": ["p5.*"], "*": ["p5e.48xlarge"], "none": []}


@pytest.mark.parametrize(
    ("stack", "kind", "wrong"),
    [
        ("dev", "g6.12xlarge", None),
        ("dev", "p5.4xlarge", None),
        ("dev", "p5.48xlarge", "not allowed in dev; allowed: g6.*, p5.4xlarge"),
        ("prod-eu", "p5.48xlarge", None),
        ("qa", "p5.48xlarge", "allowed: p5e.48xlarge"),
        ("none", "p5.48xlarge", "allowed: none"),
        ("dev", UNKNOWN, None),
    ],
)
def test_instance_types(stack: str, kind: object, wrong: str | None) -> None:
    thing = resource("aws:ec2/instance:Instance", stack=stack, instanceType=kind)
    assert says(type_not_allowed(thing, RULES), wrong)


def test_without_a_setting_the_catalogue_is_allowed() -> None:
    assert type_not_allowed(template(instanceType="p5.48xlarge"), {}) is None
    assert says(type_not_allowed(template(instanceType="m7i.large"), {}), "the catalogue's GPU")
    assert type_not_allowed(template(instanceType="p5.48xlarge"), {"dev": ["g6.*"]}) is None
    assert type_not_allowed(resource(SUBNET, instanceType="m7i.large"), {}) is None


def test_a_cluster_is_judged_by_its_plan() -> None:
    wanted = resource(CLUSTER, stack="dev", model="llama-3.1-405b", precision="int4")
    assert says(type_not_allowed(wanted, RULES), "p5.48xlarge is not allowed in dev")
    assert type_not_allowed(wanted, {"dev": ["p5.*"]}) is None
    assert type_not_allowed(wanted, {}) is None


def test_a_type_that_ec2_would_choose_is_not_allowed() -> None:
    assert says(type_not_allowed(template(instanceRequirements={"vCpuCount": {}}), {}), "EC2")
