"""What the cost counts is what the component registers: kind by kind, over many configurations."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic.alias_generators import to_snake

from cluster.args import GpuClusterArgs, plain_args
from cluster.component import GpuCluster
from sizing.infrastructure import Infrastructure, infrastructure
from sizing.plan import Plan
from sizing.planner import plan_for
from sizing.stack_config import StackConfig
from tests.cluster.recorder import Run, run_program

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm/vllm-openai:v0.33.0"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
NETWORK = {
    "vpcId": "vpc-0123456789abcdef0",
    "availabilityZone": "us-east-1a",
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
}
# Made, and never billed by itself; what hangs on something billed is counted there.
FURNITURE = {
    "ec2/vpc:Vpc",
    "ec2/subnet:Subnet",
    "ec2/internetGateway:InternetGateway",
    "ec2/routeTable:RouteTable",
    "ec2/routeTableAssociation:RouteTableAssociation",
    "ec2/route:Route",
    "ec2/securityGroup:SecurityGroup",
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "iam/role:Role",
    "iam/rolePolicy:RolePolicy",
    "iam/rolePolicyAttachment:RolePolicyAttachment",
    "iam/instanceProfile:InstanceProfile",
    "lb/targetGroup:TargetGroup",
    "lb/listener:Listener",
    "lb/targetGroupAttachment:TargetGroupAttachment",
    "secretsmanager/secretVersion:SecretVersion",
    "sns/topicPolicy:TopicPolicy",
    "cloudwatch/eventTarget:EventTarget",
}
BILLED = {
    "ec2/instance:Instance",
    "ec2/natGateway:NatGateway",
    "ec2/eip:Eip",
    "lb/loadBalancer:LoadBalancer",
    "cloudwatch/metricAlarm:MetricAlarm",
    "secretsmanager/secret:Secret",
    "cloudwatch/logGroup:LogGroup",
}
FREE = {
    "SSM parameter": "ssm/parameter:Parameter",
    "launch template": "ec2/launchTemplate:LaunchTemplate",
    "placement group": "ec2/placementGroup:PlacementGroup",
    "alarm topic": "sns/topic:Topic",
    "alarm e-mail": "sns/topicSubscription:TopicSubscription",
    "event rule": "cloudwatch/eventRule:EventRule",
}
ENDPOINT = "ec2/vpcEndpoint:VpcEndpoint"


def configurations(count: int) -> list[dict[str, Any]]:
    """Random but always the same stacks that the component takes, and the corners by hand."""
    chance = random.Random(8)
    found: list[dict[str, Any]] = [
        {"model": "llama-3.1-405b", "precision": "bf16", "huggingFaceToken": "hf"},
        {"model": "llama-3.1-8b", "serving": {"enabled": False}, "apiKey": "k"},
    ]
    for _ in range(count):
        serving: dict[str, Any] = {"enabled": chance.random() < 0.85}
        from_s3, private = chance.random() < 0.5, chance.random() < 0.5
        serving |= {"checkpoint": "s3://models/llama"} if from_s3 else {}
        serving |= {"image": ECR} if private else {}
        network: dict[str, Any] = {}
        if chance.random() < 0.3:
            network = dict(NETWORK)
        elif (from_s3 and private) or not serving["enabled"]:
            network = {"egress": chance.choice(["auto", "nat", "endpoints"])}
        elif chance.random() < 0.5:
            network = {"egress": "nat"}
        own_topic = chance.random() < 0.3
        emails = ["a@b.example", "c@d.example"][: chance.choice([0, 1, 2])]
        operations = {"alarmTopicArn": TOPIC} if own_topic else {"alarmEmails": emails}
        stack: dict[str, Any] = {
            "model": chance.choice(["llama-3.1-8b", "llama-3.1-405b"]),
            "precision": "bf16",
            "replicas": chance.choice([1, 1, 2, 3]),
            "purchase": chance.choice(["on-demand", "spot"]),
            "rootVolumeGb": chance.choice([75, 200, 500]),
            "serving": serving,
            "network": network,
            "operations": operations,
        }
        if chance.random() < 0.5:
            stack["apiKey"] = "key"
        elif chance.random() < 0.5:
            serving["apiKeySecret"] = "an/existing/secret"
        named = chance.random() < 0.3
        if named:
            serving["huggingFaceTokenSecret"] = "an/existing/token"
        elif not from_s3 or chance.random() < 0.5:
            stack["huggingFaceToken"] = "hf_dummy"
        found.append(stack)
    return found


TRAINING: list[dict[str, Any]] = [
    {"model": "llama-3.1-8b", "workload": {"purpose": "lora"}},
    {"model": "llama-3.1-70b", "workload": {"purpose": "full"}, "network": dict(NETWORK)},
    {
        "model": "llama-3.1-70b",
        "workload": {"purpose": "full", "training": {"optimizer": "adamw8bit"}},
        "purchase": "spot",
        "huggingFaceToken": "hf_dummy",
        "network": {"egress": "endpoints"},
        "operations": {"alarmEmails": ["a@b.example"]},
    },
    {
        "model": "llama-3.1-405b",
        "workload": {"purpose": "full"},
        "serving": {"enabled": False},
        "network": {"egress": "nat"},
        "operations": {"alarmTopicArn": TOPIC},
    },
]


@pytest.mark.parametrize("stack", [*configurations(24), *TRAINING])
def test_the_component_makes_what_the_cost_counts(stack: dict[str, Any]) -> None:
    args: Any = {to_snake(key): value for key, value in stack.items()}
    config = StackConfig.from_mapping(plain_args(args))
    brought = {"huggingFaceToken", "apiKey"} & stack.keys()
    plan = plan_for(config, brought)
    counted = infrastructure(config, plan, brought)
    run = made(args, plan)
    assert billed(counted) == {kind: len(run.of(kind)) for kind in BILLED}
    assert {FREE[name]: n for name, n in counted.free.items() if name in FREE} == {
        kind: len(run.of(kind)) for kind in FREE.values() if run.of(kind)
    }
    endpoints = [e.inputs["vpcEndpointType"] for e in run.of(ENDPOINT)]
    assert endpoints.count("Gateway") == counted.free.get("S3 gateway endpoint", 0)
    assert endpoints.count("Interface") == len(counted.interface_endpoints)
    assert volumes(run) == {counted.root_volume_gib}
    assert counted.free.keys() <= {*FREE, "S3 gateway endpoint"}
    known = FURNITURE | BILLED | {*FREE.values(), ENDPOINT}
    unforeseen = {r.type.removeprefix("aws:") for r in run.resources if r.type.startswith("aws:")}
    assert unforeseen <= known


def made(args: GpuClusterArgs, plan: Plan) -> Run:
    return run_program(lambda: GpuCluster("llm", args, plan=plan))


def billed(counted: Infrastructure) -> dict[str, int]:
    return {
        "ec2/instance:Instance": counted.nodes,
        "ec2/natGateway:NatGateway": counted.nat_gateways,
        "ec2/eip:Eip": counted.public_addresses,
        "lb/loadBalancer:LoadBalancer": counted.load_balancers,
        "cloudwatch/metricAlarm:MetricAlarm": counted.alarms,
        "secretsmanager/secret:Secret": counted.secrets,
        "cloudwatch/logGroup:LogGroup": counted.log_groups,
    }


def volumes(run: Run) -> set[float]:
    """Sizes of the nodes' volumes; there is one a node, gp3, with nothing beyond its baseline."""
    found: set[float] = set()
    for template in run.of("ec2/launchTemplate:LaunchTemplate"):
        (mapping,) = template.inputs["blockDeviceMappings"]
        volume = mapping["ebs"]
        assert volume["volumeType"] == "gp3"
        assert not {"iops", "throughput"} & volume.keys()
        found.add(volume["volumeSize"])
    return found
