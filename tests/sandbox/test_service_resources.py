"""The resource types beyond EC2 and IAM, through their table entries, against the local AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.aws_provider.check import Naming, check_inputs
from sandbox.aws_provider.clients import Aws, AwsError
from sandbox.aws_provider.diff import changes
from sandbox.aws_provider.queries import InvokeError
from sandbox.aws_provider.registry import RESOURCES
from sandbox.lifecycle import Sandbox
from tests.sandbox import test_resources
from tests.sandbox.conftest import ZONE, invoke
from tests.sandbox.lives import Case, Maker, assert_all_read_back, live_through, resolved

OTHER_ZONE = "us-east-1b"
LB, TARGETS = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup"
ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
LISTENER = "aws:lb/listener:Listener"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
PARAMETER = "aws:ssm/parameter:Parameter"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
HEALTH_CHECK = {
    "enabled": True,
    "healthyThreshold": 2,
    "interval": 15,
    "matcher": "200",
    "path": "/health",
    "port": "8000",
    "protocol": "HTTP",
    "timeout": 5,
    "unhealthyThreshold": 4,
}
PATTERN = json.dumps({"source": ["aws.ec2"], "detail": {"state": ["terminated"]}})


def policy_for(action: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": action,
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def ids(maker: Maker, local_aws: Sandbox, image: str) -> dict[str, str]:
    """What the types under test refer to."""
    vpc = maker.make("aws:ec2/vpc:Vpc", cidrBlock="10.7.0.0/16", enableDnsHostnames=True)
    subnets = [
        maker.make("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock=cidr, availabilityZone=zone)
        for cidr, zone in (
            ("10.7.0.0/20", ZONE),
            ("10.7.16.0/20", OTHER_ZONE),
            ("10.7.32.0/20", "us-east-1c"),
        )
    ]
    balancer = maker.make(LB, subnets=subnets[:2], internal=True)
    group = {"port": 8000, "protocol": "HTTP", "vpcId": vpc}
    certificate = local_aws.client("acm").request_certificate(DomainName="llm.example.com")
    topic = maker.make(TOPIC)
    return {
        "vpc": vpc,
        "subnet": subnets[0],
        "subnet2": subnets[1],
        "subnet3": subnets[2],
        "group": maker.make("aws:ec2/securityGroup:SecurityGroup", vpcId=vpc),
        "group2": maker.make("aws:ec2/securityGroup:SecurityGroup", vpcId=vpc),
        "balancer": balancer,
        "targets": maker.make(TARGETS, **group),
        "targets2": maker.make(TARGETS, **group),
        "node": maker.make(
            "aws:ec2/instance:Instance", ami=image, instanceType="g6e.xlarge", subnetId=subnets[0]
        ),
        "certificate": certificate["CertificateArn"],
        "secret": maker.make(SECRET, recoveryWindowInDays=0),
        "topic": topic,
        "rule": maker.make(RULE, eventPattern=PATTERN),
    }


RULE_OF = "aws:vpc/securityGroup{0}Rule:SecurityGroup{0}Rule"
CASES: list[Case] = [
    (
        RULE_OF.format("Ingress"),
        {
            "securityGroupId": "$group",
            "ipProtocol": "tcp",
            "fromPort": 8000,
            "toPort": 8000,
            "referencedSecurityGroupId": "$group2",
            "description": "the model server",
        },
        {"fromPort": 9000, "toPort": 9001, "description": "the engine"},
    ),
    (
        RULE_OF.format("Egress"),
        {
            "securityGroupId": "$group",
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "0.0.0.0/0",
        },
        {"cidrIpv4": "10.0.0.0/8"},
    ),
    (
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {
            "vpcId": "$vpc",
            "serviceName": "com.amazonaws.us-east-1.ssm",
            "vpcEndpointType": "Interface",
            "subnetIds": ["$subnet"],
            "securityGroupIds": ["$group"],
            "privateDnsEnabled": True,
        },
        {
            "subnetIds": ["$subnet2", "$subnet3"],
            "securityGroupIds": ["$group", "$group2"],
            "privateDnsEnabled": False,
        },
    ),
    (
        LB,
        {
            "internal": True,
            "subnets": ["$subnet", "$subnet2"],
            "securityGroups": ["$group"],
            "idleTimeout": 600,
        },
        {
            "subnets": ["$subnet", "$subnet2", "$subnet3"],
            "securityGroups": ["$group", "$group2"],
            "idleTimeout": 900,
            "dropInvalidHeaderFields": True,
            "tags": {"A": "2"},
        },
    ),
    (
        TARGETS,
        {
            "port": 8000,
            "protocol": "HTTP",
            "vpcId": "$vpc",
            "targetType": "instance",
            "healthCheck": HEALTH_CHECK,
            "loadBalancingAlgorithmType": "least_outstanding_requests",
        },
        {
            "healthCheck": {**HEALTH_CHECK, "path": "/ready", "matcher": "200-299"},
            "deregistrationDelay": 60,
            "slowStart": 30,
        },
    ),
    (ATTACHMENT, {"targetGroupArn": "$targets", "targetId": "$node", "port": 8001}, {}),
    (
        LISTENER,
        {
            "loadBalancerArn": "$balancer",
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [{"type": "forward", "targetGroupArn": "$targets"}],
        },
        {
            "port": 81,
            "defaultActions": [{"type": "forward", "targetGroupArn": "$targets2"}],
        },
    ),
    (
        LISTENER,
        {
            "loadBalancerArn": "$balancer",
            "port": 443,
            "protocol": "HTTPS",
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "certificateArn": "$certificate",
            "defaultActions": [
                {
                    "type": "fixed-response",
                    "fixedResponse": {"contentType": "text/plain", "statusCode": "503"},
                }
            ],
        },
        {"sslPolicy": "ELBSecurityPolicy-2016-08"},
    ),
    (
        SECRET,
        {"description": "the token", "recoveryWindowInDays": 0},
        {"description": "the API key", "tags": {"A": "2"}},
    ),
    (
        PARAMETER,
        {"type": "String", "insecureValue": "7 nodes", "description": "a count"},
        {"insecureValue": "8 nodes", "tags": {"A": "2"}},
    ),
    (PARAMETER, {"type": "SecureString", "value": "one"}, {"value": "other"}),
    (PARAMETER, {"type": "String", "value": "one", "overwrite": True}, {"type": "StringList"}),
    (
        ALARM,
        {
            "namespace": "AWS/EC2",
            "metricName": "StatusCheckFailed",
            "dimensions": {"InstanceId": "$node"},
            "statistic": "Maximum",
            "period": 60,
            "evaluationPeriods": 2,
            "threshold": 1,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "alarmActions": ["$topic"],
            "alarmDescription": "a node is ill",
        },
        {"threshold": 0.5, "okActions": ["$topic"], "treatMissingData": "breaching"},
    ),
    (
        ALARM,
        {
            "evaluationPeriods": 1,
            "threshold": 90,
            "comparisonOperator": "GreaterThanThreshold",
            "metricQueries": [
                {"id": "ratio", "expression": "used * 100", "label": "in use", "returnData": True},
                {
                    "id": "used",
                    "metric": {
                        "namespace": "CWAgent",
                        "metricName": "mem",
                        "period": 60,
                        "stat": "Average",
                        "dimensions": {"InstanceId": "$node"},
                    },
                },
            ],
        },
        {"evaluationPeriods": 3, "actionsEnabled": False},
    ),
    (LOG_GROUP, {"retentionInDays": 30}, {"retentionInDays": 0, "tags": {"A": "2"}}),
    (RULE, {"eventPattern": PATTERN}, {"description": "a node ends", "state": "DISABLED"}),
    (
        TARGET,
        {"rule": "$rule", "arn": "$topic"},
        {
            "inputTransformer": {
                "inputPaths": {"node": "$.detail.instance-id"},
                "inputTemplate": '"<node> ends"',
            }
        },
    ),
    (
        TOPIC,
        {"displayName": "nodes"},
        {"kmsMasterKeyId": "alias/aws/sns", "tags": {"A": "2"}},
    ),
    (
        SUBSCRIPTION,
        {"topic": "$topic", "protocol": "email", "endpoint": "ml@example.com"},
        {"filterPolicy": json.dumps({"kind": ["end"]})},
    ),
]
# Those of which AWS keeps something after the deletion, as long as their parent is there.
KEPT: list[Case] = [
    (VERSION, {"secretId": "$secret", "secretString": "hunter2"}, {}),
    (
        TOPIC_POLICY,
        {"arn": "$topic", "policy": policy_for("sns:Publish")},
        {"policy": policy_for("sns:Subscribe")},
    ),
]


@pytest.mark.parametrize(
    ("token", "given", "changed", "remains"),
    [*((*case, False) for case in CASES), *((*case, True) for case in KEPT)],
    ids=[case[0].rpartition(":")[2] for case in (*CASES, *KEPT)],
)
def test_life_of_a_resource(
    token: str,
    given: dict[str, Any],
    changed: dict[str, Any],
    remains: bool,
    maker: Maker,
    ids: dict[str, str],
) -> None:
    live_through(token, maker, resolved(given, ids), resolved(changed, ids), remains)


@pytest.mark.parametrize(
    ("token", "given"),
    [case[:2] for case in (*CASES, *KEPT)],
    ids=[case[0].rpartition(":")[2] for case in (*CASES, *KEPT)],
)
def test_what_a_program_sets_is_read_back(
    token: str, given: dict[str, Any], aws: Aws, maker: Maker, ids: dict[str, str]
) -> None:
    inputs = maker.checked(token, resolved(given, ids))
    identity = RESOURCES[token].create(aws, inputs)
    assert_all_read_back(token, aws, identity, inputs)
    RESOURCES[token].delete(aws, identity, inputs)


def test_every_type_but_the_instance_has_a_case() -> None:
    tried = {case[0] for case in (*test_resources.CASES, *CASES, *KEPT)}
    assert tried == RESOURCES.keys() - {"aws:ec2/instance:Instance"}


@pytest.mark.parametrize("token", [LB, TARGETS])
def test_a_name_of_more_than_32_characters_is_refused(token: str) -> None:
    inputs = {"subnets": ["subnet-1"]} if token == LB else {}
    for given, naming in (({"name": "x" * 33}, "r"), ({}, "x" * 30)):
        _, failures = check_inputs(RESOURCES[token], {}, {**inputs, **given}, Naming(naming), {})
        assert [(f.prop, "at most 32" in f.reason) for f in failures] == [("name", True)]
    _, failures = check_inputs(RESOURCES[token], {}, {**inputs, "name": "x" * 32}, Naming("r"), {})
    assert failures == []


# What cannot be changed in place: (token, an input, another).
REPLACING: list[tuple[str, str, Any, Any]] = [
    (LB, "internal", True, False),
    (LB, "name", "one", "other"),
    (TARGETS, "port", 8000, 8001),
    (TARGETS, "targetType", "instance", "ip"),
    (ATTACHMENT, "port", 8000, 8001),
    (LISTENER, "loadBalancerArn", "one", "other"),
    (SECRET, "name", "one", "other"),
    (VERSION, "secretString", "one", "other"),
    (PARAMETER, "name", "one", "other"),
    (ALARM, "name", "one", "other"),
    (LOG_GROUP, "name", "one", "other"),
    (RULE, "name", "one", "other"),
    (TARGET, "rule", "one", "other"),
    (TOPIC, "name", "one", "other"),
    (SUBSCRIPTION, "endpoint", "one", "other"),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "serviceName", "one", "other"),
]


@pytest.mark.parametrize(("token", "prop", "old", "new"), REPLACING)
def test_what_replaces(token: str, prop: str, old: Any, new: Any) -> None:
    (found,) = changes({prop: old}, {prop: new}, RESOURCES[token].replaces)
    assert found.replaces


def test_the_current_version_of_a_secret_is_the_newest(aws: Aws, maker: Maker) -> None:
    secret = maker.make(SECRET, name="rotated", recoveryWindowInDays=0)
    old = maker.make(VERSION, secretId=secret, secretString="one")
    new = maker.make(VERSION, secretId=secret, secretString="other")
    kind = RESOURCES[VERSION]
    kind.delete(aws, old, {})  # as a replacement does, after the new one is there
    assert kind.read(aws, new, {}) is not None
    by_name = invoke(aws, "getSecret", name="rotated")
    assert by_name == invoke(aws, "getSecret", arn=secret)
    assert invoke(aws, "getSecretVersion", secretId=secret)["secretString"] == "other"
    RESOURCES[SECRET].delete(aws, secret, {"recoveryWindowInDays": 0})
    with pytest.raises(InvokeError, match="nothing found"):
        invoke(aws, "getSecret", name="rotated")


def test_a_secret_in_its_recovery_window_is_gone_for_the_program(aws: Aws, maker: Maker) -> None:
    secret = maker.make(SECRET, name="recoverable")
    kind = RESOURCES[SECRET]
    inputs = maker.checked(SECRET, {"name": "recoverable"})
    kind.delete(aws, secret, inputs)
    assert kind.read(aws, secret, inputs) is None
    with pytest.raises(AwsError, match="ResourceExistsException"):
        kind.create(aws, inputs)  # the name stays taken for the days of the window


def test_functions_answer_from_the_local_aws(aws: Aws, maker: Maker, ids: dict[str, str]) -> None:
    balancer = invoke(aws, "getLoadBalancer", arn=ids["balancer"])
    assert balancer == invoke(aws, "getLoadBalancer", name=balancer["name"])
    assert balancer["dnsName"].endswith(".elb.amazonaws.com")
    mine = [{"name": "vpc-id", "values": [ids["vpc"]]}]
    subnets = invoke(aws, "getSubnets", filters=mine)["ids"]
    assert subnets == sorted([ids["subnet"], ids["subnet2"], ids["subnet3"]])
    tagged = maker.make("aws:ec2/subnet:Subnet", vpcId=ids["vpc"], cidrBlock="10.7.48.0/24",
                        tags={"Tier": "small"})  # fmt: skip
    assert invoke(aws, "getSubnets", filters=mine, tags={"Tier": "small"})["ids"] == [tagged]
    assert invoke(aws, "getSubnets", tags={"Tier": "no such"})["ids"] == []
    assert invoke(aws, "getSubnet", id=tagged)["availableIpAddressCount"] == 251
