"""The table's EventBridge types: rules and their targets."""

from __future__ import annotations

from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    given_tags,
    one,
    quietly,
    retag_by_arn,
)
from sandbox.aws_provider.values import Props, pick, tag_map

_EVENTS = "events"
_RULE_CHANGES = ("description", "eventPattern", "roleArn", "scheduleExpression", "state")


def _put_rule(aws: Aws, props: Props, **tags: Any) -> None:
    params = pick(props, "name", "eventBusName", *_RULE_CHANGES)
    aws.call(_EVENTS, "put_rule", **params, **tags)


def _create_rule(aws: Aws, props: Props) -> str:
    _put_rule(aws, props, **given_tags(props))
    return props["name"]


def _rule(aws: Aws, name: str, props: Props) -> Props | None:
    bus = pick(props, "eventBusName")
    return one(lambda: [aws.call(_EVENTS, "describe_rule", Name=name, **bus)])


def _update_rule(aws: Aws, name: str, change: Change) -> None:
    if change.touches(*_RULE_CHANGES):
        _put_rule(aws, change.new)
    if found := _rule(aws, name, change.new):
        retag_by_arn(aws, _EVENTS, "ResourceARN", found["Arn"], change)


def _read_rule(aws: Aws, name: str, props: Props) -> Props | None:
    found = _rule(aws, name, props)
    if found is None:
        return None
    tags = aws.call(_EVENTS, "list_tags_for_resource", ResourceARN=found["Arn"])["Tags"]
    names = {key: key[:1].upper() + key[1:] for key in _RULE_CHANGES}
    return {
        **{key: found[api] for key, api in names.items() if found.get(api)},
        "tagsAll": tag_map(tags),
        "arn": found["Arn"],
        "name": name,
    }


def _delete_rule(aws: Aws, name: str, props: Props) -> None:
    bus = pick(props, "eventBusName")
    quietly(lambda: aws.call(_EVENTS, "delete_rule", Name=name, **bus))


_TARGET_CHANGES = ("arn", "input", "inputPath", "inputTransformer", "roleArn")


def _put_target(aws: Aws, props: Props) -> None:
    target = {"Id": props["targetId"], **pick(props, "arn", "input", "inputPath", "roleArn")}
    if transformer := props.get("inputTransformer"):
        target["InputTransformer"] = {
            "InputTemplate": transformer["inputTemplate"],
            "InputPathsMap": transformer.get("inputPaths", {}),
        }
    aws.call(_EVENTS, "put_targets", **pick(props, "rule", "eventBusName"), Targets=[target])


def _create_target(aws: Aws, props: Props) -> str:
    _put_target(aws, props)
    return f"{props['rule']}-{props['targetId']}"


def _update_target(aws: Aws, _identity: str, change: Change) -> None:
    _put_target(aws, change.new)


def _read_target(aws: Aws, _identity: str, props: Props) -> Props | None:
    named = pick(props, "rule", "eventBusName")
    listed = one(lambda: [aws.call(_EVENTS, "list_targets_by_rule", **named)])
    targets = (listed or {}).get("Targets", [])
    found = next((target for target in targets if target["Id"] == props["targetId"]), None)
    if found is None:
        return None
    names = {"arn": "Arn", "input": "Input", "inputPath": "InputPath", "roleArn": "RoleArn"}
    live: Props = {key: found[name] for key, name in names.items() if found.get(name)}
    live.update(rule=props["rule"], targetId=found["Id"])
    if transformer := found.get("InputTransformer"):
        paths = transformer.get("InputPathsMap")
        live["inputTransformer"] = {
            "inputTemplate": transformer["InputTemplate"],
            **({"inputPaths": paths} if paths else {}),
        }
    return live


def _delete_target(aws: Aws, _identity: str, props: Props) -> None:
    named = pick(props, "rule", "eventBusName")
    quietly(lambda: aws.call(_EVENTS, "remove_targets", **named, Ids=[props["targetId"]]))


EVENTS = [
    ResourceType(
        token="aws:cloudwatch/eventRule:EventRule",
        create=_create_rule,
        read=_read_rule,
        update=_update_rule,
        delete=_delete_rule,
        replaces=("name", "eventBusName"),
        updates=(*_RULE_CHANGES, "forceDestroy"),
        computed=("arn",),
        defaults={"forceDestroy": False, "state": "ENABLED"},
        name="name",
        name_limit=64,
    ),
    ResourceType(
        token="aws:cloudwatch/eventTarget:EventTarget",
        create=_create_target,
        read=_read_target,
        update=_update_target,
        delete=_delete_target,
        replaces=("rule", "eventBusName", "targetId"),
        updates=(*_TARGET_CHANGES, "forceDestroy"),
        defaults={"forceDestroy": False},
        name="targetId",
        name_limit=64,
        tagged=False,
        required=("rule", "arn"),
    ),
]
