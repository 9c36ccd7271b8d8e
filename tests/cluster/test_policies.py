"""What nodes may do: everything by name, and nothing that they do not need."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster.identity import Identity
from cluster.policies import Account, assume_role, ecr_image, node_policy, secret_pattern
from cluster.policies import topic_policy as topic_policy_of
from cluster.serving import Serving, Weights, WeightSource

IDENTITY = Identity("gpu-sizing", "prod", "llm", "us-east-1")
ACCOUNT = Account("aws", "123456789012", "us-east-1")
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm:0.33"
HUB = Weights(WeightSource.HUGGING_FACE, "org/model")


def serving(weights: Weights = HUB, image: str = "vllm/vllm-openai:v0.33.0") -> Serving:
    return Serving(image=image, weights=weights, served_name="model")


def statements(served: Serving | None, secrets: list[str] | None = None) -> list[dict[str, Any]]:
    document = json.loads(node_policy(IDENTITY, ACCOUNT, served, secrets or []))
    assert document["Version"] == "2012-10-17"
    return document["Statement"]


def resources(found: list[dict[str, Any]], action: str) -> list[str]:
    lists = [s["Resource"] for s in found if action in s["Action"]]
    return [r for names in lists for r in ([names] if isinstance(names, str) else names)]


def test_nodes_alone_touch_their_own_parameters_and_logs_only() -> None:
    found = statements(None)
    assert {action.split(":")[0] for s in found for action in s["Action"]} == {"ssm", "logs"}
    path = "arn:aws:ssm:us-east-1:123456789012:parameter/gpu-sizing/gpu-sizing/prod/llm"
    assert resources(found, "ssm:GetParameter") == [f"{path}/*"]
    # A node that could write another's head address could take over its traffic.
    assert resources(found, "ssm:PutParameter") == [f"{path}/nodes/*"]


@pytest.mark.parametrize(
    "served",
    [None, serving(), serving(Weights(WeightSource.S3, "s3://models/llama")), serving(image=ECR)],
    ids=["alone", "hub", "s3", "ecr"],
)
def test_a_wildcard_resource_stands_only_where_aws_forces_it(served: Serving | None) -> None:
    for statement in statements(served, ["arn:aws:secretsmanager:us-east-1:123456789012:secret:x"]):
        assert all("*" not in action for action in statement["Action"])
        if statement["Resource"] == "*":
            assert statement["Action"] == ["ecr:GetAuthorizationToken"]


@pytest.mark.parametrize(
    ("location", "objects", "prefixes"),
    [
        ("s3://models", "arn:aws:s3:::models/*", None),
        ("s3://models/llama/8b", "arn:aws:s3:::models/llama/8b/*", ["llama/8b", "llama/8b/*"]),
    ],
)
def test_weights_in_s3_are_read_below_their_folder_alone(
    location: str, objects: str, prefixes: list[str] | None
) -> None:
    found = statements(serving(Weights(WeightSource.S3, location)))
    assert resources(found, "s3:GetObject") == [objects]
    (listing,) = [s for s in found if "s3:ListBucket" in s["Action"]]
    assert listing["Resource"] == "arn:aws:s3:::models"
    condition = listing.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
    assert condition == prefixes


def test_only_the_secrets_that_are_read() -> None:
    assert resources(statements(serving()), "secretsmanager:GetSecretValue") == []
    arn = secret_pattern("gpu-sizing/gpu-sizing/prod/llm/api-key", ACCOUNT)
    found = statements(serving(), [arn])
    assert resources(found, "secretsmanager:GetSecretValue") == [arn]
    assert arn.endswith(":secret:gpu-sizing/gpu-sizing/prod/llm/api-key-??????")


def test_an_existing_secrets_arn_is_taken_as_it_is() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hf-AbCdEf"
    assert secret_pattern(arn, ACCOUNT) == arn


def test_a_private_image_is_pulled_from_its_repository_alone() -> None:
    image = ecr_image(ECR)
    assert image is not None
    assert (image.account, image.region, image.repository) == ("123456789012", "us-east-1", "vllm")
    repository = "arn:aws:ecr:us-east-1:123456789012:repository/vllm"
    assert resources(statements(serving(image=ECR)), "ecr:BatchGetImage") == [repository]


@pytest.mark.parametrize(
    "image", ["vllm/vllm-openai:v0.33.0", "public.ecr.aws/deep-learning-containers/vllm:x"]
)
def test_a_public_image_needs_no_right(image: str) -> None:
    assert ecr_image(image) is None
    assert not [s for s in statements(serving(image=image)) if "ecr" in s["Action"][0]]


def test_only_this_accounts_alarms_and_events_publish() -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    for statement in json.loads(topic_policy_of(topic, ACCOUNT))["Statement"]:
        assert (statement["Resource"], statement["Action"]) == (topic, ["sns:Publish"])
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT.number


def test_a_role_is_for_one_service() -> None:
    (statement,) = json.loads(assume_role("ec2.amazonaws.com"))["Statement"]
    assert statement["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert "Resource" not in statement
