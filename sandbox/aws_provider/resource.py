"""What the provider must know about one resource type: an entry of the table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from sandbox.aws_provider.clients import Aws, AwsError
from sandbox.aws_provider.diff import PropertyChange
from sandbox.aws_provider.values import UNKNOWN, Props, tag_list, tag_map


@dataclass(frozen=True)
class Change:
    """An update in place: the inputs before and after, and what differs."""

    old: Props
    new: Props
    changes: list[PropertyChange]

    def touches(self, *roots: str) -> bool:
        """Whether any of these top-level properties changed."""
        return any(change.root in roots for change in self.changes)


@dataclass(frozen=True)
class ResourceType:
    """One entry. A property that is in neither `replaces` nor `updates` is refused at check.

    `create` returns the new id; `read` gives the live properties, or None when it is gone;
    `computed` are outputs that only AWS knows; `volatile` those that a change will alter;
    `replaces_when` adds to `replaces` depending on the new inputs; a dotted path in `replaces`
    overrules its root in `updates`; `name` gets a generated name when it is left out, which may be
    `name_limit` characters long (0: any length).
    """

    token: str
    create: Callable[[Aws, Props], str]
    read: Callable[[Aws, str, Props], Props | None]
    delete: Callable[[Aws, str, Props], None]
    update: Callable[[Aws, str, Change], None] | None = None
    replaces: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    volatile: Callable[[Change], Iterable[str]] = lambda _: ()
    replaces_when: Callable[[Props], Iterable[str]] = lambda _: ()
    defaults: Props = field(default_factory=dict[str, Any])
    name: str | None = None
    name_limit: int = 0
    tagged: bool = True
    required: tuple[str, ...] = ()

    @property
    def known_properties(self) -> set[str]:
        """Every property that a program may set."""
        tags = {"tags", "tagsAll"} if self.tagged else set[str]()
        prefix = {"namePrefix"} if self.name == "name" else set[str]()
        roots = {path.split(".")[0] for path in (*self.replaces, *self.updates)}
        return {"region", *roots, *tags, *prefix}

    def planned(self, inputs: Props) -> Props:
        """The outputs to show before creation: what is given, and what is not known yet."""
        return {**{key: UNKNOWN for key in self.computed if key not in inputs}, **inputs}


def one(answer: Callable[[], list[Props]]) -> Props | None:
    """The single thing that a describe call finds, or None where AWS says it does not exist."""
    try:
        found = answer()
    except AwsError as error:
        if is_gone(error):
            return None
        raise
    return found[0] if found else None


def is_gone(error: AwsError) -> bool:
    """Whether the error says that the thing does not exist."""
    return any(mark in error.code for mark in ("NotFound", "NoSuchEntity", ".Unknown"))


def quietly(call: Callable[[], object]) -> None:
    """Run a deletion; a thing that is gone already is deleted."""
    try:
        call()
    except AwsError as error:
        if not is_gone(error):
            raise


def first(items: list[Props] | None) -> Props:
    """The first of a list that AWS may leave out; empty where there is none."""
    return items[0] if items else {}


def deleter(operation: str, parameter: str) -> Callable[[Aws, str, Props], None]:
    """A deletion that is one EC2 call with the id."""

    def delete(aws: Aws, identity: str, _props: Props) -> None:
        quietly(lambda: aws.ec2(operation, **{parameter: identity}))

    return delete


def live_tags(found: Props) -> Props:
    """The `tagsAll` output from a describe call's answer."""
    return {"tagsAll": tag_map(found.get("Tags"))}


def retag(aws: Aws, identity: str, change: Change) -> None:
    """An update that can only touch an EC2 resource's tags."""
    retag_ec2(aws, [identity], change)


def tag_specifications(kind: str, props: Props) -> Props:
    """The TagSpecifications parameter for a creating EC2 call; empty where there are no tags."""
    tags = tag_list(props.get("tagsAll") or props.get("tags"))
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}


def retag_ec2(aws: Aws, ids: Iterable[str], change: Change) -> None:
    """Make an EC2 resource's tags what the new inputs say."""
    targets = list(ids)
    added, removed = tag_changes(change)
    if removed:
        aws.ec2("delete_tags", Resources=targets, Tags=[{"Key": key} for key in removed])
    if added:
        aws.ec2("create_tags", Resources=targets, Tags=tag_list(added))


def retag_by_arn(aws: Aws, service: str, parameter: str, arn: str, change: Change) -> None:
    """The same with a service whose tag_resource and untag_resource take the ARN as `parameter`."""
    added, removed = tag_changes(change)
    named = {parameter: arn}
    if removed:
        aws.call(service, "untag_resource", **named, TagKeys=removed)
    if added:
        aws.call(service, "tag_resource", **named, Tags=tag_list(added))


def tag_changes(change: Change) -> tuple[dict[str, str], list[str]]:
    """(tags to set, names to remove)."""
    old: dict[str, str] = change.old.get("tagsAll", {})
    new: dict[str, str] = change.new.get("tagsAll", {})
    added = {key: value for key, value in new.items() if old.get(key) != value}
    return added, [key for key in old if key not in new]


def given_tags(props: Props) -> Props:
    """The Tags parameter for a creating call; empty where there are no tags."""
    tags = tag_list(props.get("tagsAll") or props.get("tags"))
    return {"Tags": tags} if tags else {}


def same_value(one_value: Any, other: Any) -> bool:
    """Equality that overlooks the order of a list of scalars and the layout of a JSON document."""
    if isinstance(one_value, list) and isinstance(other, list):
        first, second = cast("list[Any]", one_value), cast("list[Any]", other)
        if all(isinstance(item, str) for item in (*first, *second)):
            return sorted(first) == sorted(second)
    if isinstance(one_value, str) and isinstance(other, str) and one_value[:1] == "{":
        try:
            return json.loads(one_value) == json.loads(other)
        except ValueError:
            return False
    return one_value == other
