"""One local AWS for all these tests: each makes what it needs and asserts on its own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.invokes import INVOKES
from sandbox.engine import Engine
from sandbox.lifecycle import Sandbox
from sandbox.testing import engine_or_skip
from tests.sandbox.lives import Maker

ZONE = "us-east-1a"
# boto3's error for a refused call; boto3 has no types.
ClientError: type[Exception] = cast("Any", import_module("botocore.exceptions")).ClientError


def error_code(error: BaseException) -> str:
    """AWS's code in a ClientError."""
    return cast("Any", error).response["Error"]["Code"]


def invoke(aws: Aws, function: str, **args: Any) -> dict[str, Any]:
    """The answer of one of the provider's functions."""
    (token,) = (token for token in INVOKES if token.endswith(f":{function}"))
    return INVOKES[token](aws, args)


def buy_block(ec2: Any, count: int = 1, start: datetime | None = None, zone: str = ZONE) -> str:
    """The id of a new capacity block of p5.48xlarge, from now or `start` on for a day."""
    when = {"StartDateRange": start} if start else {}
    offers = ec2.describe_capacity_block_offerings(
        InstanceType="p5.48xlarge", InstanceCount=count, CapacityDurationHours=24, **when
    )["CapacityBlockOfferings"]
    (offer,) = (offer for offer in offers if offer["AvailabilityZone"] == zone)
    bought = ec2.purchase_capacity_block(
        CapacityBlockOfferingId=offer["CapacityBlockOfferingId"], InstancePlatform="Linux/UNIX"
    )
    return bought["CapacityReservation"]["CapacityReservationId"]


def into(reservation: str, market: str | None = "capacity-block") -> dict[str, Any]:
    """RunInstances' parameters for a launch into a reservation."""
    target = {"CapacityReservationTarget": {"CapacityReservationId": reservation}}
    option = {"InstanceMarketOptions": {"MarketType": market}} if market else {}
    return {"CapacityReservationSpecification": target, **option}


@dataclass(frozen=True)
class Network:
    """Where a test may launch: a subnet in ZONE, and two security groups of its VPC."""

    subnet: str
    group: str
    other_group: str


@pytest.fixture(scope="module")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    """A running local AWS, which no other module's tests leave anything in."""
    with Sandbox(tmp_path_factory.mktemp("sandbox") / "state") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def ec2(local_aws: Sandbox) -> Any:
    """A boto3 EC2 client of it."""
    return local_aws.client("ec2")


@pytest.fixture(scope="module")
def aws(local_aws: Sandbox) -> Aws:
    """The provider's own way to it."""
    return Aws(local_aws.endpoint, "us-east-1")


@pytest.fixture(scope="module")
def maker(aws: Aws) -> Maker:
    """Creates resources by token."""
    return Maker(aws)


@pytest.fixture(scope="module")
def image(local_aws: Sandbox) -> str:
    """The id of the Deep Learning AMI."""
    name = "base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
    ssm = local_aws.client("ssm")
    answer = ssm.get_parameter(Name=f"/aws/service/deeplearning/ami/x86_64/{name}")
    return answer["Parameter"]["Value"]


@pytest.fixture(scope="module")
def network(ec2: Any) -> Network:
    """A network to launch into."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/18", AvailabilityZone=ZONE)
    groups = [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("one", "other")
    ]
    return Network(subnet["Subnet"]["SubnetId"], *groups)


@pytest.fixture
def launch(ec2: Any, image: str) -> Callable[..., dict[str, Any]]:
    """RunInstances for one instance, with the image filled in; returns the instance."""

    def run(**parameters: Any) -> dict[str, Any]:
        given = {"ImageId": image, "MinCount": 1, "MaxCount": 1, **parameters}
        return ec2.run_instances(**given)["Instances"][0]

    return run


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The real engine; see `engine_or_skip` for when a test may do without."""
    return engine_or_skip()


@pytest.fixture
def program() -> Path:
    """The folder of the small program that the engine tests deploy."""
    return Path(__file__).with_name("program")
