"""What a program's inputs become before they are compared or sent: names, defaults, tags."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.aws_provider.resource import ResourceType
from sandbox.aws_provider.values import UNKNOWN, Props, has_unknown

# Lists the properties that were filled in, as the real provider's bridge does in its state.
DEFAULTS = "__defaults"
_SUFFIX_LENGTH = 7


@dataclass(frozen=True)
class Naming:
    """What the engine offers for a generated name: a proposal, and a seed that it keeps."""

    resource: str
    seed: bytes = b""
    proposed: str = ""

    def suffix(self) -> str:
        """Seven hex digits that depend only on the seed."""
        return hashlib.sha256(self.seed or self.resource.encode()).hexdigest()[:_SUFFIX_LENGTH]


@dataclass(frozen=True)
class Failure:
    """Why an input is refused; `prop` is empty where no single property is at fault."""

    prop: str
    reason: str


def check_inputs(
    kind: ResourceType, olds: Props, news: Props, naming: Naming, default_tags: Mapping[str, str]
) -> tuple[Props, list[Failure]]:
    """The inputs to keep in state, and what is wrong with them."""
    inputs = {**kind.defaults, **{k: v for k, v in news.items() if not k.startswith("__")}}
    if kind.name and not inputs.get(kind.name):
        inputs[kind.name] = _generated_name(kind.name, olds, inputs, naming)
        inputs[DEFAULTS] = [kind.name]
    inputs.pop("namePrefix", None)
    if kind.tagged:
        inputs["tagsAll"] = all_tags(default_tags, inputs.get("tags", {}))
    return inputs, _failures(kind, news, inputs)


def all_tags(default_tags: Mapping[str, str], own: Any) -> Any:
    """The provider's default tags overlaid with the resource's; unknown if any tag is."""
    return UNKNOWN if has_unknown(own) else {**default_tags, **own}


def _generated_name(prop: str, olds: Props, inputs: Props, naming: Naming) -> str:
    if prop in olds.get(DEFAULTS, []):
        return olds[prop]
    if prefix := inputs.get("namePrefix"):
        return f"{prefix}{naming.suffix()}"
    return naming.proposed or f"{naming.resource}-{naming.suffix()}"


def _failures(kind: ResourceType, news: Props, inputs: Props) -> list[Failure]:
    missing = [key for key in kind.required if inputs.get(key) in (None, "")]
    return [
        *(Failure(key, f"missing required property {key!r}") for key in missing),
        *(Failure(key, _unsupported(kind, key)) for key in sorted(_strangers(kind, news))),
        *_too_long(kind, inputs),
    ]


def _too_long(kind: ResourceType, inputs: Props) -> list[Failure]:
    name = inputs.get(kind.name) if kind.name else None
    if not isinstance(name, str) or name == UNKNOWN or not 0 < kind.name_limit < len(name):
        return []
    reason = f"{name!r} has {len(name)} characters; at most {kind.name_limit} are allowed"
    return [Failure(kind.name or "", reason)]


def _strangers(kind: ResourceType, news: Props) -> set[str]:
    return {key for key in news if not key.startswith("__")} - kind.known_properties


def _unsupported(kind: ResourceType, key: str) -> str:
    near = difflib.get_close_matches(key, sorted(kind.known_properties), n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f"the stand-in aws provider does not support {key!r} of {kind.token}{hint}"
