"""EC2's actions on single security group rules, where moto forgets a part of them."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses import EC2Response

_NO_PORTS = {"FromPort": -1, "ToPort": -1}


class SecurityRuleActions(EC2Response):
    """As moto's, with what else of a rule can be modified."""

    def modify_security_group_rules(self) -> ActionResult:
        """moto demands ports of every protocol, and overlooks all sources but IPv4 ranges."""
        changes: list[dict[str, Any]] = self._get_param("SecurityGroupRules", [])
        for change in changes:
            asked = change["SecurityGroupRule"]
            if asked.get("IpProtocol") == "-1":
                change["SecurityGroupRule"] = {**_NO_PORTS, **asked}
        result = super().modify_security_group_rules()
        group = self.ec2_backend.get_security_group_from_id(self._get_param("GroupId"))
        for change in changes:
            _complete(group.get_rule(change["SecurityGroupRuleId"]), change["SecurityGroupRule"])
        return result


def install() -> None:
    """Let every rule say its description, not only one with an address range."""
    setattr(SecurityGroupRule, "description", property(_description))  # noqa: B010 -- moto has no setter


def _complete(rule: Any, asked: dict[str, Any]) -> None:
    if group := asked.get("ReferencedGroupId"):
        rule.source_group = {**rule.source_group, "GroupId": group}
    if cidr := asked.get("CidrIpv6"):
        rule.ip_range["CidrIpv6"] = cidr
    if asked.get("IpProtocol") == "-1":
        rule.from_port = rule.to_port = None


def _description(rule: Any) -> str | None:
    group: dict[str, str] = rule.source_group or {}
    return rule.ip_range.get("Description") or group.get("Description")
