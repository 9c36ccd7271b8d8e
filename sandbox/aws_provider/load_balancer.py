"""The table's load balancer and its listeners."""

from __future__ import annotations

from sandbox.aws_provider.attributes import AttributeTable, attribute_list, from_attributes
from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    given_tags,
    one,
    quietly,
    tag_changes,
)
from sandbox.aws_provider.values import Props, pick, tag_list, tag_map

_SERVICE = "elbv2"
_ATTRIBUTES: AttributeTable = {
    "clientKeepAlive": ("client_keep_alive.seconds", "number"),
    "desyncMitigationMode": ("routing.http.desync_mitigation_mode", "text"),
    "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", "switch"),
    "enableDeletionProtection": ("deletion_protection.enabled", "switch"),
    "enableHttp2": ("routing.http2.enabled", "switch"),
    "idleTimeout": ("idle_timeout.timeout_seconds", "number"),
    "preserveHostHeader": ("routing.http.preserve_host_header.enabled", "switch"),
    "xffHeaderProcessingMode": ("routing.http.xff_header_processing.mode", "text"),
}


def elb_tags(aws: Aws, arn: str) -> Props:
    """The `tagsAll` output of something of load balancing."""
    answer = aws.call(_SERVICE, "describe_tags", ResourceArns=[arn])
    return {"tagsAll": tag_map(answer["TagDescriptions"][0]["Tags"])}


def retag_elb(aws: Aws, arn: str, change: Change) -> None:
    """Make the tags of something of load balancing what the new inputs say."""
    added, removed = tag_changes(change)
    if removed:
        aws.call(_SERVICE, "remove_tags", ResourceArns=[arn], TagKeys=removed)
    if added:
        aws.call(_SERVICE, "add_tags", ResourceArns=[arn], Tags=tag_list(added))


def arn_suffix(arn: str) -> str:
    """The part of an ARN that metrics are named by: "app/name/0123456789abcdef"."""
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")


def _create(aws: Aws, props: Props) -> str:
    answer = aws.call(
        _SERVICE,
        "create_load_balancer",
        Name=props["name"],
        Scheme="internal" if props.get("internal") else "internet-facing",
        Type=props["loadBalancerType"],
        Subnets=props.get("subnets", []),
        **_groups(props),
        **pick(props, "ipAddressType"),
        **given_tags(props),
    )
    arn: str = answer["LoadBalancers"][0]["LoadBalancerArn"]
    _set_attributes(aws, arn, attribute_list(props, _ATTRIBUTES))
    return arn


def _groups(props: Props) -> Props:
    groups = props.get("securityGroups")
    return {"SecurityGroups": groups} if groups else {}


def _set_attributes(aws: Aws, arn: str, attributes: list[dict[str, str]]) -> None:
    if attributes:
        aws.call(
            _SERVICE, "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=attributes
        )


def _update(aws: Aws, arn: str, change: Change) -> None:
    named = {"LoadBalancerArn": arn}
    if change.touches("subnets"):
        aws.call(_SERVICE, "set_subnets", **named, Subnets=change.new["subnets"])
    if change.touches("securityGroups"):
        aws.call(_SERVICE, "set_security_groups", **named, **_groups(change.new))
    if change.touches("ipAddressType"):
        aws.call(_SERVICE, "set_ip_address_type", **named, **pick(change.new, "ipAddressType"))
    changed = {name for name in _ATTRIBUTES if change.touches(name)}
    _set_attributes(aws, arn, attribute_list(change.new, _ATTRIBUTES, changed))
    retag_elb(aws, arn, change)


def _read(aws: Aws, arn: str, _props: Props) -> Props | None:
    found = one(
        lambda: aws.call(_SERVICE, "describe_load_balancers", LoadBalancerArns=[arn])[
            "LoadBalancers"
        ]
    )
    if found is None:
        return None
    return {**load_balancer_outputs(aws, found), **elb_tags(aws, arn)}


def load_balancer_outputs(aws: Aws, found: Props) -> Props:
    """What DescribeLoadBalancers says of one, and its attributes, as properties."""
    arn: str = found["LoadBalancerArn"]
    listed = aws.call(_SERVICE, "describe_load_balancer_attributes", LoadBalancerArn=arn)
    return {
        **from_attributes(listed["Attributes"], _ATTRIBUTES),
        "arn": arn,
        "arnSuffix": arn_suffix(arn),
        "dnsName": found["DNSName"],
        "internal": found["Scheme"] == "internal",
        "ipAddressType": found["IpAddressType"],
        "loadBalancerType": found["Type"],
        "name": found["LoadBalancerName"],
        "securityGroups": sorted(found.get("SecurityGroups", [])),
        "subnets": sorted(zone["SubnetId"] for zone in found["AvailabilityZones"]),
        "vpcId": found["VpcId"],
        "zoneId": found["CanonicalHostedZoneId"],
    }


def _delete(aws: Aws, arn: str, _props: Props) -> None:
    quietly(lambda: aws.call(_SERVICE, "delete_load_balancer", LoadBalancerArn=arn))


LOAD_BALANCER = [
    ResourceType(
        token="aws:lb/loadBalancer:LoadBalancer",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        replaces=("name", "internal", "loadBalancerType"),
        updates=("ipAddressType", "securityGroups", "subnets", *_ATTRIBUTES),
        computed=("arn", "arnSuffix", "dnsName", "ipAddressType", "vpcId", "zoneId"),
        defaults={
            "clientKeepAlive": 3600,
            "desyncMitigationMode": "defensive",
            "dropInvalidHeaderFields": False,
            "enableDeletionProtection": False,
            "enableHttp2": True,
            "idleTimeout": 60,
            "internal": False,
            "loadBalancerType": "application",
            "preserveHostHeader": False,
            "xffHeaderProcessingMode": "append",
        },
        name="name",
        name_limit=32,
        required=("subnets",),
    ),
]
