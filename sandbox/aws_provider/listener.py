"""The table's listener: what a load balancer does with a connection to a port."""

from __future__ import annotations

from typing import Any, cast

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.load_balancer import elb_tags, retag_elb
from sandbox.aws_provider.resource import Change, ResourceType, given_tags, one, quietly
from sandbox.aws_provider.values import Props, pick

_SERVICE = "elbv2"
# Property -> the API's name, for what a default action may hold.
_ACTION = {
    "type": "Type",
    "order": "Order",
    "targetGroupArn": "TargetGroupArn",
    "forward": "ForwardConfig",
    "targetGroups": "TargetGroups",
    "arn": "TargetGroupArn",
    "weight": "Weight",
    "stickiness": "TargetGroupStickinessConfig",
    "enabled": "Enabled",
    "duration": "DurationSeconds",
    "fixedResponse": "FixedResponseConfig",
    "contentType": "ContentType",
    "messageBody": "MessageBody",
    "statusCode": "StatusCode",
    "redirect": "RedirectConfig",
    "host": "Host",
    "path": "Path",
    "port": "Port",
    "protocol": "Protocol",
    "query": "Query",
}


def _action(value: Any) -> Any:
    """A default action in the API's spelling."""
    if isinstance(value, list):
        return [_action(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    return {_ACTION[key]: _action(item) for key, item in cast("Props", value).items()}


def _parameters(props: Props) -> Props:
    certificate = props.get("certificateArn")
    return {
        **pick(props, "port", "protocol", "sslPolicy"),
        **({"Certificates": [{"CertificateArn": certificate}]} if certificate else {}),
        "DefaultActions": _action(props["defaultActions"]),
    }


def _create(aws: Aws, props: Props) -> str:
    answer = aws.call(
        _SERVICE,
        "create_listener",
        LoadBalancerArn=props["loadBalancerArn"],
        **_parameters(props),
        **given_tags(props),
    )
    return answer["Listeners"][0]["ListenerArn"]


_CHANGES = ("port", "protocol", "sslPolicy", "certificateArn", "defaultActions")


def _update(aws: Aws, arn: str, change: Change) -> None:
    if change.touches(*_CHANGES):
        aws.call(_SERVICE, "modify_listener", ListenerArn=arn, **_parameters(change.new))
    retag_elb(aws, arn, change)


def _read(aws: Aws, arn: str, props: Props) -> Props | None:
    found = one(lambda: aws.call(_SERVICE, "describe_listeners", ListenerArns=[arn])["Listeners"])
    if found is None:
        return None
    live: Props = {
        **elb_tags(aws, arn),
        "arn": arn,
        "loadBalancerArn": found["LoadBalancerArn"],
        "port": found["Port"],
        "protocol": found["Protocol"],
    }
    if found["Protocol"] == "HTTPS":
        live["sslPolicy"] = found["SslPolicy"]
        live["certificateArn"] = found["Certificates"][0]["CertificateArn"]
    # Only what differs in meaning is drift: AWS fills an action with defaults of its own.
    given, actions = props.get("defaultActions", []), found["DefaultActions"]
    same = _covers(actions, _action(given))
    live["defaultActions"] = given if same else [_simple_action(action) for action in actions]
    return live


def _covers(found: Any, wanted: Any) -> bool:
    """Whether everything wanted is found; more may be there."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        there = cast("Props", found)
        return all(_covers(there.get(k), v) for k, v in cast("Props", wanted).items())
    if isinstance(wanted, list) and isinstance(found, list):
        ours, theirs = cast("list[Any]", wanted), cast("list[Any]", found)
        return len(ours) == len(theirs) and all(map(_covers, theirs, ours))
    return cast("object", found) == wanted


def _simple_action(action: Props) -> Props:
    back = {"Type": "type", "TargetGroupArn": "targetGroupArn"}
    return {name: action[key] for key, name in back.items() if key in action}


def _delete(aws: Aws, arn: str, _props: Props) -> None:
    quietly(lambda: aws.call(_SERVICE, "delete_listener", ListenerArn=arn))


LISTENER = [
    ResourceType(
        token="aws:lb/listener:Listener",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        replaces=("loadBalancerArn",),
        updates=_CHANGES,
        computed=("arn", "protocol"),
        required=("loadBalancerArn", "defaultActions"),
    ),
]
