"""Sections of YAML that people write: one strict base, one reader, one way to say what is wrong."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from sizing.errors import InputError, unknown_name
from sizing.instance import Purchase

MAX_FILE_BYTES = 1_000_000


def camel(name: str) -> str:
    """A field's name as it is written in YAML."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Section(BaseModel):
    """A section with camelCase keys: unknown keys and wrong types are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=camel, populate_by_name=True, strict=True
    )


def read_yaml(path: Path, key: str) -> object:
    """What a YAML file holds. Raises InputError naming `key` if it cannot be read."""
    import yaml

    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(key, path.name, f"a file of at most {MAX_FILE_BYTES} bytes")
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(key, str(path), f"a readable YAML file ({reason})") from None
    except InputError:
        raise
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(key, path.name, f"valid YAML ({_yaml_problem(error)})") from None


def _yaml_problem(error: Exception) -> str:
    """What is wrong, and on which line where YAML says so."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    line = f"line {mark.line + 1}: " if mark is not None else ""
    return line + (problem or str(error).splitlines()[0].strip())


def first_error(error: ValidationError, model: type[BaseModel]) -> InputError:
    """pydantic's first complaint as one line with the nearest good value."""
    first = error.errors()[0]
    path = _as_written(model, [str(part) for part in first["loc"] if part != "function-wrap"])
    key, value, kind = ".".join(path), first["input"], first["type"]
    context = first.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_name("config key", key, _keys_at(model, path[:-1]))
    if kind == "missing":
        return InputError(key, None, "a value (this key is required)")
    if kind == "enum":
        allowed = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return unknown_name(key, str(value), set(allowed.split(", ")) - {Purchase.OWNED.value})
    return InputError(key, value, _allowed(kind, context), _nearest(value, context))


def _as_written(model: type[BaseModel], path: list[str]) -> list[str]:
    """The path in the keys of YAML, also where a caller used the fields' own names."""
    written: list[str] = []
    for part in path:
        known = _keys_at(model, written)
        written.append(camel(part) if part not in known and camel(part) in known else part)
    return written


def _allowed(kind: str, context: dict[str, Any]) -> str:
    words = {
        "greater_than": "more than {gt}",
        "greater_than_equal": "at least {ge}",
        "less_than_equal": "at most {le}",
        "finite_number": "a finite number",
        "int_type": "a whole number",
        "float_type": "a number",
        "string_type": "text",
        "bool_type": "true or false",
    }
    if kind in words:
        return words[kind].format(**context)
    if kind.startswith(("model", "dict")):
        return "a section with keys and values"
    return "a list" if kind.startswith(("tuple", "list")) else kind.replace("_", " ")


def _nearest(value: object, context: dict[str, Any]) -> object:
    if "gt" in context:
        return None
    bound = context.get("ge", context.get("le"))
    if bound is not None:
        return bound
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return None
        return (int(number) if number.is_integer() else number) if math.isfinite(number) else None
    return round(value) if isinstance(value, float) and math.isfinite(value) else None


def _keys_at(model: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        if part.isdigit():
            continue
        field = next((f for f in model.model_fields.values() if f.alias == part), None)
        section = None if field is None else _section(field.annotation)
        if section is None:
            return []
        model = section
    return [field.alias or name for name, field in model.model_fields.items() if name != "region"]


def _section(annotation: object) -> type[BaseModel] | None:
    """The model that a field holds, itself or in a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _section(arg))), None)
