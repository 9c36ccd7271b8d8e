"""What the policy SDK hands over, as the checks see it."""

from __future__ import annotations

from typing import Any

from pulumi_policy.proxy import (
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_STRING_VALUE,
    unknown_checking_proxy,
)

from policy.adapter import plain
from policy.pack import policies
from policy.resources import Resource
from policy.values import UNKNOWN


def test_unknown_values_are_read_without_an_error() -> None:
    props: dict[str, Any] = {
        "a": UNKNOWN_STRING_VALUE,
        "b": [1.0, {"c": UNKNOWN_NUMBER_VALUE, "d": "x"}],
        "e": 1.5,
        "f": None,
        "g": True,
    }
    assert plain(unknown_checking_proxy(props)) == {
        "a": UNKNOWN,
        "b": [1, {"c": UNKNOWN, "d": "x"}],
        "e": 1.5,
        "f": None,
        "g": True,
    }


def test_the_environment_and_the_name_stand_in_the_urn() -> None:
    urn = "urn:pulumi:prod-eu::gpu-sizing::gpu-sizing:index:GpuCluster$aws:ec2/vpc:Vpc::llm-vpc"
    resource = Resource("aws:ec2/vpc:Vpc", {}, urn)
    assert (resource.environment, resource.name) == ("prod-eu", "llm-vpc")


def test_a_region_is_read_from_the_resource_its_provider_or_its_zone() -> None:
    kind = "aws:ec2/instance:Instance"
    assert Resource(kind, {"region": "a"}, provider={"region": "b"}).region == "a"
    assert Resource(kind, {"region": UNKNOWN}, provider={"region": "b"}).region == "b"
    assert Resource(kind, {"availabilityZone": "us-east-1d"}).region == "us-east-1"
    assert Resource(kind, {}).region is None


def test_every_policy_says_what_can_be_configured() -> None:
    by_name = {policy.name: policy for policy in policies()}
    assert len(by_name) == len(policies()) == 11
    for policy in by_name.values():
        for prop in policy.config_schema.properties.values() if policy.config_schema else ():
            assert {"type", "default", "description"} <= prop.keys()
