"""The policies over single resources: they block before the resource is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

from policy import schemas
from policy.adapter import planned_resource
from policy.addresses import public_address
from policy.disks import unencrypted_disks
from policy.firewall import SSH, open_ports, open_to_everyone
from policy.instance_types import type_not_allowed
from policy.metadata import weak_metadata
from policy.resources import Resource
from policy.tags import OWN_TAGS, missing_tags
from policy.values import is_true

Check = Callable[[Resource, Mapping[str, Any]], str | None]
"""What is wrong with a resource under a configuration, None where nothing is."""


def guards() -> list[Policy]:
    """The policies, all mandatory."""
    return [
        guard(
            "imdsv2-required",
            "Instances give out credentials only to IMDSv2 session tokens.",
            lambda resource, _: weak_metadata(resource),
        ),
        guard(
            "disks-encrypted",
            "EBS volumes are encrypted.",
            lambda r, c: unencrypted_disks(r, is_true(c.get("encryptedByDefault"))),
            schemas.DISKS,
        ),
        guard(
            "no-public-address",
            "Nothing has an address on the internet.",
            lambda resource, _: public_address(resource),
        ),
        guard(
            "no-ssh",
            "No address range reaches port 22: nodes are reached with Session Manager.",
            lambda r, c: open_ports(r, _ports(c, "ports", [SSH])),
            schemas.OPEN_PORTS,
        ),
        guard(
            "not-open-to-everyone",
            "Nothing is open to the whole internet.",
            lambda r, c: open_to_everyone(r, _ports(c, "exceptPorts", [])),
            schemas.OPEN_TO_EVERYONE,
        ),
        guard(
            "required-tags",
            "What is made carries the tags by which it and its bill are found again.",
            lambda r, c: missing_tags(r, c.get("required", OWN_TAGS)),
            schemas.TAGS,
        ),
        guard(
            "allowed-instance-types",
            "An environment uses only the instance types that it may use.",
            lambda r, c: type_not_allowed(r, c.get("environments", {})),
            schemas.INSTANCE_TYPES,
        ),
    ]


def guard(
    name: str, description: str, check: Check, schema: PolicyConfigSchema | None = None
) -> ResourceValidationPolicy:
    """A mandatory policy that reports what `check` finds."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = planned_resource(args)
        if found := check(resource, args.get_config()):
            report(f"{resource.name}: {found}", None)

    return ResourceValidationPolicy(
        name=name,
        description=description,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=schema,
    )


def _ports(config: Mapping[str, Any], key: str, default: list[int]) -> list[int]:
    # Numbers of a configuration arrive as floats.
    return [int(port) for port in config.get(key, default)]
