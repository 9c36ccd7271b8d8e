"""The table's firewall types: security groups and their single rules."""

from __future__ import annotations

from typing import Any

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.resource import (
    Change,
    ResourceType,
    live_tags,
    one,
    quietly,
    retag_ec2,
    tag_specifications,
)
from sandbox.aws_provider.values import Props

_DIRECTIONS = ("ingress", "egress")


def _group(aws: Aws, identity: str) -> Props | None:
    return one(lambda: aws.ec2("describe_security_groups", GroupIds=[identity])["SecurityGroups"])


def _create_group(aws: Aws, props: Props) -> str:
    params: dict[str, Any] = {"GroupName": props["name"], "Description": props["description"]}
    if vpc := props.get("vpcId"):
        params["VpcId"] = vpc
    tags = tag_specifications("security-group", props)
    identity: str = aws.ec2("create_security_group", **params, **tags)["GroupId"]
    # AWS opens all egress; the provider closes it, so that only the rules of the program hold.
    _revoke_all(aws, identity, "egress")
    for direction in _DIRECTIONS:
        _authorize(aws, identity, direction, props.get(direction, []))
    return identity


def _authorize(aws: Aws, identity: str, direction: str, rules: list[Props]) -> None:
    if permissions := [_permission(rule, identity) for rule in rules]:
        aws.ec2(
            f"authorize_security_group_{direction}", GroupId=identity, IpPermissions=permissions
        )


def _revoke_all(aws: Aws, identity: str, direction: str) -> None:
    found = _group(aws, identity) or {}
    key = "IpPermissions" if direction == "ingress" else "IpPermissionsEgress"
    if permissions := found.get(key):
        operation = f"revoke_security_group_{direction}"
        quietly(lambda: aws.ec2(operation, GroupId=identity, IpPermissions=permissions))


def _permission(rule: Props, own_id: str) -> Props:
    """One element of a group's `ingress` or `egress` as AWS's IpPermission."""
    note = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [*rule.get("securityGroups", []), *([own_id] if rule.get("self") else [])]
    permission = {
        "IpProtocol": str(rule["protocol"]),
        "FromPort": rule.get("fromPort"),
        "ToPort": rule.get("toPort"),
        "IpRanges": [{"CidrIp": cidr, **note} for cidr in rule.get("cidrBlocks", [])],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **note} for cidr in rule.get("ipv6CidrBlocks", [])],
        "PrefixListIds": [{"PrefixListId": name, **note} for name in rule.get("prefixListIds", [])],
        "UserIdGroupPairs": [{"GroupId": group, **note} for group in groups],
    }
    return {key: value for key, value in permission.items() if value not in (None, [])}


def _update_group(aws: Aws, identity: str, change: Change) -> None:
    for direction in _DIRECTIONS:
        if change.touches(direction):
            _revoke_all(aws, identity, direction)
            _authorize(aws, identity, direction, change.new.get(direction, []))
    retag_ec2(aws, [identity], change)


def _read_group(aws: Aws, identity: str, _props: Props) -> Props | None:
    found = _group(aws, identity)
    if found is None:
        return None
    return {
        **live_tags(found),
        "arn": aws.arn("ec2", f"security-group/{identity}"),
        "name": found["GroupName"],
        "description": found["Description"],
        "vpcId": found.get("VpcId", ""),
        "ownerId": found.get("OwnerId", aws.account_id),
    }


def _delete_group(aws: Aws, identity: str, _props: Props) -> None:
    for direction in _DIRECTIONS:
        _revoke_all(aws, identity, direction)  # a rule that names a group keeps it alive
    quietly(lambda: aws.ec2("delete_security_group", GroupId=identity))


_RULE_KEYS = {
    "ipProtocol": "IpProtocol",
    "fromPort": "FromPort",
    "toPort": "ToPort",
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
    "referencedSecurityGroupId": "ReferencedGroupId",
    "description": "Description",
}


def _rule_permission(props: Props) -> Props:
    note = {"Description": props["description"]} if props.get("description") else {}
    sources = {
        "IpRanges": ("cidrIpv4", "CidrIp"),
        "Ipv6Ranges": ("cidrIpv6", "CidrIpv6"),
        "PrefixListIds": ("prefixListId", "PrefixListId"),
        "UserIdGroupPairs": ("referencedSecurityGroupId", "GroupId"),
    }
    permission: dict[str, Any] = {"IpProtocol": str(props["ipProtocol"])}
    for key, name in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if key in props:
            permission[name] = props[key]
    for kind, (key, name) in sources.items():
        if props.get(key):
            permission[kind] = [{name: props[key], **note}]
    return permission


def _rule_properties(found: Props) -> Props:
    """What DescribeSecurityGroupRules says of one; ports only where the protocol has them."""
    source = found.get("ReferencedGroupInfo", {}).get("GroupId")
    values = {**found, "ReferencedGroupId": source}
    ports = () if found["IpProtocol"] == "-1" else ("fromPort", "toPort")
    keys = [key for key in _RULE_KEYS if key in ports or key not in ("fromPort", "toPort")]
    return {key: values[_RULE_KEYS[key]] for key in keys if values.get(_RULE_KEYS[key])}


def _rule_type(direction: str, token: str) -> ResourceType:
    """The entry for single ingress or egress rules: they differ only in the calls."""

    def create(aws: Aws, props: Props) -> str:
        answer = aws.ec2(
            f"authorize_security_group_{direction}",
            GroupId=props["securityGroupId"],
            IpPermissions=[_rule_permission(props)],
            **tag_specifications("security-group-rule", props),
        )
        return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def update(aws: Aws, identity: str, change: Change) -> None:
        if change.touches(*_RULE_KEYS):
            rule = {name: change.new[key] for key, name in _RULE_KEYS.items() if key in change.new}
            aws.ec2(
                "modify_security_group_rules",
                GroupId=change.new["securityGroupId"],
                SecurityGroupRules=[{"SecurityGroupRuleId": identity, "SecurityGroupRule": rule}],
            )
        retag_ec2(aws, [identity], change)

    def read(aws: Aws, identity: str, _props: Props) -> Props | None:
        found = one(
            lambda: aws.ec2("describe_security_group_rules", SecurityGroupRuleIds=[identity])[
                "SecurityGroupRules"
            ]
        )
        if found is None:
            return None
        return {
            **live_tags(found),
            "arn": aws.arn("ec2", f"security-group-rule/{identity}"),
            "securityGroupRuleId": identity,
            "securityGroupId": found["GroupId"],
            **_rule_properties(found),
        }

    def delete(aws: Aws, identity: str, props: Props) -> None:
        operation = f"revoke_security_group_{direction}"
        group = props["securityGroupId"]
        quietly(lambda: aws.ec2(operation, GroupId=group, SecurityGroupRuleIds=[identity]))

    return ResourceType(
        token=token,
        create=create,
        read=read,
        update=update,
        delete=delete,
        replaces=("securityGroupId",),
        updates=tuple(_RULE_KEYS),
        computed=("arn", "securityGroupRuleId"),
        required=("securityGroupId", "ipProtocol"),
    )


FIREWALL = [
    ResourceType(
        token="aws:ec2/securityGroup:SecurityGroup",
        create=_create_group,
        read=_read_group,
        update=_update_group,
        delete=_delete_group,
        replaces=("name", "description", "vpcId"),
        updates=("revokeRulesOnDelete", *_DIRECTIONS),
        computed=("arn", "ownerId"),
        defaults={"description": "Managed by Pulumi"},
        name="name",
    ),
    _rule_type("ingress", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
    _rule_type("egress", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
]
