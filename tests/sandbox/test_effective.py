"""How a launch template and a request become one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.local_aws.effective import effective_request, slot

NAMES = st.sampled_from(["InstanceType", "ImageId", "KeyName"])
DATA = st.dictionaries(NAMES, st.text(min_size=1, max_size=3))


@given(DATA, DATA)
def test_the_request_wins_and_the_template_fills(
    template: dict[str, str], request: dict[str, str]
) -> None:
    assert effective_request(template, request) == {**template, **request}


@given(DATA, DATA)
def test_the_template_is_not_changed(template: dict[str, str], request: dict[str, str]) -> None:
    before = dict(template)
    effective_request(template, request)
    assert template == before


def test_structures_are_merged_member_by_member() -> None:
    template = {"Placement": {"AvailabilityZone": "a", "Tenancy": "default"}}
    merged = effective_request(template, {"Placement": {"GroupName": "g", "Tenancy": "dedicated"}})
    expected = {"AvailabilityZone": "a", "GroupName": "g", "Tenancy": "dedicated"}
    assert merged["Placement"] == expected


def test_interfaces_are_overlaid_by_card_and_device() -> None:
    template = {"NetworkInterfaces": [nic(0, 0), nic(1, 0)]}
    merged = effective_request(template, {"NetworkInterfaces": [nic(1, 0, SubnetId="s")]})
    assert merged["NetworkInterfaces"] == [nic(0, 0), nic(1, 0, SubnetId="s")]


@pytest.mark.parametrize("side", ["template", "request"])
def test_a_repeat_within_one_list_stays_a_repeat(side: str) -> None:
    twice: dict[str, Any] = {"NetworkInterfaces": [nic(0, 0), nic(0, 0)]}
    nothing: dict[str, Any] = {}
    pair = (twice, nothing) if side == "template" else (nothing, twice)
    assert len(effective_request(*pair)["NetworkInterfaces"]) == 2


def test_tags_are_merged_by_resource_type() -> None:
    template = {"TagSpecifications": [tags("instance", A="1", B="1"), tags("volume", V="1")]}
    request = {"TagSpecifications": [tags("instance", B="2")]}
    merged = effective_request(template, request)["TagSpecifications"]
    assert merged == [tags("instance", A="1", B="2"), tags("volume", V="1")]


def test_an_interface_without_indices_is_the_primary() -> None:
    assert slot({}) == (0, 0)


def nic(card: int, device: int, **more: Any) -> dict[str, Any]:
    return {"NetworkCardIndex": card, "DeviceIndex": device, **more}


def tags(kind: str, **values: str) -> dict[str, Any]:
    return {"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in values.items()]}
