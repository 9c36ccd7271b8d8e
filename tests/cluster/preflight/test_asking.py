"""Asking an account: boto3's answers become facts, and a refusal never becomes a yes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cluster.preflight import reservation_facts, survey
from cluster.preflight.asking import gather
from cluster.preflight.facts import Dns, OwnNode, Routes, Running, Secret, Unanswered
from cluster.zone import Zone
from sizing.aws import AwsError
from sizing.errors import InputError
from tests.cluster.preflight.account import StubbedAccount
from tests.cluster.preflight.answers import (
    NOW,
    REGION,
    RESERVATION_ID,
    TYPE,
    VPC_ID,
    existing,
    question,
)

OURS = [
    {"Key": "gpu-sizing:project", "Value": "gpu-sizing"},
    {"Key": "gpu-sizing:stack", "Value": "dev"},
]
OTHER_STACK = [OURS[0], {"Key": "gpu-sizing:stack", "Value": "prod"}]
DELETED = datetime(2026, 12, 1, tzinfo=UTC)


def instance_row(tags: list[dict[str, str]], state: str = "running", **more: Any) -> dict[str, Any]:
    return {
        "InstanceType": TYPE,
        "CpuOptions": {"CoreCount": 96, "ThreadsPerCore": 2},
        "State": {"Name": state},
        "Placement": {"AvailabilityZone": "us-east-1a"},
        "Tags": tags,
        **more,
    }


def subnet_row(identity: str, zone: str) -> dict[str, Any]:
    return {
        "SubnetId": identity,
        "VpcId": VPC_ID,
        "AvailabilityZone": zone,
        "AvailabilityZoneId": "use1-az1",
        "CidrBlock": "10.0.0.0/24",
        "AvailableIpAddressCount": 100,
        "MapPublicIpOnLaunch": False,
    }


SUBNETS = [subnet_row("subnet-a", "us-east-1a"), subnet_row("subnet-b", "us-east-1b")]
RESERVED = {
    "CapacityReservationId": RESERVATION_ID,
    "ReservationType": "capacity-block",
    "InstanceType": TYPE,
    "AvailabilityZone": "us-east-1a",
    "State": "active",
    "Tenancy": "default",
    "TotalInstanceCount": 4,
    "AvailableInstanceCount": 3,
    "EndDate": datetime(2026, 12, 1, 11, 30, tzinfo=UTC),
    "InstanceMatchCriteria": "targeted",
}


def dns_attribute(**arguments: Any) -> dict[str, Any]:
    name: str = arguments["Attribute"]
    return {name[0].upper() + name[1:]: {"Value": name == "enableDnsSupport"}}


def account(**changes: Any) -> StubbedAccount:
    """An account that answers everything; a change sets another answer, None denies it."""
    usual: dict[str, Any] = {
        "describe_availability_zones": {
            "AvailabilityZones": [
                {"ZoneName": "us-east-1a", "ZoneId": "use1-az1"},
                {"ZoneName": "us-east-1b", "ZoneId": "use1-az2"},
            ]
        },
        "describe_instance_type_offerings": {
            "InstanceTypeOfferings": [{"InstanceType": TYPE, "Location": "us-east-1a"}]
        },
        "describe_instances": {"Reservations": []},
        "get_service_quota": {"Quota": {"Value": 384.0}},
        "describe_capacity_reservations": {"CapacityReservations": [RESERVED]},
        "describe_vpcs": {"Vpcs": [{"VpcId": VPC_ID, "CidrBlock": "10.0.0.0/16"}]},
        "describe_vpc_attribute": dns_attribute,
        "describe_subnets": {"Subnets": SUBNETS},
        "describe_route_tables": {
            "RouteTables": [
                {
                    "Routes": [
                        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
                        {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"},
                    ],
                    "Associations": [{"Main": True}],
                },
                {
                    "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}],
                    "Associations": [{"Main": False, "SubnetId": "subnet-a"}],
                },
                {
                    "Routes": [
                        {
                            "DestinationCidrBlock": "0.0.0.0/0",
                            "NatGatewayId": "nat-2",
                            "State": "blackhole",
                        }
                    ],
                    "Associations": [{"Main": False, "SubnetId": "subnet-b"}],
                },
            ]
        },
        "describe_secret": {"Name": "token"},
    }
    return StubbedAccount(**{k: v for k, v in (usual | changes).items() if v is not None})


def test_a_network_of_ones_own_asks_no_more_than_it_needs() -> None:
    stubbed = account()
    site = survey(question(), stubbed, NOW)
    assert (site.zone, site.zones) == ("us-east-1a", ("us-east-1a", "us-east-1b"))
    assert stubbed.operations() == {
        "DescribeAvailabilityZones",
        "DescribeInstanceTypeOfferings",
        "DescribeInstances",
        "GetServiceQuota",
    }


def test_only_regular_zones_are_asked_for() -> None:
    stubbed = account()
    assert gather(question(), stubbed).zones == (
        Zone("us-east-1a", "use1-az1"),
        Zone("us-east-1b", "use1-az2"),
    )
    arguments = dict(stubbed.asked)["DescribeAvailabilityZones"]
    assert {"Name": "opt-in-status", "Values": ["opt-in-not-required"]} in arguments["Filters"]


def test_our_own_nodes_are_told_from_others() -> None:
    held = {"SubnetId": "subnet-a", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.5"}]}
    efa_only = {"SubnetId": "subnet-a", "PrivateIpAddresses": list[dict[str, str]]()}
    ours = instance_row(
        OURS, NetworkInterfaces=[held, efa_only], CapacityReservationId=RESERVATION_ID
    )
    rows = [
        ours,
        instance_row(OURS, "stopped"),
        instance_row(OTHER_STACK),
        instance_row([]),
        instance_row([], "stopped"),
        instance_row([], InstanceLifecycle="spot"),
    ]
    stubbed = account(describe_instances={"Reservations": [{"Instances": rows}]})
    running = gather(question(), stubbed).running
    assert running == Running(
        own=(
            OwnNode("us-east-1a", RESERVATION_ID, {"subnet-a": 1}),
            OwnNode("us-east-1a", None, {}),
        ),
        others_vcpus=2 * 192,
    )


def test_a_second_up_is_not_refused_for_its_own_nodes() -> None:
    rows = [instance_row(OURS), instance_row(OURS)]
    stubbed = account(describe_instances={"Reservations": [{"Instances": rows}]})
    site = survey(question(), stubbed, NOW)
    assert {check.verdict for check in site.checks} == {"yes"}


def test_an_existing_network_is_read() -> None:
    facts = gather(question(network=existing("subnet-a")), account())
    assert facts.dns == Dns(support=True, hostnames=False)
    assert facts.routes == Routes("igw-1", {"subnet-a": "nat-1", "subnet-b": None})
    assert not isinstance(facts.neighbours, Unanswered)
    assert [s.id for s in facts.neighbours] == ["subnet-a", "subnet-b"]


def test_a_reservation_is_read() -> None:
    found = reservation_facts(account(), REGION, RESERVATION_ID)
    assert (found.kind, found.zone, found.total, found.free) == (
        "capacity-block",
        "us-east-1a",
        4,
        3,
    )
    assert found.ends == datetime(2026, 12, 1, 11, 30, tzinfo=UTC)
    assert (found.targeted, found.tenancy) == (True, "default")


@pytest.mark.parametrize(
    "code", ["InvalidCapacityReservationId.NotFound", "InvalidCapacityReservationId.Malformed"]
)
def test_an_unknown_reservation_names_those_that_there_are(code: str) -> None:
    def answer(**arguments: Any) -> Any:
        if "CapacityReservationIds" in arguments:
            return (code, "no")
        return {"CapacityReservations": [RESERVED]}

    with pytest.raises(InputError, match=rf"{RESERVATION_ID} \(4 x {TYPE}, active") as caught:
        reservation_facts(
            account(describe_capacity_reservations=answer), REGION, "cr-0123456789abcdef1"
        )
    assert caught.value.key == "capacityReservationId"
    assert caught.value.nearest == RESERVATION_ID


def test_a_denied_reservation_is_unknown() -> None:
    stubbed = account(describe_capacity_reservations=None)
    with pytest.raises(AwsError, match="UnauthorizedOperation"):
        reservation_facts(stubbed, REGION, RESERVATION_ID)
    site = survey(question(reservation_id=RESERVATION_ID), stubbed, NOW)
    assert site.reservation is None
    assert ("reservation", "unknown") in {(c.what, c.verdict) for c in site.checks}


def test_denied_answers_name_the_permission() -> None:
    denied = account(get_service_quota=None, describe_instances=None)
    site = survey(question(), denied, NOW)
    quota = next(check for check in site.checks if check.what == "quota")
    assert quota.verdict == "unknown"
    assert (
        quota.detail
        == "not checked: AWS denies servicequotas:GetServiceQuota (UnauthorizedOperation)"
    )


def test_everything_denied_still_gives_a_site() -> None:
    site = survey(
        question(
            network=existing("subnet-a", vpc_id=VPC_ID, availability_zone="us-east-1a"),
            secrets=(("serving.apiKeySecret", "token"),),
        ),
        StubbedAccount(),
        NOW,
    )
    assert {check.verdict for check in site.checks} == {"unknown"}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"Name": "token"}, Secret(None)),
        (("ResourceNotFoundException", "no"), Secret("there is none")),
        (
            {"Name": "token", "DeletedDate": DELETED},
            Secret("it is deleted at 2026-12-01 00:00 UTC"),
        ),
        (("AccessDeniedException", "no"), Unanswered),
    ],
)
def test_a_secrets_state(answer: Any, state: Any) -> None:
    asked = question(secrets=(("serving.apiKeySecret", "token"),))
    found = gather(asked, account(describe_secret=answer)).secrets["token"]
    assert found == state or isinstance(found, Unanswered) is (state is Unanswered)


def test_a_page_that_is_not_awss_is_no_answer() -> None:
    from botocore.parsers import ResponseParserError  # pyright: ignore[reportMissingTypeStubs]

    def proxys_page(**_: Any) -> Any:
        raise ResponseParserError("invalid XML received:\n<!doctype html>")

    site = survey(question(), account(describe_instances=proxys_page), NOW)
    quota = next(check for check in site.checks if check.what == "quota")
    assert quota.verdict == "unknown"
    assert "ResponseParserError" in quota.detail


def test_without_a_way_to_aws_it_asks_once() -> None:
    class Offline:
        calls = 0

        def client(self, service: str, region: str) -> Any:
            self.calls += 1
            raise AwsError("EndpointConnectionError", f"no way to {service} in {region}")

    offline = Offline()
    with pytest.raises(InputError, match="no way to ec2 in us-east-1"):
        survey(question(), offline, NOW)
    assert offline.calls == 1
