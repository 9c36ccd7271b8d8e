"""The table's CloudWatch types: metric alarms and log groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    given_tags,
    one,
    quietly,
    retag_by_arn,
    tag_changes,
)
from sandbox.aws_provider.values import Props, tag_map

_METRICS = "cloudwatch"
# Property -> PutMetricAlarm's name, which DescribeAlarms uses too.
_ALARM = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
_QUERY = {
    "accountId": "AccountId",
    "expression": "Expression",
    "id": "Id",
    "label": "Label",
    "period": "Period",
    "returnData": "ReturnData",
}


def _put_alarm(aws: Aws, props: Props, **tags: Any) -> None:
    params = _renamed(props, _ALARM)
    if dimensions := props.get("dimensions"):
        params["Dimensions"] = _dimension_list(dimensions)
    if queries := props.get("metricQueries"):
        params["Metrics"] = [_query(query) for query in queries]
    aws.call(_METRICS, "put_metric_alarm", AlarmName=props["name"], **params, **tags)


def _renamed(props: Props, names: Mapping[str, str]) -> Props:
    return {name: props[key] for key, name in names.items() if key in props}


def _dimension_list(dimensions: Mapping[str, str]) -> list[Props]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def _query(query: Props) -> Props:
    params = {"ReturnData": False, **_renamed(query, _QUERY)}
    if metric := query.get("metric"):
        named = _renamed(metric, {"metricName": "MetricName", "namespace": "Namespace"})
        dimensions = _dimension_list(metric.get("dimensions", {}))
        params["MetricStat"] = {
            "Metric": {**named, "Dimensions": dimensions},
            **_renamed(metric, {"period": "Period", "stat": "Stat", "unit": "Unit"}),
        }
    return params


def _create_alarm(aws: Aws, props: Props) -> str:
    _put_alarm(aws, props, **given_tags(props))
    return props["name"]


def _alarm_arn(aws: Aws, name: str) -> str:
    return aws.arn(_METRICS, f"alarm:{name}")


def _update_alarm(aws: Aws, name: str, change: Change) -> None:
    if change.touches(*_ALARM, "dimensions", "metricQueries"):
        _put_alarm(aws, change.new)
    retag_by_arn(aws, _METRICS, "ResourceARN", _alarm_arn(aws, name), change)


def _read_alarm(aws: Aws, name: str, props: Props) -> Props | None:
    found = one(lambda: aws.call(_METRICS, "describe_alarms", AlarmNames=[name])["MetricAlarms"])
    if found is None:
        return None
    arn = found["AlarmArn"]
    tags = aws.call(_METRICS, "list_tags_for_resource", ResourceARN=arn)["Tags"]
    live: Props = {
        **{key: found[api] for key, api in _ALARM.items() if found.get(api) not in (None, [])},
        "tagsAll": tag_map(tags),
        "arn": arn,
        "name": name,
    }
    if dimensions := found.get("Dimensions"):
        live["dimensions"] = {item["Name"]: item["Value"] for item in dimensions}
    if queries := found.get("Metrics"):
        given = props.get("metricQueries", [])
        same = _by_id(queries) == _by_id([_query(query) for query in given])
        live["metricQueries"] = given if same else [_read_query(query) for query in queries]
    return live


def _by_id(queries: list[Props]) -> dict[str, Props]:
    return {query["Id"]: query for query in queries}


def _read_query(query: Props) -> Props:
    """A query as properties, without its metric."""
    return {key: query[name] for key, name in _QUERY.items() if name in query}


def _delete_alarm(aws: Aws, name: str, _props: Props) -> None:
    quietly(lambda: aws.call(_METRICS, "delete_alarms", AlarmNames=[name]))


_LOGS = "logs"


def _create_log_group(aws: Aws, props: Props) -> str:
    name: str = props["name"]
    settings = _renamed(props, {"logGroupClass": "logGroupClass"})
    tags = {"tags": props["tagsAll"]} if props.get("tagsAll") else {}
    aws.call(_LOGS, "create_log_group", logGroupName=name, **settings, **tags)
    _set_retention(aws, name, props["retentionInDays"])
    return name


def _set_retention(aws: Aws, name: str, days: int) -> None:
    if days:
        aws.call(_LOGS, "put_retention_policy", logGroupName=name, retentionInDays=days)
    else:
        aws.call(_LOGS, "delete_retention_policy", logGroupName=name)


def _log_group(aws: Aws, name: str) -> Props | None:
    listed = aws.call(_LOGS, "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    return next((group for group in listed if group["logGroupName"] == name), None)


def _log_group_arn(aws: Aws, name: str) -> str:
    return aws.arn(_LOGS, f"log-group:{name}")


def _update_log_group(aws: Aws, name: str, change: Change) -> None:
    if change.touches("retentionInDays"):
        _set_retention(aws, name, change.new["retentionInDays"])
    arn = _log_group_arn(aws, name)
    added, removed = tag_changes(change)
    if removed:
        aws.call(_LOGS, "untag_resource", resourceArn=arn, tagKeys=removed)
    if added:
        aws.call(_LOGS, "tag_resource", resourceArn=arn, tags=added)


def _read_log_group(aws: Aws, name: str, _props: Props) -> Props | None:
    found = _log_group(aws, name)
    if found is None:
        return None
    arn = _log_group_arn(aws, name)
    return {
        "tagsAll": aws.call(_LOGS, "list_tags_for_resource", resourceArn=arn)["tags"],
        "arn": arn,
        "name": name,
        "retentionInDays": found.get("retentionInDays", 0),
        "logGroupClass": found.get("logGroupClass", "STANDARD"),
    }


def _delete_log_group(aws: Aws, name: str, props: Props) -> None:
    if not props.get("skipDestroy"):
        quietly(lambda: aws.call(_LOGS, "delete_log_group", logGroupName=name))


MONITORING = [
    ResourceType(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        create=_create_alarm,
        read=_read_alarm,
        update=_update_alarm,
        delete=_delete_alarm,
        replaces=("name",),
        updates=(*_ALARM, "dimensions", "metricQueries"),
        computed=("arn",),
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        name="name",
        required=("comparisonOperator", "evaluationPeriods"),
    ),
    ResourceType(
        token="aws:cloudwatch/logGroup:LogGroup",
        create=_create_log_group,
        read=_read_log_group,
        update=_update_log_group,
        delete=_delete_log_group,
        replaces=("name", "logGroupClass"),
        updates=("retentionInDays", "skipDestroy"),
        computed=("arn", "logGroupClass"),
        defaults={"retentionInDays": 0, "skipDestroy": False},
        name="name",
    ),
]
