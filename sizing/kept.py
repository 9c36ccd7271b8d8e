"""Which modules a quantised checkpoint leaves in 16 bits, from the names its config lists."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from sizing.errors import InputError

MAX_NAMES = 50_000
MAX_PATTERNS = 64
MAX_LAYER_PATTERNS = 8
_MAX_REPEATS = 3
_SPELLINGS = (("block_sparse_moe", "mlp"), ("feed_forward", "mlp"))
_REPEAT = re.compile(r"(?<!\\)[*+{]")
_NESTED_REPEAT = re.compile(r"(?<!\\)\)[*+{]")


@dataclass(frozen=True, slots=True)
class KeepRules:
    """Module names to look up whole, and patterns to try one by one."""

    names: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]

    @property
    def depends_on_layer(self) -> bool:
        """Whether some layers are left alone and others of the same kind are not."""
        return any(_names_layer(name) for name in self.names) or any(
            _names_layer(p.pattern) for p in self.patterns
        )


def check_kept(names: Iterable[str], key: str) -> tuple[str, ...]:
    """The listed names, if they are few and simple enough to be matched in bounded time.

    Raises InputError for a pattern that does not compile, repeats inside a repeat, or is one of
    too many.
    """
    kept = tuple(names)
    patterns = [name for name in kept if _is_pattern(name)]
    if len(patterns) > MAX_PATTERNS:
        raise InputError(key, f"{len(patterns)} patterns", f"at most {MAX_PATTERNS}")
    by_layer = sum(_names_layer(pattern) for pattern in patterns)
    if by_layer > MAX_LAYER_PATTERNS:
        raise InputError(key, f"{by_layer} layer patterns", f"at most {MAX_LAYER_PATTERNS}")
    for pattern in patterns:
        _check_pattern(pattern, key)
    return kept


@lru_cache(maxsize=64)
def keep_rules(kept: tuple[str, ...]) -> KeepRules:
    """Rules for `kept`: a name matches as a run of whole dotted parts, anywhere."""
    return KeepRules(
        frozenset(_plain(name) for name in kept if not _is_pattern(name)),
        tuple(re.compile(_expression(name)) for name in kept if _is_pattern(name)),
    )


def is_kept(name: str, kept: tuple[str, ...], layer: int | None) -> bool:
    """Whether module `name` of layer number `layer` stays in 16 bits."""
    return bool(kept) and _is_kept(name, kept, layer or 0)


@lru_cache(maxsize=65536)
def _is_kept(name: str, kept: tuple[str, ...], layer: int) -> bool:
    rules = keep_rules(kept)
    full = f"layers.{layer}.{name}"
    if any(run in rules.names for run in _runs(full)):
        return True
    return any(p.match(f"model.{full}") for p in rules.patterns)


def _runs(full: str) -> Iterator[str]:
    parts = full.split(".")
    for start in range(len(parts)):
        for end in range(start + 1, len(parts) + 1):
            yield ".".join(parts[start:end])


def _names_layer(name: str) -> bool:
    return re.search(r"layers[.\\]+[\d(\[]", name) is not None


def _is_pattern(name: str) -> bool:
    return name.startswith("re:") or "*" in name


def _plain(name: str) -> str:
    """The name from `layers.` on, spelled as this project spells modules."""
    for other, ours in _SPELLINGS:
        name = name.replace(other, ours)
    _, layers, rest = name.rpartition("layers.")
    return layers + rest if layers else name


def _expression(name: str) -> str:
    if not name.startswith("re:"):
        return fnmatch.translate(f"*{_plain(name)}*")
    for other, ours in _SPELLINGS:
        name = name.replace(other, ours)
    return name.removeprefix("re:").removesuffix(".*")


def _check_pattern(pattern: str, key: str) -> None:
    allowed = f"a pattern with at most {_MAX_REPEATS} repeats, none inside another"
    if pattern.startswith("re:") and (
        len(pattern) > 300
        or len(_REPEAT.findall(_expression(pattern))) > _MAX_REPEATS
        or _NESTED_REPEAT.search(pattern)
    ):
        raise InputError(key, pattern, allowed)
    try:
        re.compile(_expression(pattern))
    except (re.error, RecursionError, OverflowError) as error:
        raise InputError(key, pattern, f"a valid pattern ({error})") from None
