"""What counts as a change, and which changes replace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.aws_provider.diff import PropertyChange, changes
from sandbox.aws_provider.registry import RESOURCES
from sandbox.aws_provider.values import UNKNOWN

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1), inner),
    max_leaves=8,
)
PROPS = st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON)


@given(PROPS)
def test_nothing_differs_from_itself(props: dict[str, Any]) -> None:
    assert changes(props, props, replacing=("a",)) == []


@given(PROPS, PROPS)
def test_a_difference_is_never_missed(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert bool(changes(old, new, replacing=())) == (old != new)


@given(PROPS, PROPS)
def test_forward_and_back_touch_the_same_roots(old: dict[str, Any], new: dict[str, Any]) -> None:
    forward = {change.root for change in changes(old, new, ())}
    assert forward == {change.root for change in changes(new, old, ())}


@pytest.mark.parametrize(
    ("old", "new", "replacing", "expected"),
    [
        ({}, {"a": 1}, (), PropertyChange("a", "add", False)),
        ({"a": 1}, {}, ("a",), PropertyChange("a", "delete", True)),
        ({"a": "x"}, {"a": UNKNOWN}, ("a",), PropertyChange("a", "update", True)),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ("a",), PropertyChange("a[0].b", "update", True)),
        ({"a": {"x.y": 1}}, {"a": {"x.y": 2}}, (), PropertyChange('a["x.y"]', "update", False)),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ("a.b",), PropertyChange("a.b", "update", True)),
        ({"a": {"c": 1}}, {"a": {"c": 2}}, ("a.b",), PropertyChange("a.c", "update", False)),
        ({"ab": 1}, {"ab": 2}, ("a",), PropertyChange("ab", "update", False)),
    ],
)
def test_one_change(
    old: dict[str, Any], new: dict[str, Any], replacing: tuple[str, ...], expected: PropertyChange
) -> None:
    assert changes(old, new, replacing) == [expected]


@pytest.mark.parametrize("ignored", ["a", "a[0]", "a[*].b", "a[0].b"])
def test_ignored_changes_are_no_changes(ignored: str) -> None:
    assert changes({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ("a",), [ignored]) == []


# (resource type, property, whether changing it replaces), as the real provider's documents say.
RULES = [
    ("aws:ec2/vpc:Vpc", "cidrBlock", True),
    ("aws:ec2/vpc:Vpc", "enableDnsHostnames", False),
    ("aws:ec2/subnet:Subnet", "availabilityZone", True),
    ("aws:ec2/securityGroup:SecurityGroup", "description", True),
    ("aws:ec2/placementGroup:PlacementGroup", "strategy", True),
    ("aws:ec2/launchTemplate:LaunchTemplate", "networkInterfaces", False),
    ("aws:ec2/launchTemplate:LaunchTemplate", "name", True),
    ("aws:ec2/instance:Instance", "ami", True),
    ("aws:ec2/instance:Instance", "subnetId", True),
    ("aws:ec2/instance:Instance", "launchTemplate", True),
    ("aws:ec2/instance:Instance", "placementGroup", True),
    ("aws:ec2/instance:Instance", "instanceType", False),
    ("aws:ec2/instance:Instance", "tags", False),
    ("aws:iam/role:Role", "assumeRolePolicy", False),
    ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn", True),
]


@pytest.mark.parametrize(("token", "prop", "replaces"), RULES)
def test_what_replaces(token: str, prop: str, replaces: bool) -> None:
    kind = RESOURCES[token]
    assert prop in kind.known_properties
    assert [c.replaces for c in changes({prop: "a"}, {prop: "b"}, kind.replaces)] == [replaces]


def test_user_data_replaces_only_where_the_program_says_so() -> None:
    kind = RESOURCES["aws:ec2/instance:Instance"]
    assert "userData" in kind.replaces_when({"userDataReplaceOnChange": True})
    assert list(kind.replaces_when({})) == []


@pytest.mark.parametrize("token", RESOURCES)
def test_a_type_that_can_change_can_be_updated(token: str) -> None:
    kind = RESOURCES[token]
    if kind.updates or kind.tagged:
        assert kind.update is not None
