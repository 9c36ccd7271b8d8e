"""What can be configured: the engine holds a configuration against these before it starts."""

from __future__ import annotations

from typing import Any

from pulumi_policy import PolicyConfigSchema

from policy.firewall import SSH
from policy.tags import OWN_TAGS

_PORTS = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 65535}}
_NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}}


def _schema(**properties: dict[str, Any]) -> PolicyConfigSchema:
    return PolicyConfigSchema(properties=properties)


DISKS = _schema(
    encryptedByDefault={
        "type": "boolean",
        "default": False,
        "description": "Whether the account encrypts new EBS volumes that say nothing themselves.",
    }
)
OPEN_PORTS = _schema(
    ports={**_PORTS, "default": [SSH], "description": "TCP ports that no address may reach."}
)
OPEN_TO_EVERYONE = _schema(
    exceptPorts={
        **_PORTS,
        "default": [],
        "description": "Single ports that may be open to the whole internet.",
    }
)
TAGS = _schema(
    required={**_NAMES, "default": list(OWN_TAGS), "description": "Tags that must be there."}
)
INSTANCE_TYPES = _schema(
    environments={
        "type": "object",
        "additionalProperties": _NAMES,
        "default": {},
        "description": "Allowed types by stack name; both may be patterns (prod-*, g6.*). A stack "
        "without an entry may use the catalogue's types.",
    }
)
BUDGET = _schema(
    monthlyUsd={
        "type": "object",
        "additionalProperties": {"type": "number", "minimum": 0},
        "default": {},
        "description": "USD a month by stack name or pattern; no entry: no limit.",
    },
    hoursPerMonth={
        "type": "number",
        "minimum": 0,
        "maximum": 744,
        "default": 0,
        "description": "Hours a month that machines run; 0: what a plan says, else 730.",
    },
    allowUnknownPrice={
        "type": "boolean",
        "default": False,
        "description": "Whether what has no known price passes where there is a limit.",
    },
)
WARNING = _schema(
    warnAt={
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0.8,
        "description": "Share of the budget from which on a warning is shown.",
    }
)
