"""What a RunInstances request means once its launch template is merged into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

Params = dict[str, Any]


def effective_request(template: Mapping[str, Any], request: Mapping[str, Any]) -> Params:
    """The template's data overlaid with the request, which wins.

    Structures are merged member by member; interfaces by card and device, volumes by device name,
    tags by resource type. Both arguments and the result use the API's own names.
    """
    merged = _overlay(dict(template), request)
    for key, identity in _LISTS.items():
        if items := _merge_list(template.get(key, []), request.get(key, []), identity):
            merged[key] = items
    if tags := _merge_tags([*template.get("TagSpecifications", []), *_request_tags(request)]):
        merged["TagSpecifications"] = tags
    return merged


def slot(interface: Mapping[str, Any]) -> tuple[int, int]:
    """(network card index, device index) of an interface specification; both default to 0."""
    return int(interface.get("NetworkCardIndex", 0)), int(interface.get("DeviceIndex", 0))


def _device_name(mapping: Mapping[str, Any]) -> str:
    return str(mapping.get("DeviceName"))


_LISTS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "NetworkInterfaces": slot,
    "BlockDeviceMappings": _device_name,
}


def _overlay(base: Params, top: Mapping[str, Any]) -> Params:
    for key, value in top.items():
        below = base.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            base[key] = _overlay(dict(cast("Params", below)), cast("Params", value))
        elif value not in (None, [], ""):
            base[key] = value
    return base


def _merge_list(
    below: Iterable[Mapping[str, Any]],
    top: Iterable[Mapping[str, Any]],
    identity: Callable[[Mapping[str, Any]], object],
) -> list[Params]:
    """Each item of `top` overlays its like in `below`; a repeat within one list stays a repeat."""
    merged = [dict(item) for item in below]
    free = list(merged)
    for item in top:
        like = next((known for known in free if identity(known) == identity(item)), None)
        if like is None:
            merged.append(dict(item))
        else:
            free.remove(like)
            _overlay(like, item)
    return merged


def _request_tags(request: Mapping[str, Any]) -> list[Params]:
    # Older calls spell the parameter in the singular.
    return request.get("TagSpecifications") or request.get("TagSpecification") or []


def _merge_tags(specifications: Iterable[Mapping[str, Any]]) -> list[Params]:
    by_type: dict[str, dict[str, str]] = {}
    for specification in specifications:
        tags = by_type.setdefault(specification["ResourceType"], {})
        tags.update({tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags", [])})
    return [
        {"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
        for kind, tags in by_type.items()
    ]
