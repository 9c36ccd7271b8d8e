"""Typed, bounded reading of a config.json that anyone may have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from sizing.errors import InputError

Json = Mapping[str, object]
MAX_LAYERS = 512
MAX_ITEMS = 2_000
MAX_SIZE = 10_000_000


class Facts:
    """One JSON object of a config; every getter checks type and range and names the key.

    A key that is absent or null takes the default; without a default it is an InputError.
    """

    def __init__(self, data: Json, path: str = "") -> None:
        self._data = data
        self._path = path

    def __contains__(self, key: str) -> bool:
        return self._data.get(key) is not None

    def key(self, name: str) -> str:
        """The key's full path, for messages."""
        return f"{self._path}{name}"

    def first(self, *names: str) -> str:
        """The first of these keys that is present, else the first."""
        for name in names:
            if self._data.get(name) is not None:
                return name
        return names[0]

    def size(
        self, *names: str, default: int | None = None, low: int = 1, high: int = MAX_SIZE
    ) -> int:
        """A whole number in [low, high] under the first of `names` that is present."""
        name = self.first(*names)
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(self.key(name), value, "a whole number")
        if not low <= value <= high:
            raise InputError(self.key(name), value, f"{low} to {high}", min(max(value, low), high))
        return value

    def first_size(self, *names: str, high: int = MAX_SIZE) -> int:
        """A whole number, or the first of a list that gives one per layer."""
        name = self.first(*names)
        value = self._data.get(name)
        if isinstance(value, list):
            listed = self.sizes(name)
            return Facts({name: listed[0] if listed else None}, self._path).size(name, high=high)
        return self.size(name, high=high)

    def count(self, *names: str, default: int | None = None, high: int = MAX_SIZE) -> int:
        """A whole number that may be 0."""
        return self.size(*names, default=default, low=0, high=high)

    def opt_size(self, *names: str, high: int = MAX_SIZE) -> int | None:
        """A whole number of at least 1, or None where absent, null or 0."""
        name = self.first(*names)
        if name not in self or self._data[name] == 0:
            return None
        return self.size(name, high=high)

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(self.key(name), value, "a number")
        return float(value)

    def flag(self, *names: str, default: bool) -> bool:
        """True or false."""
        name = self.first(*names)
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise InputError(self.key(name), value, "true or false")
        return value

    def text(self, *names: str, default: str | None = None) -> str:
        """A string."""
        name = self.first(*names)
        value = self._get(name, default)
        if not isinstance(value, str):
            raise InputError(self.key(name), value, "text")
        return value

    def sub(self, name: str) -> Facts:
        """A nested object; empty where absent."""
        value = self._get(name, cast(object, {}))
        if not isinstance(value, Mapping):
            raise InputError(self.key(name), value, "an object")
        return Facts(cast(Json, value), f"{self.key(name)}.")

    def part(self, name: str, *inherited: str) -> Facts:
        """A nested object that takes `inherited` keys from here; this object where it is absent."""
        if name not in self:
            return self
        nested = self.sub(name)
        missing = {k: self._data[k] for k in inherited if k in self and k not in nested}
        return Facts({**nested._data, **missing}, nested._path) if missing else nested

    def with_defaults(self, defaults: Json) -> Facts:
        """These facts, with `defaults` where a key is absent or null."""
        given = {k: v for k, v in self._data.items() if v is not None}
        return Facts({**defaults, **given}, self._path)

    def overridden(self, **values: int) -> Facts:
        """These facts with other values for some keys."""
        return Facts({**self._data, **values}, self._path)

    def names(self) -> list[str]:
        """The keys that are present; at most 2000."""
        if len(self._data) > MAX_ITEMS:
            raise InputError(self.key("*"), f"{len(self._data)} keys", f"at most {MAX_ITEMS}")
        return [name for name in self._data if name in self]

    def is_text(self, name: str) -> bool:
        """Whether this key holds a string."""
        return isinstance(self._data.get(name), str)

    def items(self, name: str, *, at_most: int = MAX_ITEMS) -> list[object]:
        """A list of at most `at_most` values; empty where absent."""
        value = self._get(name, cast(object, []))
        if not isinstance(value, list):
            raise InputError(self.key(name), value, "a list")
        values = cast(list[object], value)
        if len(values) > at_most:
            raise InputError(self.key(name), f"{len(values)} values", f"at most {at_most}")
        return values

    def texts(self, name: str, *, at_most: int = MAX_ITEMS) -> list[str]:
        """A list of strings; empty where absent."""
        values = self.items(name, at_most=at_most)
        if not all(isinstance(v, str) for v in values):
            raise InputError(self.key(name), values, "a list of texts")
        return cast(list[str], values)

    def sizes(self, name: str, *, at_most: int = MAX_ITEMS) -> list[int]:
        """A list of whole numbers of at least 0; empty where absent."""
        values = self.items(name, at_most=at_most)
        if not all(isinstance(v, int) and 0 <= v <= MAX_SIZE for v in values):
            raise InputError(self.key(name), values, f"a list of whole numbers up to {MAX_SIZE}")
        return cast(list[int], values)

    def layers(self, *names: str) -> int:
        """The number of layers."""
        return self.size(*(names or ("num_hidden_layers",)), high=MAX_LAYERS)

    def divided(self, whole: int, parts: int, name: str) -> int:
        """`whole / parts`, which must come out even."""
        if whole % parts:
            nearest = max(1, whole // parts) * parts
            raise InputError(self.key(name), whole, f"a multiple of {parts}", nearest)
        return whole // parts

    def _get(self, name: str, default: object) -> object:
        value = self._data.get(name)
        if value is not None:
            return value
        if default is None:
            raise InputError(self.key(name), None, "this key is needed to size the model")
        return default
