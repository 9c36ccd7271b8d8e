"""Who is told what, and how long logs are kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi
import pytest

from cluster.identity import Identity
from cluster.operations import AlarmMaker, once_at
from cluster.policies import Account
from cluster.preflight import Reservation
from cluster.scope import Scope
from sizing.instance import Purchase
from sizing.stack_config import OperationsConfig
from tests.cluster.clusters import cluster
from tests.cluster.plans import plan_405b, shaped
from tests.cluster.recorder import Run, run_program

ALARM, TOPIC = "cloudwatch/metricAlarm:MetricAlarm", "sns/topic:Topic"
RULE = "cloudwatch/eventRule:EventRule"


@pytest.fixture(scope="module")
def prod() -> Run:
    return cluster(plan_405b())


def test_every_node_and_the_endpoint_have_an_alarm(prod: Run) -> None:
    assert sorted(r.name for r in prod.of(ALARM)) == [
        "llm-replica-0-rank-0-status-check",
        "llm-replica-0-rank-1-status-check",
        "llm-unhealthy",
    ]
    node = prod.named(ALARM, "llm-replica-0-rank-1-status-check").inputs
    assert node["dimensions"] == {"InstanceId": "id-llm-replica-0-rank-1"}
    endpoint = prod.named(ALARM, "llm-unhealthy").inputs
    assert endpoint["dimensions"] == {
        "LoadBalancer": "suffix/llm-endpoint",
        "TargetGroup": "suffix/llm-engines",
    }


def test_a_node_that_is_gone_is_an_alarm_too(prod: Run) -> None:
    assert {r.inputs["treatMissingData"] for r in prod.of(ALARM)} == {"breaching"}


def test_alarms_go_to_a_topic_of_their_own_with_its_readers() -> None:
    run = cluster(plan_405b(), operations={"alarm_emails": ["a@example.com", "b@example.com"]})
    topic = run.one(TOPIC)
    assert {tuple(r.inputs["alarmActions"]) for r in run.of(ALARM)} == {(f"arn:{topic.name}",)}
    readers = run.of("sns/topicSubscription:TopicSubscription")
    assert sorted(r.inputs["endpoint"] for r in readers) == ["a@example.com", "b@example.com"]


def test_or_to_an_existing_topic() -> None:
    mine = "arn:aws:sns:us-east-1:123456789012:alarms"
    run = cluster(plan_405b(), operations={"alarm_topic_arn": mine})
    assert run.of(TOPIC) == []
    assert {tuple(r.inputs["okActions"]) for r in run.of(ALARM)} == {(mine,)}


@pytest.mark.parametrize(("operations", "days"), [({}, 30), ({"log_retention_days": 7}, 7)])
def test_logs_end_some_day(operations: dict[str, Any], days: int) -> None:
    group = cluster(plan_405b(), operations=operations).one("cloudwatch/logGroup:LogGroup")
    assert group.inputs["retentionInDays"] == days
    assert group.inputs["name"] == "/gpu-sizing/gpu-sizing/prod/llm"


def test_spot_nodes_that_aws_takes_back_are_announced() -> None:
    run = cluster(plan_405b().model_copy(update={"purchase": Purchase.SPOT}))
    pattern = json.loads(run.named(RULE, "llm-spot-interruption").inputs["eventPattern"])
    assert pattern["detail"]["instance-id"] == [
        "id-llm-replica-0-rank-0",
        "id-llm-replica-0-rank-1",
    ]


def test_on_demand_nodes_have_no_end(prod: Run) -> None:
    assert prod.of(RULE) == []


def test_a_reminder_fires_once() -> None:
    when = datetime(2026, 12, 5, 11, 30, tzinfo=UTC)
    assert once_at(when) == "cron(30 11 5 12 ? 2026)"


def test_every_node_has_a_place_to_say_how_its_boot_went() -> None:
    run = cluster(shaped("p5.48xlarge", (2, 2, 1)))
    status = [r for r in run.of("ssm/parameter:Parameter") if r.name.endswith("-status")]
    assert len(status) == len(run.of("ec2/instance:Instance")) == 4
    for parameter in status:
        # The node writes it: what it wrote is no drift.
        assert set(parameter.ignore_changes) == {"insecureValue", "value"}
    said = {node["statusParameter"] for node in run.outputs["llm"]["nodes"]}
    assert said == {p.inputs["name"] for p in status}


def rules_of_a_block(ends: datetime, now: datetime) -> dict[str, dict[str, Any]]:
    """The event rules of a capacity block, by name, without a cluster around them."""

    def program() -> None:
        parent = pulumi.ComponentResource("test:index:Parent", "llm")
        identity = Identity("gpu-sizing", "prod", "llm", "us-east-1")
        AlarmMaker(
            scope=Scope(identity, {}, parent),
            account=Account("aws", "123456789012", "us-east-1"),
            config=OperationsConfig(),
            purchase=Purchase.CAPACITY_BLOCK,
            reservation=Reservation(
                id="cr-0123456789abcdef0",
                kind="capacity-block",
                instance_type="p5.48xlarge",
                zone="us-east-1a",
                state="active",
                tenancy="default",
                total=2,
                free=2,
                ends=ends,
                targeted=True,
            ),
            now=now,
        ).make([], None)

    return {r.name: r.inputs for r in run_program(program).of(RULE)}


def test_the_end_of_a_capacity_block_is_announced_a_day_and_minutes_before() -> None:
    ends = datetime(2026, 12, 5, 11, 30, tzinfo=UTC)
    rules = rules_of_a_block(ends, now=ends - timedelta(days=3))
    assert set(rules) == {"llm-block-ending", "llm-block-ends-tomorrow"}
    pattern = json.loads(rules["llm-block-ending"]["eventPattern"])
    assert pattern["detail"] == {"capacity-reservation-id": ["cr-0123456789abcdef0"]}
    assert rules["llm-block-ends-tomorrow"]["scheduleExpression"] == "cron(30 11 4 12 ? 2026)"


def test_a_reminder_that_would_be_late_is_not_set() -> None:
    ends = datetime(2026, 12, 5, 11, 30, tzinfo=UTC)
    assert set(rules_of_a_block(ends, now=ends - timedelta(hours=2))) == {"llm-block-ending"}
