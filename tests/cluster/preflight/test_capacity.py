"""A failed launch in one line, with what to try instead."""

from __future__ import annotations

import pytest

from cluster.preflight import capacity_error
from sizing.instance import Purchase
from tests.cluster.plans import plan_405b, shaped

PROVIDER = (
    "creating EC2 Instance: operation error EC2: RunInstances, https response error StatusCode: "
    "400, RequestID: 00000000-0000-0000-0000-000000000000, api error "
)
NO_CAPACITY = (
    "InsufficientInstanceCapacity: We currently do not have sufficient p5.48xlarge capacity in the "
    "Availability Zone you requested (us-east-1c). Our system will be working on provisioning "
    "additional capacity. You can currently get p5.48xlarge capacity by not specifying an "
    "Availability Zone in your request or choosing us-east-1b, us-east-1d."
)
NOT_HERE = (
    "Unsupported: Your requested instance type (p5.48xlarge) is not supported in your requested "
    "Availability Zone (us-east-1e). Please retry your request by not specifying an Availability "
    "Zone or choosing us-east-1a, us-east-1b."
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            NO_CAPACITY,
            [
                "AWS has too few p5.48xlarge (on-demand) free in us-east-1c now",
                "network.availabilityZone: us-east-1b or us-east-1d, which AWS names",
                "purchase: spot ($33.90 to $110.08/h)",
                "purchase: capacity-block with its capacityReservationId ($83.06/h)",
                "gpu: H200 for 1 x p5en.48xlarge ($63.30/h)",
            ],
        ),
        ("InsufficientInstanceCapacity: none.", ["try another network.availabilityZone; or"]),
        (
            "VcpuLimitExceeded: You have requested more vCPU capacity than your limit of 0.",
            ["on-demand quota is too small", "--quota-code L-417A185B", "purchase: spot"],
        ),
        (
            "ReservationCapacityExceeded: The requested reservation does not have capacity.",
            ["no room for 2 x p5.48xlarge", "or none with purchase: on-demand ($110.08/h)"],
        ),
        (NOT_HERE, ["is not supported", "network.availabilityZone: us-east-1a or us-east-1b"]),
        ("MaxSpotInstanceCountExceeded: Max spot instance count exceeded", ["higher quota"]),
    ],
)
@pytest.mark.parametrize("wrap", [PROVIDER + "{}", "Error:\n  {}", "{}\n\tstatus code: 400"])
def test_known_failures(error: str, said: list[str], wrap: str) -> None:
    line = capacity_error(wrap.format(error), plan_405b())
    assert line is not None
    assert "\n" not in line
    assert f"({error.partition(':')[0]})" in line
    for part in said:
        assert part.replace("higher quota", "a higher '") in line


def test_boto3s_wording() -> None:
    error = (
        "An error occurred (Unsupported) when calling the RunInstances operation: Not like this."
    )
    line = capacity_error(error, plan_405b())
    assert line is not None
    assert line.startswith("AWS does not launch p5.48xlarge so: Not like this (Unsupported); try")


@pytest.mark.parametrize(
    "error",
    ["", "UnauthorizedOperation: no", "UnsupportedOperation: no", "Unsupported value for x"],
)
def test_other_failures_are_left_alone(error: str) -> None:
    assert capacity_error(error, plan_405b()) is None


def test_spot_names_the_spot_quota_and_not_itself() -> None:
    plan = shaped("p5.48xlarge", (1, 2, 1), purchase=Purchase.SPOT)
    line = capacity_error("MaxSpotInstanceCountExceeded: x", plan)
    assert line is not None
    assert "spot quota is too small" in line
    assert "purchase: on-demand ($110.08/h)" in line
    assert "purchase: spot" not in line


def test_a_plan_without_alternatives_still_says_something() -> None:
    bare = shaped("p5.48xlarge", (1, 2, 1), alternatives=(), purchase_options=(), quota=None)
    for code in ("InsufficientInstanceCapacity", "VcpuLimitExceeded", "Unsupported"):
        line = capacity_error(f"{code}: x", bare.model_copy(update={"zones": ("use1-az1",)}))
        assert line is not None
        assert not line.endswith("try ")
