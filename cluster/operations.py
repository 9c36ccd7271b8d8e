"""Logs with an end, and who is told when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pulumi
import pulumi_aws as aws

from cluster.endpoint import Endpoint
from cluster.nodes import Node
from cluster.policies import Account, topic_policy
from cluster.preflight import Reservation
from cluster.scope import Scope
from sizing.instance import Purchase
from sizing.stack_config import OperationsConfig

# AWS ends a capacity block's instances half an hour before the block, and warns ten minutes before.
# The detail-type is spelt both ways in AWS's documents (read 2026-11-24).
_BLOCK_WARNINGS = (
    "Capacity Block Expiration Warning",
    "Capacity Block Reservation Expiration Warning",
)
_SPOT_WARNING = "EC2 Spot Instance Interruption Warning"
_BLOCK = "capacity-block"
_REMIND_BEFORE = timedelta(hours=24)


def make_log_group(scope: Scope, retention_days: int) -> aws.cloudwatch.LogGroup:
    """Where the engines' logs go."""
    return aws.cloudwatch.LogGroup(
        scope.child("logs"),
        name=scope.identity.path,
        retention_in_days=retention_days,
        tags=scope.tags,
        opts=scope.opts(),
    )


@dataclass(frozen=True, slots=True)
class AlarmMaker:
    """Makes the alarms of one cluster, all into one topic. `now` carries its time zone."""

    scope: Scope
    account: Account
    config: OperationsConfig
    purchase: Purchase
    reservation: Reservation | None
    now: datetime

    def make(self, nodes: Sequence[Node], endpoint: Endpoint | None) -> pulumi.Input[str]:
        """An alarm a node, one for the endpoint, warnings of an end that AWS announces.

        Returns the topic's ARN.
        """
        topic = self.config.alarm_topic_arn or self._topic()
        for node in nodes:
            self._node_alarm(node, topic)
        if endpoint:
            self._endpoint_alarm(endpoint, topic)
        if self.reservation and self.reservation.kind == _BLOCK:
            self._block_warnings(self.reservation, topic)
        if self.purchase is Purchase.SPOT:
            self._spot_warning(nodes, topic)
        return topic

    def _topic(self) -> pulumi.Output[str]:
        topic = aws.sns.Topic(
            self.scope.child("alarms"), tags=self.scope.tags, opts=self.scope.opts()
        )
        aws.sns.TopicPolicy(
            self.scope.child("alarms"),
            arn=topic.arn,
            policy=topic.arn.apply(lambda arn: topic_policy(arn, self.account)),
            opts=self.scope.opts(),
        )
        for index, email in enumerate(self.config.alarm_emails):
            aws.sns.TopicSubscription(
                self.scope.child(f"alarms-{index}"),
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                opts=self.scope.opts(),
            )
        return topic.arn

    def _node_alarm(self, node: Node, topic: pulumi.Input[str]) -> None:
        name = node.placement.name
        self._alarm(
            f"{name}-status-check",
            f"{name}: EC2's status checks fail, or the instance is gone",
            ("AWS/EC2", "StatusCheckFailed"),
            {"InstanceId": node.instance.id},
            topic,
        )

    def _endpoint_alarm(self, endpoint: Endpoint, topic: pulumi.Input[str]) -> None:
        self._alarm(
            self.scope.child("unhealthy"),
            f"{self.scope.name}: a replica does not answer /health; a new node is unhealthy until "
            "its weights are loaded",
            ("AWS/ApplicationELB", "UnHealthyHostCount"),
            {
                "LoadBalancer": endpoint.balancer.arn_suffix,
                "TargetGroup": endpoint.targets.arn_suffix,
            },
            topic,
        )

    def _alarm(
        self,
        name: str,
        description: str,
        metric: tuple[str, str],
        dimensions: Mapping[str, pulumi.Input[str]],
        topic: pulumi.Input[str],
    ) -> None:
        """An alarm on a count that should be zero: five minutes in a row above it."""
        namespace, metric_name = metric
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=description,
            namespace=namespace,
            metric_name=metric_name,
            dimensions=dimensions,
            statistic="Maximum",
            period=60,
            evaluation_periods=5,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            # A spot node that AWS took, or a block that ended, reports nothing at all.
            treat_missing_data="breaching",
            alarm_actions=[topic],
            ok_actions=[topic],
            tags=self.scope.tags,
            opts=self.scope.opts(),
        )

    def _block_warnings(self, block: Reservation, topic: pulumi.Input[str]) -> None:
        pattern = {
            "source": ["aws.ec2"],
            "detail-type": list(_BLOCK_WARNINGS),
            "detail": {"capacity-reservation-id": [block.id]},
        }
        said = f"{self.scope.name}: AWS ends the instances of capacity block {block.id} soon"
        self._event("block-ending", said, topic, pattern=json.dumps(pattern))
        if block.ends is not None and self.now < block.ends - _REMIND_BEFORE:
            reminder = block.ends - _REMIND_BEFORE
            when = f"{block.ends:%Y-%m-%d %H:%M} UTC"
            self._event(
                "block-ends-tomorrow",
                f"{self.scope.name}: capacity block {block.id} ends at {when}",
                topic,
                schedule=once_at(reminder),
            )

    def _spot_warning(self, nodes: Sequence[Node], topic: pulumi.Input[str]) -> None:
        ids = pulumi.Output.all(*(node.instance.id for node in nodes))
        pattern = ids.apply(
            lambda found: json.dumps(
                {
                    "source": ["aws.ec2"],
                    "detail-type": [_SPOT_WARNING],
                    "detail": {"instance-id": sorted(found)},
                }
            )
        )
        said = f"{self.scope.name}: AWS takes a spot node back in two minutes"
        self._event("spot-interruption", said, topic, pattern=pattern)

    def _event(
        self,
        role: str,
        description: str,
        topic: pulumi.Input[str],
        *,
        pattern: pulumi.Input[str] | None = None,
        schedule: str | None = None,
    ) -> None:
        rule = aws.cloudwatch.EventRule(
            self.scope.child(role),
            description=description,
            event_pattern=pattern,
            schedule_expression=schedule,
            tags=self.scope.tags,
            opts=self.scope.opts(),
        )
        aws.cloudwatch.EventTarget(
            self.scope.child(role),
            rule=rule.name,
            arn=topic,
            input=json.dumps(description) if schedule else None,
            opts=self.scope.opts(),
        )


def once_at(when: datetime) -> str:
    """A schedule that fires once, at that minute in UTC."""
    return f"cron({when.minute} {when.hour} {when.day} {when.month} ? {when.year})"
