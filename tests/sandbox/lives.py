"""A resource's whole life through its table entry: created, read, changed, deleted."""

from __future__ import annotations

from typing import Any, cast

from sandbox.aws_provider.check import DEFAULTS, Naming, check_inputs
from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.diff import changes
from sandbox.aws_provider.registry import RESOURCES
from sandbox.aws_provider.resource import Change, ResourceType, same_value

# (token, inputs, changed inputs); "$name" stands for an id.
Case = tuple[str, dict[str, Any], dict[str, Any]]
# Settings of the provider's own; `tags` come back as `tagsAll`; a secret may be named in two ways.
_NOT_AT_AWS = {
    "confirmationTimeoutInMinutes", "endpointAutoConfirms", "forceDestroy", "overwrite",
    "recoveryWindowInDays", "secretId", "skipDestroy", "tags", DEFAULTS,
}  # fmt: skip


class Maker:
    """Creates resources by token with checked inputs, as the provider does."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.made = 0

    def checked(self, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
        self.made += 1
        naming = Naming("r", str(self.made).encode())
        found, failures = check_inputs(RESOURCES[token], {}, inputs, naming, {"Team": "ml"})
        assert failures == []
        return found

    def make(self, token: str, **inputs: Any) -> str:
        return RESOURCES[token].create(self.aws, self.checked(token, inputs))


def live_through(
    token: str, maker: Maker, given: dict[str, Any], changed: dict[str, Any], remains: bool = False
) -> None:
    """Create with `given`, change in place, delete; `remains` where AWS then keeps something."""
    kind = RESOURCES[token]
    aws = maker.aws
    old = maker.checked(token, given)
    identity = kind.create(aws, old)
    assert_no_drift(kind, aws, identity, old)
    live = kind.read(aws, identity, old) or {}
    missing = set(kind.computed) - live.keys() - old.keys()
    assert missing == set(), "what the entry calls computed must be there after creation"

    new = {**old, **changed}
    if kind.tagged:
        new["tagsAll"] = {"Team": "ml", **new.get("tags", {})}
    found = changes(old, new, kind.replaces)
    assert [change for change in found if change.replaces] == []
    if kind.update:
        kind.update(aws, identity, Change(old, new, found))
    assert_no_drift(kind, aws, identity, new)

    kind.delete(aws, identity, new)
    assert remains or kind.read(aws, identity, new) is None
    kind.delete(aws, identity, new)  # a second deletion is no error


def resolved(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: resolved(item, ids) for key, item in items}
    if isinstance(value, list):
        return [resolved(item, ids) for item in cast("list[Any]", value)]
    is_reference = isinstance(value, str) and value[:1] == "$" and value[1:].isalnum()
    return ids[value[1:]] if is_reference else value


def assert_no_drift(kind: ResourceType, aws: Aws, identity: str, inputs: dict[str, Any]) -> None:
    live = kind.read(aws, identity, inputs)
    assert live is not None
    seen = {key: live[key] for key in live.keys() & inputs.keys()}
    assert all(same_value(inputs[key], value) for key, value in seen.items()), (inputs, seen)


def assert_all_read_back(token: str, aws: Aws, identity: str, inputs: dict[str, Any]) -> None:
    """Whatever a program sets is looked up again, but for what AWS itself is not told."""
    live = RESOURCES[token].read(aws, identity, inputs)
    assert live is not None
    assert inputs.keys() - live.keys() - _NOT_AT_AWS == set()
