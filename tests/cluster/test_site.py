"""What a user reads of the checks, and which account is asked."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from cluster.account import own_place, providers_place
from cluster.design import Design, design
from cluster.identity import Identity
from cluster.policies import Account
from cluster.site import choose_site, question, render_checks, with_reservation
from cluster.zone import Zone
from sizing.aws import AwsError
from sizing.errors import InputError
from sizing.instance import Purchase
from sizing.plan import Finding
from sizing.planner import plan_for
from sizing.stack_config import StackConfig
from tests.cluster.recorder import run_program

ACCOUNT = Account("aws", "123456789012", "us-east-1")
ZONES = (Zone("us-east-1a", "use1-az6"), Zone("us-east-1b", "use1-az1"))
RESERVATION = "cr-0123456789abcdef0"


class Sts:
    """An account that says who it is and denies everything else."""

    def __init__(self, number: str) -> None:
        self.number = number

    def client(self, service: str, region: str) -> Any:
        """As the protocol has it."""
        assert region == "us-east-1"
        if service == "sts":
            return self
        raise AwsError("UnauthorizedOperation", "no")

    def get_caller_identity(self) -> dict[str, str]:
        """STS's answer."""
        return {"Account": self.number}


def wanted(**config: Any) -> Design:
    stack = StackConfig.from_mapping({"model": "Qwen/Qwen3-8B", **config})
    identity = Identity("gpu-sizing", "prod", "llm", "us-east-1")
    return design(identity, stack, plan_for(stack))


def logged(clients: Any) -> str:
    """What the survey of a design logs."""

    def program() -> None:
        place = providers_place("us-east-1", clients, pulumi.InvokeOptions())
        assert place.account == ACCOUNT
        choose_site(wanted(), place)

    found = run_program(program)
    return "\n".join(message for level, message in found.log if level == "INFO")


def test_what_nobody_could_ask_is_one_line() -> None:
    said = logged(None)
    assert said == "Nothing was checked in the account: no AWS credentials were found"


def test_another_account_is_not_asked_about_this_one() -> None:
    assert "of account 999999999999, not 123456789012" in " ".join(
        logged(Sts("999999999999")).split()
    )


def test_what_aws_denies_is_said() -> None:
    assert "AWS denies ec2:DescribeInstanceTypeOfferings" in logged(Sts("123456789012"))


def test_the_providers_own_credentials_need_no_provider_to_ask() -> None:
    place = own_place("us-east-1", Sts("123456789012"))
    assert place is not None
    assert (place.account, place.zones) == (ACCOUNT, ())
    assert own_place("us-east-1", None) is None


def test_an_account_that_does_not_answer_is_asked_through_the_provider() -> None:
    class Expired(Sts):
        def get_caller_identity(self) -> dict[str, str]:
            raise AwsError("ExpiredToken", "log in again")

    assert own_place("us-east-1", Expired("123456789012")) is None


def test_every_check_is_a_line_with_its_verdict() -> None:
    checks = [
        Finding(what="offered", verdict="yes", detail="p5.48xlarge in us-east-1b"),
        Finding(what="quota", verdict="unknown", detail="not checked: AWS denies it " + "x" * 90),
    ]
    lines = render_checks(checks).splitlines()
    assert lines[:2] == ["Checked in the account", "  offered  ok: p5.48xlarge in us-east-1b"]
    assert lines[2].startswith("  quota    not checked: AWS denies it")
    assert all(len(line) <= 100 for line in lines)


def test_the_question_is_the_designs() -> None:
    asked = question(wanted(replicas=2, purchase="spot"), ZONES)
    assert (asked.purchase, asked.purchase_given, asked.serving) == (Purchase.SPOT, True, True)
    assert asked.nodes == 2
    assert asked.zones == ZONES
    existing = {"apiKeySecret": "team/key", "huggingFaceTokenSecret": "team/hf"}
    named = question(wanted(serving=existing), ZONES).secrets
    assert dict(named) == {
        "serving.apiKeySecret": "team/key",
        "serving.huggingFaceTokenSecret": "team/hf",
    }


class Reservations(Sts):
    """An account with one reservation of a kind."""

    def __init__(self, kind: str) -> None:
        super().__init__("123456789012")
        self.kind = kind

    def client(self, service: str, region: str) -> Any:
        """Itself, whatever is asked for."""
        assert (service, region) == ("ec2", "us-east-1")
        return self

    def describe_capacity_reservations(self, **_: Any) -> dict[str, Any]:
        """EC2's answer."""
        row = {
            "CapacityReservationId": RESERVATION,
            "ReservationType": self.kind,
            "InstanceType": "p5.4xlarge",
            "AvailabilityZone": "us-east-1a",
            "State": "active",
            "Tenancy": "default",
            "TotalInstanceCount": 1,
            "AvailableInstanceCount": 1,
            "InstanceMatchCriteria": "targeted",
        }
        return {"CapacityReservations": [row]}


@pytest.mark.parametrize(
    ("kind", "given", "purchase"),
    [
        ("capacity-block", None, Purchase.CAPACITY_BLOCK),
        ("capacity-block", "capacity-block", Purchase.CAPACITY_BLOCK),
        ("default", None, Purchase.ON_DEMAND),
        ("default", "reserved", Purchase.RESERVED),
    ],
)
def test_a_reservation_says_how_nodes_are_bought(
    kind: str, given: str | None, purchase: Purchase
) -> None:
    bought = {"purchase": given} if given else {}
    config = StackConfig.from_mapping(
        {"model": "Qwen/Qwen3-8B", "capacityReservationId": RESERVATION, **bought}
    )
    assert with_reservation(config, Reservations(kind)).purchase is purchase


def test_a_reservation_of_another_kind_than_is_asked_for_is_refused() -> None:
    config = StackConfig.from_mapping(
        {"model": "m", "capacityReservationId": RESERVATION, "purchase": "spot"}
    )
    with pytest.raises(InputError) as caught:
        with_reservation(config, Reservations("capacity-block"))
    assert (caught.value.key, caught.value.nearest) == ("purchase", "capacity-block")


def test_without_credentials_the_stacks_word_holds() -> None:
    config = StackConfig.from_mapping({"model": "m", "capacityReservationId": RESERVATION})
    assert with_reservation(config, None) is config
    assert with_reservation(config, Sts("123456789012")) is config
