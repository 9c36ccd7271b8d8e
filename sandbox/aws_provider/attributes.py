"""Load balancing keeps many settings as attributes: a list of keys with values in text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from sandbox.aws_provider.values import Props

# Property name -> (attribute's key, the property's type).
AttributeTable = Mapping[str, tuple[str, Literal["text", "number", "switch"]]]


def attribute_list(
    props: Props, table: AttributeTable, only: Collection[str] | None = None
) -> list[dict[str, str]]:
    """The properties that are set (of those in `only`) as the API's Attributes parameter."""
    return [
        {"Key": key, "Value": _text(props[name])}
        for name, (key, _) in table.items()
        if name in props and (only is None or name in only)
    ]


def from_attributes(found: list[dict[str, str]], table: AttributeTable) -> Props:
    """The API's attributes as properties; those that it does not list are left out."""
    values = {item["Key"]: item["Value"] for item in found}
    return {name: _value(values[key], kind) for name, (key, kind) in table.items() if key in values}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(text: str, kind: str) -> Any:
    if kind == "switch":
        return text == "true"
    return int(text) if kind == "number" else text
