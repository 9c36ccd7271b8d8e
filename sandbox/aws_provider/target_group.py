"""The table's target group and the targets in it."""

from __future__ import annotations

from sandbox.aws_provider.attributes import AttributeTable, attribute_list, from_attributes
from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.load_balancer import arn_suffix, elb_tags, retag_elb
from sandbox.aws_provider.resource import Change, ResourceType, given_tags, one, quietly
from sandbox.aws_provider.values import Props, pick

_SERVICE = "elbv2"
_ATTRIBUTES: AttributeTable = {
    "deregistrationDelay": ("deregistration_delay.timeout_seconds", "number"),
    "loadBalancingAlgorithmType": ("load_balancing.algorithm.type", "text"),
    "loadBalancingCrossZoneEnabled": ("load_balancing.cross_zone.enabled", "text"),
    "slowStart": ("slow_start.duration_seconds", "number"),
}
_HEALTH_CHECK = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
# Of the provider, not of AWS, whose own thresholds are 5 and 2.
_HEALTH_CHECK_DEFAULTS = {"healthyThreshold": 3, "unhealthyThreshold": 3, "interval": 30}
_CREATED = ("name", "port", "protocol", "protocolVersion", "vpcId", "targetType", "ipAddressType")


def _create(aws: Aws, props: Props) -> str:
    answer = aws.call(
        _SERVICE,
        "create_target_group",
        **pick(props, *_CREATED),
        **_health_check(props),
        **given_tags(props),
    )
    arn: str = answer["TargetGroups"][0]["TargetGroupArn"]
    _set_attributes(aws, arn, attribute_list(props, _ATTRIBUTES))
    return arn


def _health_check(props: Props) -> Props:
    check: Props = {**_HEALTH_CHECK_DEFAULTS, **props.get("healthCheck", {})}
    params = {name: check[key] for key, name in _HEALTH_CHECK.items() if key in check}
    return {**params, "Matcher": {"HttpCode": check["matcher"]}} if "matcher" in check else params


def _set_attributes(aws: Aws, arn: str, attributes: list[dict[str, str]]) -> None:
    if attributes:
        aws.call(
            _SERVICE, "modify_target_group_attributes", TargetGroupArn=arn, Attributes=attributes
        )


def _update(aws: Aws, arn: str, change: Change) -> None:
    if change.touches("healthCheck"):
        aws.call(_SERVICE, "modify_target_group", TargetGroupArn=arn, **_health_check(change.new))
    changed = {name for name in _ATTRIBUTES if change.touches(name)}
    _set_attributes(aws, arn, attribute_list(change.new, _ATTRIBUTES, changed))
    retag_elb(aws, arn, change)


def _read(aws: Aws, arn: str, _props: Props) -> Props | None:
    found = one(
        lambda: aws.call(_SERVICE, "describe_target_groups", TargetGroupArns=[arn])["TargetGroups"]
    )
    if found is None:
        return None
    listed = aws.call(_SERVICE, "describe_target_group_attributes", TargetGroupArn=arn)
    check = {key: found[name] for key, name in _HEALTH_CHECK.items() if name in found}
    matcher = {"matcher": found["Matcher"]["HttpCode"]} if "Matcher" in found else {}
    return {
        **from_attributes(listed["Attributes"], _ATTRIBUTES),
        **elb_tags(aws, arn),
        "arn": arn,
        "arnSuffix": arn_suffix(arn),
        "healthCheck": {**check, **matcher},
        "ipAddressType": found.get("IpAddressType", ""),
        "name": found["TargetGroupName"],
        "port": found["Port"],
        "protocol": found["Protocol"],
        "protocolVersion": found.get("ProtocolVersion", ""),
        "targetType": found["TargetType"],
        "vpcId": found["VpcId"],
    }


def _delete(aws: Aws, arn: str, _props: Props) -> None:
    quietly(lambda: aws.call(_SERVICE, "delete_target_group", TargetGroupArn=arn))


def _target(props: Props) -> Props:
    port = {"Port": props["port"]} if props.get("port") else {}
    return {"Id": props["targetId"], **port}


def _attach(aws: Aws, props: Props) -> str:
    group = props["targetGroupArn"]
    aws.call(_SERVICE, "register_targets", TargetGroupArn=group, Targets=[_target(props)])
    return ",".join(map(str, (group, *_target(props).values())))


def _read_attachment(aws: Aws, _identity: str, props: Props) -> Props | None:
    group = props["targetGroupArn"]
    found = one(lambda: [aws.call(_SERVICE, "describe_target_health", TargetGroupArn=group)])
    wanted = _target(props).items()
    targets = [item["Target"] for item in (found or {}).get("TargetHealthDescriptions", [])]
    target = next((t for t in targets if wanted <= t.items()), None)
    if target is None:
        return None
    return {"targetGroupArn": group, "targetId": target["Id"], "port": target["Port"]}


def _detach(aws: Aws, identity: str, props: Props) -> None:
    if _read_attachment(aws, identity, props) is None:
        return  # AWS calls a target that is not there invalid
    group = props["targetGroupArn"]
    aws.call(_SERVICE, "deregister_targets", TargetGroupArn=group, Targets=[_target(props)])


TARGET_GROUP = [
    ResourceType(
        token="aws:lb/targetGroup:TargetGroup",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        replaces=_CREATED,
        updates=("healthCheck", *_ATTRIBUTES),
        computed=(
            "arn", "arnSuffix", "healthCheck", "ipAddressType", "loadBalancingAlgorithmType",
            "loadBalancingCrossZoneEnabled", "protocolVersion",
        ),
        defaults={"deregistrationDelay": 300, "slowStart": 0, "targetType": "instance"},
        name="name",
        name_limit=32,
    ),
    ResourceType(
        token="aws:lb/targetGroupAttachment:TargetGroupAttachment",
        create=_attach,
        read=_read_attachment,
        delete=_detach,
        replaces=("targetGroupArn", "targetId", "port"),
        tagged=False,
        required=("targetGroupArn", "targetId"),
    ),
]  # fmt: skip
