"""What AWS's other services refuse or keep, and moto does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.lifecycle import Sandbox
from tests.sandbox.conftest import ZONE, ClientError, Network, error_code

Launch = Callable[..., dict[str, Any]]
OTHER_ZONE = "us-east-1b"


class Lab:
    """A VPC of its own with subnets to choose from."""

    def __init__(self, box: Sandbox) -> None:
        self.ec2, self.lb = box.client("ec2"), box.client("elbv2")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
        self.first = self.subnet("10.6.0.0/24", ZONE)
        self.second = self.subnet("10.6.1.0/24", OTHER_ZONE)

    def subnet(self, cidr: str, zone: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=zone)
        return made["Subnet"]["SubnetId"]

    def balancer(self, name: str, *subnets: str) -> str:
        made = self.lb.create_load_balancer(
            Name=name, Scheme="internal", Subnets=subnets or [self.first, self.second]
        )
        return made["LoadBalancers"][0]["LoadBalancerArn"]

    def target_group(self, name: str) -> str:
        made = self.lb.create_target_group(Name=name, Port=8000, Protocol="HTTP", VpcId=self.vpc)
        return made["TargetGroups"][0]["TargetGroupArn"]

    def free(self, subnet: str) -> int:
        (found,) = self.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
        return found["AvailableIpAddressCount"]


@pytest.fixture(scope="module")
def lab(local_aws: Sandbox) -> Lab:
    return Lab(local_aws)


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call()
    return error_code(caught.value), str(caught.value)


def test_a_load_balancer_needs_two_zones(lab: Lab) -> None:
    code, words = refusal(lambda: lab.balancer("one-zone", lab.first))
    assert code == "ValidationError"
    assert "two different Availability Zones" in words
    again = lab.subnet("10.6.2.0/24", ZONE)
    code, _ = refusal(lambda: lab.balancer("same-zone", lab.first, again, lab.second))
    assert code == "InvalidConfigurationRequest"
    small = lab.subnet("10.6.3.0/28", ZONE)
    takes = lab.ec2.create_network_interface
    for _ in range(4):
        takes(SubnetId=small)
    code, words = refusal(lambda: lab.balancer("no-room", small, lab.second))
    assert (code, "at least 8" in words) == ("InvalidSubnet", True)


@pytest.mark.parametrize("name", ["x" * 33, "ends-", "-begins", "internal-one", "under_score"])
def test_a_load_balancers_name(name: str, lab: Lab) -> None:
    assert refusal(lambda: lab.balancer(name))[0] == "ValidationError"


def test_a_target_groups_name(lab: Lab) -> None:
    assert refusal(lambda: lab.target_group("x" * 33))[0] == "ValidationError"


def test_a_load_balancer_takes_an_address_in_each_zone_until_it_is_deleted(lab: Lab) -> None:
    before = lab.free(lab.first), lab.free(lab.second)
    arn = lab.balancer("addresses")
    assert (lab.free(lab.first), lab.free(lab.second)) == (before[0] - 1, before[1] - 1)
    protect = {"Key": "deletion_protection.enabled", "Value": "true"}
    lab.lb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[protect])
    delete = lab.lb.delete_load_balancer
    assert refusal(lambda: delete(LoadBalancerArn=arn))[0] == "OperationNotPermitted"
    protect["Value"] = "false"
    lab.lb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[protect])
    delete(LoadBalancerArn=arn)
    assert (lab.free(lab.first), lab.free(lab.second)) == before


def test_targets_are_known_by_instance_and_port(lab: Lab, launch: Launch, network: Network) -> None:
    node = launch(InstanceType="g6e.xlarge", SubnetId=lab.first)["InstanceId"]
    stranger = launch(InstanceType="g6e.xlarge", SubnetId=network.subnet)["InstanceId"]
    arn = lab.target_group("targets")
    register, deregister = lab.lb.register_targets, lab.lb.deregister_targets

    def targets() -> list[tuple[str, int, str]]:
        found = lab.lb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return [
            (one["Target"]["Id"], one["Target"]["Port"], one["TargetHealth"]["State"])
            for one in found
        ]

    register(TargetGroupArn=arn, Targets=[{"Id": node}, {"Id": node, "Port": 8001}])
    assert targets() == [(node, 8000, "healthy"), (node, 8001, "healthy")]
    for unknown in ("i-00000000000000000", stranger):
        call = refusal(lambda one=unknown: register(TargetGroupArn=arn, Targets=[{"Id": one}]))
        assert call[0] == "InvalidTarget"
    deregister(TargetGroupArn=arn, Targets=[{"Id": node, "Port": 8001}])
    assert targets() == [(node, 8000, "healthy")]
    lab.ec2.terminate_instances(InstanceIds=[node, stranger])
    assert targets() == []


def test_an_interface_endpoint_has_an_interface_in_each_subnet(lab: Lab) -> None:
    group = lab.ec2.create_security_group(GroupName="end", Description="end", VpcId=lab.vpc)
    asked = {
        "VpcId": lab.vpc,
        "ServiceName": "com.amazonaws.us-east-1.ssm",
        "VpcEndpointType": "Interface",
        "SubnetIds": [lab.first],
        "SecurityGroupIds": [group["GroupId"]],
    }
    create, modify = lab.ec2.create_vpc_endpoint, lab.ec2.modify_vpc_endpoint
    assert refusal(lambda: create(**asked, PrivateDnsEnabled=True))[0] == "InvalidParameter"
    names = {"EnableDnsHostnames": {"Value": True}}
    lab.ec2.modify_vpc_attribute(VpcId=lab.vpc, **names)
    before = lab.free(lab.first)
    made = create(**asked, PrivateDnsEnabled=True)["VpcEndpoint"]["VpcEndpointId"]
    assert refusal(lambda: create(**asked, PrivateDnsEnabled=True))[0] == "InvalidParameter"
    assert lab.free(lab.first) == before - 1

    modify(VpcEndpointId=made, AddSubnetIds=[lab.second], PrivateDnsEnabled=False)
    (found,) = lab.ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
    interfaces = lab.ec2.describe_network_interfaces(
        NetworkInterfaceIds=found["NetworkInterfaceIds"]
    )["NetworkInterfaces"]
    assert {one["SubnetId"] for one in interfaces} == {lab.first, lab.second}
    assert {one["Groups"][0]["GroupId"] for one in interfaces} == {group["GroupId"]}
    assert all(one["PrivateIpAddress"].startswith("10.6.") for one in interfaces)
    assert found["PrivateDnsEnabled"] is False
    again = lab.subnet("10.6.4.0/24", ZONE)
    code, _ = refusal(lambda: modify(VpcEndpointId=made, AddSubnetIds=[again]))
    assert code == "DuplicateSubnetsInSameZone"
    lab.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    assert lab.free(lab.first) == before


def test_an_address_must_confirm_its_subscription(local_aws: Sandbox) -> None:
    sns = local_aws.client("sns")
    topic = sns.create_topic(Name="asked")["TopicArn"]
    made = sns.subscribe(
        TopicArn=topic, Protocol="email", Endpoint="ml@example.com", ReturnSubscriptionArn=True
    )
    found = sns.get_subscription_attributes(SubscriptionArn=made["SubscriptionArn"])["Attributes"]
    assert found["PendingConfirmation"] == "true"
    sns.delete_topic(TopicArn=topic)


def test_logs_are_kept_for_a_number_of_days_that_aws_knows(local_aws: Sandbox) -> None:
    logs = local_aws.client("logs")
    logs.create_log_group(logGroupName="/kept")
    logs.put_retention_policy(logGroupName="/kept", retentionInDays=30)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.put_retention_policy(logGroupName="/kept", retentionInDays=31)
    logs.delete_log_group(logGroupName="/kept")
