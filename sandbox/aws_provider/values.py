"""Values as they cross the engine's protocol, and as AWS's API spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

Props = dict[str, Any]

# Pulumi's wire mark for "not known until it is created"; fixed by the protocol.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def from_struct(struct: Struct) -> Props:
    """A protocol struct as plain Python; whole numbers come back as int, nulls are left out."""
    return cast("Props", _plain(json_format.MessageToDict(struct)))


def to_struct(props: Mapping[str, Any]) -> Struct:
    """Plain Python as a protocol struct."""
    struct = Struct()
    struct.update({key: value for key, value in props.items() if value is not None})
    return struct


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: _plain(item) for key, item in items if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def has_unknown(value: Any) -> bool:
    """Whether the value, or anything inside it, is not known yet."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in cast("dict[str, Any]", value).values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in cast("list[Any]", value))
    return value == UNKNOWN


# Where AWS's name is not the property's name with a capital letter.
_AWS_NAMES = {
    "securityGroups": "Groups",
    "vpcSecurityGroupIds": "SecurityGroupIds",
    "securityGroupNames": "SecurityGroups",
    "ramDiskId": "RamDiskId",
}
# The provider's schema types these as strings, since TRUE, FALSE and unset differ.
_BOOLEANS = {
    "associateCarrierIpAddress",
    "associatePublicIpAddress",
    "deleteOnTermination",
    "ebsOptimized",
    "encrypted",
}


def aws_params(props: Mapping[str, Any]) -> Props:
    """Nested properties in AWS's spelling: PascalCase, tags as a list, empty values left out."""
    named = ((key, _aws_value(key, value)) for key, value in props.items())
    return {_aws_name(key): value for key, value in named if value not in (None, "", [], {})}


def pick(props: Mapping[str, Any], *keys: str) -> Props:
    """The named properties, in AWS's spelling, where they are set."""
    return aws_params({key: props[key] for key in keys if key in props})


def _aws_name(key: str) -> str:
    return _AWS_NAMES.get(key, key[:1].upper() + key[1:])


def _aws_value(key: str, value: Any) -> Any:
    if key == "tags":
        return tag_list(value)
    if key in _BOOLEANS and isinstance(value, str) and value:
        return value.lower() == "true"
    if isinstance(value, dict):
        return aws_params(cast("Props", value))
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [aws_params(cast("Props", i)) if isinstance(i, dict) else i for i in items]
    return value


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """{"Name": "x"} as AWS's [{"Key": "Name", "Value": "x"}]."""
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def tag_map(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """AWS's list of tags as a mapping, without the tags that AWS itself adds."""
    return {t["Key"]: t["Value"] for t in tags or [] if not t["Key"].startswith("aws:")}
