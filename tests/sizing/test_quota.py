"""Quotas: which one, how much of it, and what an account says about it."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import pytest

from sizing.account import check_account
from sizing.catalog.instances import instance, instance_names
from sizing.instance import AWS_PURCHASES, Purchase
from sizing.plan import Plan
from sizing.planner import plan_for
from sizing.quota import quota_for
from sizing.stack_config import StackConfig

REGION = "us-east-1"


@pytest.mark.parametrize(
    ("name", "nodes", "purchase", "code", "needed"),
    [
        ("p5.48xlarge", 2, Purchase.ON_DEMAND, "L-417A185B", 384),
        ("p5.4xlarge", 1, Purchase.ON_DEMAND, "L-417A185B", 16),
        ("p5.4xlarge", 1, Purchase.RESERVED, "L-417A185B", 16),
        ("p4d.24xlarge", 1, Purchase.ON_DEMAND, "L-417A185B", 96),
        ("g6e.xlarge", 3, Purchase.ON_DEMAND, "L-DB2E81BA", 12),
        ("g4dn.xlarge", 1, Purchase.SPOT, "L-3819A6DF", 4),
        ("p4de.24xlarge", 1, Purchase.SPOT, "L-7212CCBC", 96),
        ("p5en.48xlarge", 1, Purchase.SPOT, "L-C4BD4855", 192),
        ("p6-b200.48xlarge", 1, Purchase.SPOT, None, 192),
        ("p5en.48xlarge", 4, Purchase.CAPACITY_BLOCK, "L-4F9BB70B", 1),
        ("p6-b300.48xlarge", 4, Purchase.CAPACITY_BLOCK, "L-9C38E5AB", 1),
    ],
)
def test_quota(name: str, nodes: int, purchase: Purchase, code: str | None, needed: float) -> None:
    quota = quota_for(instance(name), nodes, REGION, purchase)
    assert quota is not None
    assert (quota.code, quota.needed, quota.checked) == (code, needed, False)


def test_every_type_and_purchase_has_a_quota() -> None:
    for name in instance_names():
        for purchase in AWS_PURCHASES:
            assert quota_for(instance(name), 1, REGION, purchase) is not None


def test_nodes_of_ones_own_need_none() -> None:
    assert quota_for(instance("p5.48xlarge"), 1, "on-premises", Purchase.OWNED) is None


class StubbedAccount:
    """Real boto3 clients with set answers."""

    def __init__(self) -> None:
        session = cast("Any", import_module("boto3.session")).Session(
            aws_access_key_id="dummy", aws_secret_access_key="dummy"
        )
        stub = cast("Any", import_module("botocore.stub"))
        services = ("ec2", "service-quotas")
        self._clients = {s: session.client(s, region_name=REGION) for s in services}
        self.stubs = {s: stub.Stubber(c) for s, c in self._clients.items()}
        for stubber in self.stubs.values():
            stubber.activate()

    def client(self, service: str, region: str) -> Any:
        assert region == REGION
        return self._clients[service]

    def offered(self, *zones: str) -> None:
        rows = [{"InstanceType": "p5.48xlarge", "Location": zone} for zone in zones]
        self.stubs["ec2"].add_response(
            "describe_instance_type_offerings", {"InstanceTypeOfferings": rows}
        )

    def quota(self, value: float) -> None:
        self.stubs["service-quotas"].add_response(
            "get_service_quota",
            {"Quota": {"Value": value, "QuotaCode": "L-417A185B"}},
            {"ServiceCode": "ec2", "QuotaCode": "L-417A185B"},
        )

    def running(self, *types: tuple[str, int, str]) -> None:
        rows = [
            {
                "InstanceType": name,
                "CpuOptions": {"CoreCount": cores, "ThreadsPerCore": 2},
                **({"InstanceLifecycle": life} if life else {}),
            }
            for name, cores, life in types
        ]
        self.stubs["ec2"].add_response(
            "describe_instances", {"Reservations": [{"Instances": rows}]}
        )


@pytest.fixture
def plan() -> Plan:
    return plan_for(StackConfig.from_mapping({"model": "llama-3.1-405b", "precision": "bf16"}))


def test_enough_quota(plan: Plan) -> None:
    account = StubbedAccount()
    account.offered("us-east-1a")
    account.quota(480)
    # 96 vCPUs of a P instance count; spot, blocks and other families do not.
    account.running(
        ("p4d.24xlarge", 48, ""),
        ("p5.48xlarge", 96, "spot"),
        ("p5.48xlarge", 96, "capacity-block"),
        ("m5.large", 1, ""),
        ("g6e.xlarge", 2, ""),
    )
    checked = check_account(plan, account)
    assert [f.verdict for f in checked.account] == ["yes", "yes"]
    assert checked.quota is not None
    assert checked.quota.checked


def test_too_little_quota_says_how_much_to_ask_for(plan: Plan) -> None:
    account = StubbedAccount()
    account.offered("us-east-1a")
    account.quota(400)
    account.running(("p4d.24xlarge", 48, ""))
    finding = check_account(plan, account).account[1]
    assert finding.verdict == "no"
    assert "ask for 480 (L-417A185B)" in finding.detail


def test_a_refused_question_is_unknown_not_yes(plan: Plan) -> None:
    account = StubbedAccount()
    account.offered()
    account.stubs["service-quotas"].add_client_error(
        "get_service_quota", "AccessDeniedException", "not allowed", 400
    )
    checked = check_account(plan, account)
    assert [f.verdict for f in checked.account] == ["no", "unknown"]
    assert checked.quota is not None
    assert not checked.quota.checked


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({}, "yes"),
        ({"AvailableInstanceCount": 1}, "no"),
        ({"State": "expired"}, "no"),
        ({"InstanceType": "p4d.24xlarge"}, "no"),
    ],
)
def test_a_reservation_must_be_active_of_the_type_and_free(
    plan: Plan, row: dict[str, object], verdict: str
) -> None:
    good = {
        "State": "active",
        "InstanceType": "p5.48xlarge",
        "AvailableInstanceCount": 2,
        "AvailabilityZone": "us-east-1a",
    }
    account = StubbedAccount()
    account.offered("us-east-1a")
    account.stubs["ec2"].add_response(
        "describe_capacity_reservations",
        {"CapacityReservations": [good | row]},
        {"CapacityReservationIds": ["cr-0123456789abcdef0"]},
    )
    checked = check_account(plan, account, "cr-0123456789abcdef0")
    assert [f.verdict for f in checked.account] == ["yes", verdict]


def test_without_credentials_the_plan_says_that_it_did_not_check(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sizing.aws import BotoClients

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    checked = check_account(plan, BotoClients())
    assert {f.verdict for f in checked.account} == {"unknown"}
    assert checked.quota is not None
    assert not checked.quota.checked
