"""What the provider's functions share: how they ask, and what they say without an answer."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.aws_provider.clients import Aws
from sandbox.aws_provider.values import Props

Invoke = Callable[[Aws, Props], Props]


class InvokeError(Exception):
    """The function has no answer; the message is for the program's author."""


def filters(args: Props) -> list[Props]:
    return [{"Name": f["name"], "Values": f["values"]} for f in args.get("filters", [])]


def single(found: list[Props], what: str, args: Props) -> Props:
    """The one match; like the real provider, none or several is an error."""
    if len(found) == 1:
        return found[0]
    problem = "no" if not found else f"{len(found)} matching"
    raise InvokeError(f"{problem} {what} found for {args}; the query must match exactly one")
