"""What there is to launch with: reservations, blocks, capacity, quotas, addresses."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.registry import RESOURCES
from sandbox.lifecycle import Sandbox, SandboxError
from tests.sandbox.conftest import ZONE, ClientError, Network, buy_block, error_code, into
from tests.sandbox.lives import Maker
from tests.sandbox.test_refusals import PRIMARY, efa_only, nic, placed

Launch = Callable[..., dict[str, Any]]
KIND, SMALL = "p5.48xlarge", "g6e.xlarge"
P_QUOTA, G_QUOTA = "L-417A185B", "L-DB2E81BA"
EXCEEDED = "ReservationCapacityExceeded"


@pytest.fixture(autouse=True)
def limits_lifted(local_aws: Sandbox) -> Generator[None]:
    yield
    local_aws.lift_limits()


@pytest.fixture
def code_of(launch: Launch) -> Callable[..., str]:
    """The code that a launch is refused with."""

    def refused(**parameters: Any) -> str:
        with pytest.raises(ClientError) as caught:
            launch(**parameters)
        return error_code(caught.value)

    return refused


def reserve(ec2: Any, kind: str = KIND, count: int = 1, **more: Any) -> str:
    given = {"InstanceMatchCriteria": "targeted", **more}
    made = ec2.create_capacity_reservation(
        InstanceType=kind,
        InstancePlatform="Linux/UNIX",
        AvailabilityZone=ZONE,
        InstanceCount=count,
        **given,
    )
    return made["CapacityReservation"]["CapacityReservationId"]


def shown(ec2: Any, identity: str) -> dict[str, Any]:
    (found,) = ec2.describe_capacity_reservations(CapacityReservationIds=[identity])[
        "CapacityReservations"
    ]
    return found


def available(ec2: Any, identity: str) -> int:
    return shown(ec2, identity)["AvailableInstanceCount"]


def end(ec2: Any, *instances: dict[str, Any]) -> None:
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"] for instance in instances])


def test_a_reservation_is_described_as_it_was_made(ec2: Any) -> None:
    tags = [{"ResourceType": "capacity-reservation", "Tags": [{"Key": "For", "Value": "llm"}]}]
    until = datetime.now(UTC) + timedelta(days=1)
    identity = reserve(ec2, count=3, EndDate=until, EndDateType="limited", TagSpecifications=tags)
    found = shown(ec2, identity)
    expected = {
        "InstanceType": KIND,
        "AvailabilityZone": ZONE,
        "TotalInstanceCount": 3,
        "AvailableInstanceCount": 3,
        "Tenancy": "default",
        "EndDateType": "limited",
        "State": "active",
        "InstanceMatchCriteria": "targeted",
        "ReservationType": "default",
        "Tags": [{"Key": "For", "Value": "llm"}],
    }
    assert {key: found[key] for key in expected} == expected
    assert abs(found["EndDate"] - until) < timedelta(seconds=1)
    filters = [
        {"Name": "instance-type", "Values": [KIND]},
        {"Name": "state", "Values": ["active"]},
        {"Name": "tag:For", "Values": ["llm"]},
    ]
    listed = ec2.describe_capacity_reservations(Filters=filters)["CapacityReservations"]
    assert [one["CapacityReservationId"] for one in listed] == [identity]

    ec2.cancel_capacity_reservation(CapacityReservationId=identity)
    assert (shown(ec2, identity)["State"], available(ec2, identity)) == ("cancelled", 0)
    unknown = "cr-00000000000000000"
    with pytest.raises(ClientError, match=r"InvalidCapacityReservationId\.NotFound"):
        shown(ec2, unknown)
    with pytest.raises(ClientError, match=r"InvalidCapacityReservationId\.NotFound"):
        ec2.cancel_capacity_reservation(CapacityReservationId=unknown)


def test_a_launch_takes_from_a_reservation_and_its_end_gives_back(
    ec2: Any, launch: Launch, network: Network, code_of: Callable[..., str]
) -> None:
    identity = reserve(ec2, count=2)
    where = {"InstanceType": KIND, "SubnetId": network.subnet, **into(identity, None)}
    one, other = launch(**where), launch(**where)
    assert one["CapacityReservationId"] == identity
    assert available(ec2, identity) == 0
    assert code_of(**where) == EXCEEDED
    end(ec2, one)
    assert available(ec2, identity) == 1
    end(ec2, other, launch(**where))
    assert available(ec2, identity) == 2


def test_a_capacity_block_from_the_offering_to_its_end(
    local_aws: Sandbox, ec2: Any, launch: Launch, network: Network, code_of: Callable[..., str]
) -> None:
    identity = buy_block(ec2, count=2)
    found = shown(ec2, identity)
    assert (found["ReservationType"], found["State"]) == ("capacity-block", "active")
    assert (found["EndDateType"], found["TotalInstanceCount"]) == ("limited", 2)
    assert found["EndDate"] - found["StartDate"] == timedelta(days=1)
    interfaces = placed(network, PRIMARY, nic(0, 1, "efa-only"), *efa_only(range(1, 32)))
    where = {"InstanceType": KIND, "NetworkInterfaces": interfaces, **into(identity)}
    node = launch(**where)
    assert (node["InstanceLifecycle"], available(ec2, identity)) == ("capacity-block", 1)

    local_aws.end_reservation(identity)
    assert (shown(ec2, identity)["State"], available(ec2, identity)) == ("expired", 0)
    state = ec2.describe_instances(InstanceIds=[node["InstanceId"]])
    assert state["Reservations"][0]["Instances"][0]["State"]["Name"] == "terminated"
    mine = [{"Name": "attachment.instance-id", "Values": [node["InstanceId"]]}]
    assert ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"] == []
    assert code_of(**where) == EXCEEDED
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.cancel_capacity_reservation(CapacityReservationId=identity)


def test_a_block_of_tomorrow_is_scheduled(
    ec2: Any, network: Network, code_of: Callable[..., str]
) -> None:
    identity = buy_block(ec2, start=datetime.now(UTC) + timedelta(days=1))
    assert shown(ec2, identity)["State"] == "scheduled"
    where = {"InstanceType": KIND, "SubnetId": network.subnet, **into(identity)}
    assert code_of(**where) == "InvalidCapacityReservationState.PendingActivation"


def test_what_is_no_capacity_block(ec2: Any) -> None:
    with pytest.raises(ClientError, match="no capacity blocks of"):
        ec2.describe_capacity_block_offerings(InstanceType=SMALL, CapacityDurationHours=24)
    with pytest.raises(ClientError, match="multiple of 24"):
        ec2.describe_capacity_block_offerings(InstanceType=KIND, CapacityDurationHours=25)
    with pytest.raises(ClientError, match="InvalidCapacityBlockOfferingIdNotFound"):
        ec2.purchase_capacity_block(CapacityBlockOfferingId="cbr-0", InstancePlatform="Linux/UNIX")


# How a launch misses a reservation, by name: (which, changes to the launch, error code).
MISSES: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown": ("none", {}, "InvalidCapacityReservationId.NotFound"),
    "other type": ("plain", {"InstanceType": SMALL}, EXCEEDED),
    "other zone": ("plain", {"SubnetId": "other"}, EXCEEDED),
    "other tenancy": ("plain", {"Placement": {"Tenancy": "dedicated"}}, EXCEEDED),
    "block without its market": ("block", {"InstanceMarketOptions": None}, "InvalidParameterValue"),
    "plain in the block's market": (
        "plain",
        {"InstanceMarketOptions": {"MarketType": "capacity-block"}},
        "InvalidParameterValue",
    ),
    "cancelled": ("cancelled", {}, EXCEEDED),
}


@pytest.mark.parametrize("name", MISSES)
def test_a_launch_that_misses_its_reservation(
    name: str, ec2: Any, network: Network, code_of: Callable[..., str]
) -> None:
    which, changed, code = MISSES[name]
    market = "capacity-block" if which == "block" else None
    identity = {
        "none": lambda: "cr-00000000000000000",
        "plain": lambda: reserve(ec2),
        "block": lambda: buy_block(ec2),
        "cancelled": lambda: reserve(ec2),
    }[which]()
    if which == "cancelled":
        ec2.cancel_capacity_reservation(CapacityReservationId=identity)
    if "SubnetId" in changed:
        vpc = ec2.describe_subnets(SubnetIds=[network.subnet])["Subnets"][0]["VpcId"]
        made = ec2.create_subnet(
            VpcId=vpc, CidrBlock="10.0.250.0/24", AvailabilityZone="us-east-1b"
        )
        changed = {"SubnetId": made["Subnet"]["SubnetId"]}
    given = {
        "InstanceType": KIND,
        "SubnetId": network.subnet,
        **into(identity, market),
        **changed,
    }
    assert code_of(**{key: value for key, value in given.items() if value is not None}) == code


def test_an_open_reservation_takes_launches_that_name_none(
    ec2: Any, launch: Launch, network: Network, code_of: Callable[..., str]
) -> None:
    identity = reserve(ec2, kind="g6e.4xlarge", InstanceMatchCriteria="open")
    where = {"InstanceType": "g6e.4xlarge", "SubnetId": network.subnet}
    aside = launch(
        **where, CapacityReservationSpecification={"CapacityReservationPreference": "none"}
    )
    assert available(ec2, identity) == 1
    inside, beyond = launch(**where), launch(**where)
    assert (inside["CapacityReservationId"], available(ec2, identity)) == (identity, 0)
    assert "CapacityReservationId" not in beyond
    only = {"CapacityReservationPreference": "capacity-reservations-only"}
    assert code_of(**where, CapacityReservationSpecification=only) == EXCEEDED
    end(ec2, aside, inside, beyond)
    ec2.cancel_capacity_reservation(CapacityReservationId=identity)


def test_capacity_that_is_not_there(
    local_aws: Sandbox, ec2: Any, launch: Launch, network: Network, code_of: Callable[..., str]
) -> None:
    where = {"InstanceType": "g6e.2xlarge", "SubnetId": network.subnet}
    before = launch(**where)
    local_aws.limit_capacity("g6e.2xlarge", 1)
    node = launch(**where)
    assert code_of(**where) == "InsufficientInstanceCapacity"
    assert code_of(**where, DryRun=True) == "DryRunOperation", "AWS looks at it when it launches"
    end(ec2, node)
    node = launch(**where)
    local_aws.limit_capacity("g6e.2xlarge", None)
    end(ec2, before, node, launch(**where))


def test_a_reservation_holds_capacity(
    local_aws: Sandbox, ec2: Any, launch: Launch, network: Network, code_of: Callable[..., str]
) -> None:
    local_aws.limit_capacity(KIND, 1)
    identity = reserve(ec2)
    where = {"InstanceType": KIND, "SubnetId": network.subnet}
    assert code_of(**where) == "InsufficientInstanceCapacity"
    node = launch(**where, **into(identity, None))
    with pytest.raises(ClientError, match="InsufficientInstanceCapacity"):
        reserve(ec2)
    end(ec2, node)
    ec2.cancel_capacity_reservation(CapacityReservationId=identity)


@pytest.mark.parametrize(
    ("code", "market", "refusal"),
    [
        (G_QUOTA, {}, "VcpuLimitExceeded"),
        (
            "L-3819A6DF",
            {"InstanceMarketOptions": {"MarketType": "spot"}},
            "MaxSpotInstanceCountExceeded",
        ),
    ],
)
def test_quotas_are_kept(
    code: str,
    market: dict[str, Any],
    refusal: str,
    local_aws: Sandbox,
    ec2: Any,
    launch: Launch,
    network: Network,
    code_of: Callable[..., str],
) -> None:
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    for reservation in ec2.describe_instances(Filters=running)["Reservations"]:
        end(ec2, *reservation["Instances"])
    quotas = local_aws.client("service-quotas")
    asked = {"ServiceCode": "ec2", "QuotaCode": code}
    assert quotas.get_service_quota(**asked)["Quota"]["Value"] == 10_000
    local_aws.set_quota(code, 8)
    assert quotas.get_service_quota(**asked)["Quota"]["Value"] == 8
    assert quotas.get_aws_default_service_quota(**asked)["Quota"]["Value"] == 10_000
    where = {"InstanceType": SMALL, "SubnetId": network.subnet, **market}  # 4 vCPUs
    nodes = [launch(**where), launch(**where)]
    assert code_of(**where) == refusal
    other = {} if market else {"InstanceMarketOptions": {"MarketType": "spot"}}
    nodes.append(launch(InstanceType=SMALL, SubnetId=network.subnet, **other))
    end(ec2, *nodes)
    end(ec2, launch(**where))


def test_a_reservation_needs_no_quota(
    local_aws: Sandbox, ec2: Any, launch: Launch, network: Network, code_of: Callable[..., str]
) -> None:
    local_aws.set_quota(P_QUOTA, 0)
    where = {"InstanceType": KIND, "SubnetId": network.subnet}
    assert code_of(**where) == "VcpuLimitExceeded"
    end(ec2, launch(**where, **into(buy_block(ec2))))


def test_every_quota_is_listed_in_every_region(local_aws: Sandbox) -> None:
    quotas = local_aws.client("service-quotas", "eu-north-1")
    listed = quotas.list_service_quotas(ServiceCode="ec2")["Quotas"]
    assert {P_QUOTA, G_QUOTA, "L-C4BD4855", "L-DA6814F2"} <= {q["QuotaCode"] for q in listed}
    for service, code in (("ec2", "L-00000000"), ("no-such", P_QUOTA)):
        with pytest.raises(ClientError, match="NoSuchResourceException"):
            quotas.get_service_quota(ServiceCode=service, QuotaCode=code)


def test_only_interfaces_with_an_address_take_one(
    ec2: Any, launch: Launch, network: Network, code_of: Callable[..., str]
) -> None:
    vpc = ec2.describe_subnets(SubnetIds=[network.subnet])["Subnets"][0]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.251.0/28", AvailabilityZone=ZONE)
    subnet = made["Subnet"]["SubnetId"]

    def free() -> int:
        return ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"]

    assert free() == 11
    layout = [PRIMARY, nic(0, 1, "efa-only"), *efa_only(range(1, 32))]
    interfaces = placed(Network(subnet, network.group, network.other_group), *layout)
    node = launch(InstanceType=KIND, NetworkInterfaces=interfaces)
    assert free() == 10
    small = [launch(InstanceType=SMALL, SubnetId=subnet) for _ in range(9)]
    wide = placed(Network(subnet, network.group, network.other_group), PRIMARY, nic(1, 1))
    full = "InsufficientFreeAddressesInSubnet"
    assert code_of(InstanceType=KIND, NetworkInterfaces=wide) == full
    small.append(launch(InstanceType=SMALL, SubnetId=subnet))
    assert free() == 0
    assert code_of(InstanceType=SMALL, SubnetId=subnet) == full
    end(ec2, node, *small)
    assert free() == 11


def test_a_template_brings_reservation_and_tenancy(
    ec2: Any, launch: Launch, network: Network
) -> None:
    identity = reserve(ec2, Tenancy="dedicated")
    target = into(identity, None)["CapacityReservationSpecification"]
    data = {
        "InstanceType": KIND,
        "Placement": {"Tenancy": "dedicated"},
        "CapacityReservationSpecification": target,
    }
    answer = ec2.create_launch_template(LaunchTemplateName="reserved", LaunchTemplateData=data)
    template = {"LaunchTemplateId": answer["LaunchTemplate"]["LaunchTemplateId"]}
    node = launch(LaunchTemplate=template, SubnetId=network.subnet)
    assert node["Placement"]["Tenancy"] == "dedicated"
    assert node["CapacityReservationId"] == identity
    assert node["CapacityReservationSpecification"] == target
    end(ec2, node)


def test_a_pulumi_template_brings_tenancy(aws: Aws, maker: Maker, ec2: Any, image: str) -> None:
    data = {"imageId": image, "instanceType": SMALL, "placement": {"tenancy": "dedicated"}}
    template = maker.make("aws:ec2/launchTemplate:LaunchTemplate", **data)
    node = maker.make("aws:ec2/instance:Instance", launchTemplate={"id": template})
    shown = ec2.describe_instances(InstanceIds=[node])["Reservations"][0]["Instances"][0]
    assert shown["Placement"]["Tenancy"] == "dedicated"
    RESOURCES["aws:ec2/instance:Instance"].delete(aws, node, {})


def test_a_wrong_limit_is_told(local_aws: Sandbox) -> None:
    with pytest.raises(SandboxError, match="unknown quotas: L-0"):
        local_aws.set_quota("L-0", 1)
    with pytest.raises(SandboxError, match="cr-0 does not exist"):
        local_aws.end_reservation("cr-0")
