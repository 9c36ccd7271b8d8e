"""Each launch that AWS refuses is refused here, over HTTP, with its error code."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.sandbox.conftest import ClientError, Network, buy_block, error_code, into

Launch = Callable[..., dict[str, Any]]
COMBINATION, VALUE = "InvalidParameterCombination", "InvalidParameterValue"
LIMIT = 16_384


def nic(card: int, device: int, kind: str = "interface", **more: Any) -> dict[str, Any]:
    return {"NetworkCardIndex": card, "DeviceIndex": device, "InterfaceType": kind, **more}


def placed(network: Network, *interfaces: dict[str, Any]) -> list[dict[str, Any]]:
    where = {"SubnetId": network.subnet, "Groups": [network.group]}
    return [{**interface, **where} for interface in interfaces]


def efa_only(cards: range) -> list[dict[str, Any]]:
    return [nic(card, 0, "efa-only") for card in cards]


PRIMARY = nic(0, 0)

# What is refused, by name: (instance type, interfaces, error code, words of the message).
LAYOUTS: dict[str, tuple[str, list[dict[str, Any]], str, str]] = {
    "public address with several": (
        "p5.48xlarge",
        [nic(0, 0, AssociatePublicIpAddress=False), nic(1, 0, "efa-only")],
        COMBINATION,
        "AssociatePublicIpAddress",
    ),
    "efa-only primary": ("p5.48xlarge", [nic(0, 0, "efa-only")], COMBINATION, "efa-only"),
    "no primary": ("p5.48xlarge", [nic(1, 0)], COMBINATION, "card 0, device index 0"),
    "same card and device": ("p5.48xlarge", [PRIMARY, nic(1, 0), nic(1, 0)], VALUE, "Two network"),
    "card beyond the type": (
        "p5.48xlarge", [PRIMARY, nic(32, 0, "efa-only")], VALUE, "card index 32 is not valid",
    ),
    "card beyond a one-card type": (
        "g6e.xlarge", [PRIMARY, nic(1, 0)], VALUE, "card index 1 is not valid",
    ),
    "device beyond the card": (
        "p5.48xlarge", [PRIMARY, nic(1, 2, "efa-only")], VALUE, "Device index 2 is not valid",
    ),
    "EFA on a type without": (
        "g6e.xlarge", [PRIMARY, nic(0, 1, "efa")], COMBINATION, "does not support the interface",
    ),
    "EFA on a card without": (
        "p6-b300.48xlarge", [PRIMARY, nic(0, 1, "efa-only")], COMBINATION, "Network card 0 of",
    ),
    "more EFA than the type has": (
        "p5.48xlarge",
        [PRIMARY, nic(0, 1, "efa-only"), *efa_only(range(1, 32)), nic(1, 1, "efa-only")],
        "AttachmentLimitExceeded",
        "33 EFA interfaces",
    ),
}  # fmt: skip


@pytest.fixture
def refused(ec2: Any, launch: Launch) -> Callable[..., None]:
    """Asserts that a launch fails with that code and leaves nothing."""

    def check(code: str, words: str, **parameters: Any) -> None:
        before = ec2.describe_network_interfaces()["NetworkInterfaces"]
        with pytest.raises(ClientError) as caught:
            launch(**parameters)
        assert error_code(caught.value) == code
        assert words in str(caught.value)
        assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == len(before)

    return check


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("by_template", [False, True], ids=["request", "template"])
def test_interface_layout(
    name: str, by_template: bool, ec2: Any, network: Network, refused: Callable[..., None]
) -> None:
    kind, interfaces, code, words = LAYOUTS[name]
    data = {"InstanceType": kind, "NetworkInterfaces": placed(network, *interfaces)}
    refused(code, words, **(via_template(ec2, data) if by_template else data))


@pytest.mark.parametrize(
    "instance_level",
    [
        {"SubnetId": "subnet"},
        {"SecurityGroupIds": ["group"]},
    ],
    ids=["subnet", "security group"],
)
def test_interfaces_with_instance_level_network(
    instance_level: dict[str, Any],
    ec2: Any,
    network: Network,
    refused: Callable[..., None],
) -> None:
    real = {"SubnetId": network.subnet, "SecurityGroupIds": [network.other_group]}
    given = {key: real[key] for key in instance_level}
    data = {"InstanceType": "p5.48xlarge", "NetworkInterfaces": placed(network, PRIMARY)}
    refused(COMBINATION, "instance-level", **data, **given)
    refused(COMBINATION, "instance-level", **via_template(ec2, data), **given)


def test_type_not_offered_in_the_subnets_zone(
    ec2: Any, network: Network, refused: Callable[..., None]
) -> None:
    offers = ec2.describe_instance_type_offerings(
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": ["p6-b200.48xlarge"]}],
    )["InstanceTypeOfferings"]
    assert [offer["Location"] for offer in offers] == ["us-east-1c"], "the test needs another type"
    refused(
        "Unsupported", "choose us-east-1c", InstanceType="p6-b200.48xlarge", SubnetId=network.subnet
    )


def test_type_that_does_not_exist(network: Network, refused: Callable[..., None]) -> None:
    refused(VALUE, "p5.huge", InstanceType="p5.huge", SubnetId=network.subnet)


def test_image_that_does_not_exist(network: Network, refused: Callable[..., None]) -> None:
    refused(
        "InvalidAMIID.NotFound",
        "ami-00000000000000000",
        InstanceType="g6e.xlarge",
        SubnetId=network.subnet,
        ImageId="ami-00000000000000000",
    )


@pytest.mark.parametrize(
    ("market", "target", "code"),
    [("spot", {"CapacityReservationId": "cr-0123456789abcdef0"}, COMBINATION),
     ("capacity-block", None, COMBINATION)],
)  # fmt: skip
def test_market_and_reservation(
    market: str,
    target: dict[str, str] | None,
    code: str,
    network: Network,
    refused: Callable[..., None],
) -> None:
    reservation = {"CapacityReservationTarget": target} if target else {}
    refused(
        code,
        "reservation",
        InstanceType="p5.48xlarge",
        SubnetId=network.subnet,
        InstanceMarketOptions={"MarketType": market},
        **({"CapacityReservationSpecification": reservation} if reservation else {}),
    )


def test_user_data_over_the_limit(
    launch: Launch, network: Network, refused: Callable[..., None]
) -> None:
    where = {"InstanceType": "g6e.xlarge", "SubnetId": network.subnet}
    refused(VALUE, "at most 16384 bytes", UserData="x" * (LIMIT + 1), **where)
    assert launch(UserData="x" * LIMIT, **where)["InstanceId"]


def test_user_data_over_the_limit_in_a_template(ec2: Any) -> None:
    def create(name: str, size: int) -> str:
        data = {"UserData": base64.b64encode(b"x" * size).decode()}
        answer = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        return answer["LaunchTemplate"]["LaunchTemplateId"]

    with pytest.raises(ClientError, match=r"InvalidUserData\.Malformed"):
        create("too-large", LIMIT + 1)
    template = create("just-right", LIMIT)
    with pytest.raises(ClientError, match=r"InvalidUserData\.Malformed"):
        ec2.create_launch_template_version(
            LaunchTemplateId=template,
            LaunchTemplateData={"UserData": base64.b64encode(b"x" * (LIMIT + 1)).decode()},
        )


def test_what_aws_accepts_is_accepted(ec2: Any, launch: Launch, network: Network) -> None:
    block = launch(
        InstanceType="p5.48xlarge",
        NetworkInterfaces=placed(network, nic(0, 0, AssociatePublicIpAddress=False)),
        **into(buy_block(ec2)),
    )
    assert block["InstanceLifecycle"] == "capacity-block"
    spot = launch(
        InstanceType="g6e.xlarge",
        SubnetId=network.subnet,
        InstanceMarketOptions={"MarketType": "spot"},
    )
    assert spot["InstanceLifecycle"] == "spot"
    ec2.terminate_instances(InstanceIds=[block["InstanceId"], spot["InstanceId"]])


def via_template(ec2: Any, data: dict[str, Any]) -> dict[str, Any]:
    """The same launch with everything in a launch template."""
    name = f"t-{uuid4().hex}"
    answer = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    template = answer["LaunchTemplate"]["LaunchTemplateId"]
    return {"LaunchTemplate": {"LaunchTemplateId": template, "Version": "$Latest"}}
