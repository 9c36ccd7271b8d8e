"""Encrypted disks: every EBS volume that is made, alone or with a machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.resources import LAUNCH_TEMPLATE, LAUNCHES, VOLUME, Resource
from policy.values import UNKNOWN, block, blocks, is_true, text


def unencrypted_disks(resource: Resource, encrypted_by_default: bool = False) -> str | None:
    """Which disks are not encrypted.

    With `encrypted_by_default` the account encrypts what says nothing; then only a disk that
    refuses to be encrypted is wrong.
    """
    wrong = [
        f"{name} {_state(encrypted)}"
        for name, encrypted in _disks(resource)
        if _is_wrong(encrypted, encrypted_by_default)
    ]
    return f"{', '.join(wrong)}: it must be true" if wrong else None


def _is_wrong(encrypted: object, encrypted_by_default: bool) -> bool:
    if encrypted is UNKNOWN or is_true(encrypted):
        return False
    return encrypted is not None or not encrypted_by_default


def _state(encrypted: object) -> str:
    return "is not set" if encrypted is None else f"is {str(encrypted).lower()}"


def _disks(resource: Resource) -> Iterator[tuple[str, object]]:
    """Each disk's property by name, and its value."""
    if resource.kind == VOLUME:
        yield "encrypted", resource.props.get("encrypted")
    elif resource.kind == LAUNCH_TEMPLATE:
        yield from _template_disks(resource.props)
    elif resource.kind in LAUNCHES:
        yield from _machine_disks(resource)


def _template_disks(props: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    mappings = props.get("blockDeviceMappings")
    if mappings is UNKNOWN:
        return
    if not mappings:
        # The image brings its own root volume then, and few images are encrypted.
        yield "blockDeviceMappings (the root volume's ebs.encrypted)", None
    for mapping in blocks(mappings):
        if mapping.get("ebs") is not UNKNOWN and "ebs" in mapping:
            yield (
                _named("blockDeviceMappings", mapping, ".ebs"),
                block(mapping["ebs"]).get("encrypted"),
            )


def _machine_disks(resource: Resource) -> Iterator[tuple[str, object]]:
    root = resource.props.get("rootBlockDevice")
    if root is not UNKNOWN and (root or not resource.has_template):
        yield "rootBlockDevice.encrypted", block(root).get("encrypted")
    for device in blocks(resource.props.get("ebsBlockDevices")):
        yield _named("ebsBlockDevices", device), device.get("encrypted")


def _named(prop: str, device: Mapping[str, Any], inner: str = "") -> str:
    return f"{prop}[{text(device.get('deviceName')) or '?'}]{inner}.encrypted"
