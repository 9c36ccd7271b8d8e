"""What a node's role, and the services that raise alarms, may do: policy documents, no more.

A resource is named wherever AWS can be told one; each wildcard says which API forces it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cluster.identity import Identity
from cluster.serving import Serving, WeightSource
from sizing.egress import PRIVATE_ECR

Statement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """Where ARNs lead: the partition, the account's number, the region."""

    partition: str
    number: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.number}:{resource}"


@dataclass(frozen=True, slots=True)
class EcrImage:
    """A container image in a private registry of Amazon ECR."""

    account: str
    region: str
    repository: str


def assume_role(service: str) -> str:
    """The trust policy that lets an AWS service take a role."""
    statement = _allow(["sts:AssumeRole"], None)
    return _document([{**statement, "Principal": {"Service": service}}])


def node_policy(
    identity: Identity, account: Account, serving: Serving | None, secret_arns: Iterable[str]
) -> str:
    """What the nodes need beside Session Manager: their own parameters, logs, files, secrets.

    `secret_arns` are the secrets that the nodes read.
    """
    return _document(
        [
            *_parameters(identity, account),
            *_logs(identity, account),
            *_secrets(sorted(secret_arns)),
            *(_weights(serving, account) if serving else ()),
            *(_image(serving, account) if serving else ()),
        ]
    )


def topic_policy(topic_arn: str, account: Account) -> str:
    """Lets this account's alarms and event rules publish to the topic."""
    publishers = ("cloudwatch.amazonaws.com", "events.amazonaws.com")
    return _document(
        [
            {
                **_allow(["sns:Publish"], topic_arn),
                "Principal": {"Service": publisher},
                "Condition": {"StringEquals": {"aws:SourceAccount": account.number}},
            }
            for publisher in publishers
        ]
    )


def ecr_image(image: str) -> EcrImage | None:
    """The private ECR repository that an image lies in, None for any other registry."""
    found = PRIVATE_ECR.match(image)
    return EcrImage(found["account"], found["region"], found["repository"]) if found else None


def secret_pattern(name_or_arn: str, account: Account) -> str:
    """The ARN of a secret in policies; a name's ARN ends in six characters that AWS adds."""
    if name_or_arn.startswith("arn:"):
        return name_or_arn
    return account.arn("secretsmanager", f"secret:{name_or_arn}-??????")


def _parameters(identity: Identity, account: Account) -> list[Statement]:
    path = account.arn("ssm", f"parameter{identity.path}")
    return [
        _allow(["ssm:GetParameter"], f"{path}/*"),
        _allow(["ssm:PutParameter"], f"{path}/nodes/*"),
    ]


def _logs(identity: Identity, account: Account) -> list[Statement]:
    group = account.arn("logs", f"log-group:{identity.path}")
    return [_allow(["logs:CreateLogStream", "logs:PutLogEvents"], [group, f"{group}:*"])]


def _secrets(arns: list[str]) -> list[Statement]:
    return [_allow(["secretsmanager:GetSecretValue"], arns)] if arns else []


def _weights(serving: Serving, account: Account) -> list[Statement]:
    if serving.weights.source is not WeightSource.S3:
        return []
    bucket, _, prefix = serving.weights.location.removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    arn = f"arn:{account.partition}:s3:::{bucket}"
    listing = _allow(["s3:ListBucket"], arn)
    if not prefix:
        return [listing, _allow(["s3:GetObject"], f"{arn}/*")]
    only = {"StringLike": {"s3:prefix": [prefix, f"{prefix}/*"]}}
    return [{**listing, "Condition": only}, _allow(["s3:GetObject"], f"{arn}/{prefix}/*")]


def _image(serving: Serving, account: Account) -> list[Statement]:
    image = ecr_image(serving.image)
    if image is None:
        return []
    repository = (
        f"arn:{account.partition}:ecr:{image.region}:{image.account}:repository/{image.repository}"
    )
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    return [
        # ECR's log-in token belongs to the whole registry: AWS takes no resource here.
        _allow(["ecr:GetAuthorizationToken"], "*"),
        _allow(pull, repository),
    ]


def _allow(actions: list[str], resource: str | list[str] | None) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": actions}
    return statement if resource is None else {**statement, "Resource": resource}


def _document(statements: list[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
