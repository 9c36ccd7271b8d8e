"""What may be lost, in which order, and by whose wish."""

from __future__ import annotations

import pytest

from tests.cluster.clusters import cluster
from tests.cluster.plans import plan_405b
from tests.cluster.recorder import IMAGE, Run

INSTANCE, TEMPLATE = "ec2/instance:Instance", "ec2/launchTemplate:LaunchTemplate"
BALANCER = "lb/loadBalancer:LoadBalancer"


def protected(run: Run) -> set[str]:
    return {r.name for r in run.resources if r.protect}


def test_protect_keeps_everything_since_less_is_an_outage_too() -> None:
    run = cluster(plan_405b(), protect=True)
    assert protected(run) == {r.name for r in run.resources}
    assert run.one(BALANCER).inputs["enableDeletionProtection"] is True


def test_nothing_is_protected_unasked() -> None:
    run = cluster(plan_405b())
    assert protected(run) == set()
    assert run.one(BALANCER).inputs["enableDeletionProtection"] is False


@pytest.mark.parametrize(
    ("replacement", "delete_first"),
    [("auto", False), ("create-first", False), ("delete-first", True)],
)
def test_the_order_of_a_replacement(replacement: str, delete_first: bool) -> None:
    run = cluster(plan_405b(), replacement=replacement)
    assert {r.delete_before_replace for r in run.of(INSTANCE)} == {delete_first}


def test_a_pinned_image_is_meant_and_a_newer_one_is_not() -> None:
    pinned = cluster(plan_405b(), image_id="ami-0a1b2c3d4e5f6a7b8")
    assert pinned.one(TEMPLATE).inputs["imageId"] == "ami-0a1b2c3d4e5f6a7b8"
    assert pinned.one(TEMPLATE).ignore_changes == ()
    assert not [token for token, _, _ in pinned.invokes if "getParameter" in token]
    newest = cluster(plan_405b())
    assert newest.one(TEMPLATE).inputs["imageId"] == IMAGE
    assert newest.one(TEMPLATE).ignore_changes == ("imageId",)


def test_a_launch_that_fails_is_explained() -> None:
    run = cluster(plan_405b())
    assert {r.name: r.on_error for r in run.of(INSTANCE)} == {
        name: (f"{name}-launch",) for name in ("llm-replica-0-rank-0", "llm-replica-0-rank-1")
    }


def test_the_users_tags_are_on_everything_that_takes_tags() -> None:
    run = cluster(plan_405b(), tags={"team": "ml"})
    tagged = [r for r in run.resources if "tags" in r.inputs]
    assert len(tagged) > 20
    assert {r.inputs["tags"]["team"] for r in tagged if r.type.startswith("aws:")} == {"ml"}
    (spec, *_) = run.one(TEMPLATE).inputs["tagSpecifications"]
    assert spec["tags"]["team"] == "ml"


def test_without_the_internet_the_nodes_have_awss_services_in_their_vpc() -> None:
    checkpoint = plan_405b().checkpoint
    assert checkpoint is not None
    from_s3 = checkpoint.model_copy(update={"repository": "s3://models/llama"})
    run = cluster(
        plan_405b().model_copy(update={"checkpoint": from_s3}),
        serving={"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm:v0.33.0"},
        hugging_face_token=None,
    )
    for kind in ("natGateway:NatGateway", "internetGateway:InternetGateway", "eip:Eip"):
        assert run.of(f"ec2/{kind}") == []
    endpoints = {r.inputs["serviceName"]: r.inputs for r in run.of("ec2/vpcEndpoint:VpcEndpoint")}
    assert {name.removeprefix("com.amazonaws.us-east-1.") for name in endpoints} == {
        "s3", "ssm", "ssmmessages", "ec2messages", "logs", "ecr.api", "ecr.dkr"
    }  # fmt: skip
    interface = endpoints["com.amazonaws.us-east-1.ssm"]
    assert interface["privateDnsEnabled"] is True
    assert interface["subnetIds"] == ["id-llm-nodes-us-east-1b"]
    rule = run.named(
        "vpc/securityGroupIngressRule:SecurityGroupIngressRule", "llm-nodes-to-services"
    ).inputs
    assert (rule["fromPort"], rule["referencedSecurityGroupId"]) == (443, "id-llm-nodes")
