"""A training stack: nodes alone, joined where the run spans them, and nothing that serves."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pulumi
import pytest
import yaml

from sizing.plan import Plan
from tests.cluster.clusters import API_KEY, cluster
from tests.cluster.recorder import Registration, Run

INSTANCE = "ec2/instance:Instance"
FULL = {"purpose": "full", "training": {"tokens": 5e7}}
SERVING = (
    "lb/loadBalancer:LoadBalancer",
    "lb/listener:Listener",
    "lb/targetGroup:TargetGroup",
    "lb/targetGroupAttachment:TargetGroupAttachment",
    "secretsmanager/secret:Secret",
)


def training(workload: dict[str, Any], **args: Any) -> Run:
    """A run of one cluster that trains Llama 3.1 70B unless another model is named."""
    given: dict[str, Any] = {"model": "llama-3.1-70b", "workload": workload, **args}
    return cluster(**given)


@cache
def full() -> Run:
    """Llama 3.1 70B in full on two nodes."""
    return training(FULL)


def settings(node: Registration) -> dict[str, str]:
    """The files that cloud-init writes on a node, by path."""
    document = yaml.safe_load(node.inputs["userData"])
    return {file["path"]: file["content"] for file in document["write_files"]}


def test_nothing_that_serves_is_made_and_no_endpoint_is_offered() -> None:
    run = full()
    assert [kind for kind in SERVING if run.of(kind)] == []
    assert run.outputs["llm"].get("endpointUrl") is None
    for node in run.of(INSTANCE):
        assert not [path for path in settings(node) if "engine" in path or "weights" in path]
    items = {line["item"] for line in run.outputs["llm"]["costBreakdown"]}
    assert not [item for item in items if "balancer" in item or "secret" in item]


def test_nodes_of_a_run_that_spans_them_are_joined_like_a_replica() -> None:
    run = full()
    names = sorted(node.name for node in run.of(INSTANCE))
    assert names == ["llm-replica-0-rank-0", "llm-replica-0-rank-1"]
    group = run.one("ec2/placementGroup:PlacementGroup")
    assert group.inputs["strategy"] == "cluster"
    assert {n.inputs["placementGroup"] for n in run.of(INSTANCE)} == {f"{group.name}-1a2b"}
    interfaces = run.one("ec2/launchTemplate:LaunchTemplate").inputs["networkInterfaces"]
    assert [i["interfaceType"] for i in interfaces] == ["interface", *["efa-only"] * 32]
    for node in run.of(INSTANCE):
        assert "EFA=32\n" in settings(node)["/etc/gpu-sizing/node.env"]
    rules = run.of("vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert [(r.name, r.inputs["ipProtocol"]) for r in rules] == [("llm-from-nodes", "-1")]
    head = run.named("ssm/parameter:Parameter", "llm-replica-0-head")
    assert head.inputs["insecureValue"] == "10.64.0.10"


def test_a_run_on_one_node_is_joined_with_nobody() -> None:
    run = training({"purpose": "lora"}, model="llama-3.1-8b")
    assert run.of("ec2/placementGroup:PlacementGroup") == []
    assert "EFA=0\n" in settings(run.one(INSTANCE))["/etc/gpu-sizing/node.env"]


def test_a_run_cut_otherwise_replaces_no_node() -> None:
    def data(**load: Any) -> dict[str, str]:
        return {n.name: n.inputs["userData"] for n in training({**FULL, **load}).of(INSTANCE)}

    other = {"checkpointing": "full", "chunked_loss": True}
    assert len(data(training=other)) == 2
    assert data(training=other) == data(context=2048)
    head = full().named(INSTANCE, "llm-replica-0-rank-0")
    facts = json.loads(settings(head)["/etc/gpu-sizing/plan.json"])
    assert facts == {"model": "meta-llama/Llama-3.1-70B-Instruct", "replicas": [0], "rank": 0}


def test_the_plan_comes_back_from_the_outputs_without_their_nulls() -> None:
    plan = Plan.model_validate(full().outputs["llm"]["plan"])
    assert plan.training is not None
    assert plan.training.run.tokens == 5e7
    assert plan.workload.training is not None


@pytest.mark.parametrize(
    ("args", "path"),
    [
        ({"serving": {"enabled": True}}, "serving.enabled"),
        ({"serving": {"checkpoint": "org/model"}}, "serving.checkpoint"),
        ({"serving": {"image": "vllm/vllm-openai:v0.33.0"}}, "serving.image"),
        ({"serving": {"executor": "ray"}}, "serving.executor"),
        ({"serving": {"hugging_face_token_secret": "a/token"}}, "serving.huggingFaceTokenSecret"),
        ({"serving": {"api_key_secret": "a/key"}}, "serving.apiKeySecret"),
        (
            {"serving": {"certificate_arn": "arn:aws:acm:us-east-1:1:certificate/x"}},
            "serving.certificateArn",
        ),
        ({"serving": {"allowed_cidrs": ["10.0.0.0/8"]}}, "serving.allowedCidrs"),
        ({"serving": {"idle_timeout_seconds": 60}}, "serving.idleTimeoutSeconds"),
        ({"api_key": API_KEY}, "apiKey"),
    ],
)
def test_what_only_serving_has_is_refused_by_name(args: dict[str, Any], path: str) -> None:
    found = Run()
    with pytest.raises(pulumi.InputPropertyError) as caught:
        training(FULL, run=found, **args)
    assert [r.type for r in found.resources if r.type.startswith("aws:")] == []
    assert caught.value.property_path == path
    assert "\n" not in caught.value.reason
    assert API_KEY not in caught.value.reason
