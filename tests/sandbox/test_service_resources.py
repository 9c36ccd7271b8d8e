"""The resource types beyond EC2 and IAM, through their table entries, against the local AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.registry import RESOURCES
from sandbox.lifecycle import Sandbox
from tests.sandbox import test_resources
from tests.sandbox.conftest import ZONE
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
