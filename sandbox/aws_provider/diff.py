"""What changed between two sets of inputs, and whether the change replaces the resource."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from sandbox.aws_provider.values import Props

Kind = Literal["add", "delete", "update"]


@dataclass(frozen=True)
class PropertyChange:
    """One changed leaf: its path as Pulumi prints it, what happened, does it force replacement."""

    path: str
    kind: Kind
    replaces: bool

    @property
    def root(self) -> str:
        """The top-level property that the path lies in."""
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]


def changes(
    old: Props, new: Props, replacing: Collection[str], ignored: Iterable[str] = ()
) -> list[PropertyChange]:
    """Every difference from `old` to `new` inputs.

    `replacing` names the properties (or dotted paths, without list indices) that cannot be changed
    in place; `ignored` holds the program's `ignore_changes` paths. An unknown new value counts as
    a change, since it may turn out to be one.
    """
    kept = [_without_indices(path) for path in ignored]
    return [
        PropertyChange(path, kind, _within(path, replacing))
        for path, kind in _walk("", old, new)
        if not _within(path, kept)
    ]


def _walk(path: str, old: Any, new: Any) -> Iterator[tuple[str, Kind]]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _walk_mapping(path, cast("Props", old), cast("Props", new))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _walk_list(path, cast("list[Any]", old), cast("list[Any]", new))
    else:
        yield path, "update"


def _walk_mapping(
    path: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, Kind]]:
    for key in sorted(old.keys() | new.keys()):
        inner = _join(path, key)
        if key not in new:
            yield inner, "delete"
        elif key not in old:
            yield inner, "add"
        else:
            yield from _walk(inner, old[key], new[key])


def _walk_list(path: str, old: list[Any], new: list[Any]) -> Iterator[tuple[str, Kind]]:
    for index in range(max(len(old), len(new))):
        inner = f"{path}[{index}]"
        if index >= len(new):
            yield inner, "delete"
        elif index >= len(old):
            yield inner, "add"
        else:
            yield from _walk(inner, old[index], new[index])


def _join(path: str, key: str) -> str:
    if not re.fullmatch(r"\w+", key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _without_indices(path: str) -> str:
    return re.sub(r"\[(?:\d+|\*)\]", "", path)


def _within(path: str, names: Collection[str]) -> bool:
    bare = _without_indices(path)
    return any(bare == name or bare.startswith((f"{name}.", f'{name}["')) for name in names)
