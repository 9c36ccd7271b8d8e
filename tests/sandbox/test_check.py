"""Names, default tags, and inputs that the stand-in does not understand."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws_provider.check import DEFAULTS, Failure, Naming, all_tags, check_inputs
from sandbox.aws_provider.registry import RESOURCES
from sandbox.aws_provider.values import UNKNOWN

GROUP = RESOURCES["aws:ec2/placementGroup:PlacementGroup"]
VPC = RESOURCES["aws:ec2/vpc:Vpc"]
CLUSTER: dict[str, Any] = {"strategy": "cluster"}


def check(
    news: dict[str, Any],
    olds: dict[str, Any] | None = None,
    naming: Naming | None = None,
    tags: dict[str, str] | None = None,
) -> tuple[dict[str, Any], list[Failure]]:
    kind = VPC if "cidrBlock" in news else GROUP
    return check_inputs(kind, olds or {}, news, naming or Naming("pg", b"seed"), tags or {})


def test_a_name_is_generated_and_kept() -> None:
    first, _ = check(CLUSTER)
    assert first["name"].startswith("pg-")
    again, _ = check(CLUSTER, olds=first, naming=Naming("pg", b"another seed"))
    assert again["name"] == first["name"]


def test_a_replacement_gets_another_name() -> None:
    first, _ = check(CLUSTER)
    fresh, _ = check(CLUSTER, olds={}, naming=Naming("pg", b"another seed"))
    assert fresh["name"] != first["name"]


def test_a_given_name_is_left_alone_and_not_reused() -> None:
    given, _ = check({**CLUSTER, "name": "mine"})
    assert given["name"] == "mine"
    assert DEFAULTS not in given
    dropped, _ = check(CLUSTER, olds=given)
    assert dropped["name"] != "mine"


def test_the_engines_proposal_and_the_prefix_are_honoured() -> None:
    assert check(CLUSTER, naming=Naming("pg", b"s", proposed="corp-pg"))[0]["name"] == "corp-pg"
    assert check({**CLUSTER, "namePrefix": "abc"})[0]["name"].startswith("abc")


def test_an_unknown_property_is_refused_with_the_nearest() -> None:
    _, failures = check({**CLUSTER, "strateggy": "spread"})
    assert [failure.prop for failure in failures] == ["strateggy"]
    assert "'strategy'" in failures[0].reason


def test_a_missing_required_property_is_refused() -> None:
    assert check({})[1] == [Failure("strategy", "missing required property 'strategy'")]


def test_an_unknown_value_is_not_missing() -> None:
    assert check({"strategy": UNKNOWN})[1] == []


def test_default_tags_lie_under_the_resources_own() -> None:
    inputs, _ = check(
        {"cidrBlock": "10.0.0.0/16", "tags": {"A": "own"}}, tags={"A": "default", "B": "default"}
    )
    assert inputs["tags"] == {"A": "own"}
    assert inputs["tagsAll"] == {"A": "own", "B": "default"}


@pytest.mark.parametrize("own", [UNKNOWN, {"Name": UNKNOWN}])
def test_tags_are_unknown_until_all_are_known(own: Any) -> None:
    assert all_tags({"A": "1"}, own) == UNKNOWN


def test_what_aws_computes_is_unknown_at_preview() -> None:
    planned = VPC.planned({"cidrBlock": "10.0.0.0/16"})
    assert planned["cidrBlock"] == "10.0.0.0/16"
    assert planned["arn"] == UNKNOWN
