"""A stack's configuration: one typed model, fed by a stack's YAML file and by `pulumi.Config`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sizing.catalog.instances import DEFAULT_REGION
from sizing.errors import InputError, unknown_name
from sizing.instance import AWS_PURCHASES, Purchase
from sizing.plan import Method, Prefer
from sizing.units import HOURS_PER_MONTH
from sizing.workload import Purpose

PROJECT = "gpu-sizing"
MAX_REPLICAS = 1000
MAX_FILE_BYTES = 1_000_000


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=_camel, populate_by_name=True, strict=True
    )


class WorkloadConfig(_Section):
    """What is asked of the model; what is left out takes the documented default."""

    purpose: Purpose = Field(default=Purpose.INFERENCE, strict=False)
    context: int | None = None
    concurrency: int | None = None


class InstanceTypesConfig(_Section):
    """Which instance types may be used: only `allow` if it is given, never `deny`."""

    allow: tuple[str, ...] = Field(default=(), strict=False)
    deny: tuple[str, ...] = Field(default=(), strict=False)


class BudgetConfig(_Section):
    """Over `monthly_usd` a preview fails before anything is created."""

    monthly_usd: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = None


class NetworkConfig(_Section):
    """The network that the nodes get."""

    vpc_cidr: str = "10.64.0.0/16"
    availability_zone: str | None = None


class StackConfig(_Section):
    """Everything a stack says. Keys are camelCase in YAML, as in Pulumi.yaml."""

    model: str
    params: Annotated[int, Field(ge=0, le=10**14)] = 0
    precision: str = "auto"
    kv_dtype: str = "auto"
    workload: WorkloadConfig = WorkloadConfig()
    gpu: str = ""
    instance_types: InstanceTypesConfig = InstanceTypesConfig()
    purchase: Purchase = Field(default=Purchase.ON_DEMAND, strict=False)
    capacity_reservation_id: str = ""
    replicas: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = 1
    method: Method = Field(default=Method.ENGINE, strict=False)
    spread: bool = False
    prefer: Prefer = Field(default=Prefer.CHEAPEST, strict=False)
    hours_per_month: Annotated[float, Field(gt=0, le=744, allow_inf_nan=False)] = HOURS_PER_MONTH
    budget: BudgetConfig = BudgetConfig()
    network: NetworkConfig = NetworkConfig()
    root_volume_gb: Annotated[int, Field(ge=75, le=16384)] = 200
    region: str = DEFAULT_REGION

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> StackConfig:
        """A checked configuration from camelCase keys. Raises InputError, naming the key's path."""
        try:
            config = cls.model_validate(dict(values))
        except ValidationError as error:
            raise first_error(error, cls) from None
        if config.purchase is Purchase.OWNED:
            raise unknown_name("purchase", "owned", AWS_PURCHASES)
        return config

    @classmethod
    def from_pulumi(cls, get: Callable[[str], str | None], region: str | None) -> StackConfig:
        """From `pulumi.Config().get`: every value is text, objects and numbers are JSON in it."""
        values: dict[str, Any] = {}
        for name, field in cls.model_fields.items():
            key = _camel(name)
            text = None if name == "region" else get(key)
            if text:
                values[key] = text if _is_text(field.annotation) else _from_json(text)
        return cls.from_mapping({**values, **({"region": region} if region else {})})

    @classmethod
    def from_file(cls, path: Path) -> StackConfig:
        """From a `Pulumi.<stack>.yaml` file. Raises InputError for a missing or malformed file."""
        entries = _config_entries(path)
        prefix = f"{PROJECT}:"
        values = {k.removeprefix(prefix): v for k, v in entries.items() if k.startswith(prefix)}
        for key in values:
            if key == "region":
                raise InputError(
                    f"{prefix}region", values[key], "aws:region says the region", "aws:region"
                )
        region = entries.get("aws:region")
        return cls.from_mapping({**values, **({"region": region} if region else {})})


def stack_file(stack: str, folder: Path) -> Path:
    """The file of a stack in `folder`. Raises InputError if there is none."""
    known = {p.name.removeprefix("Pulumi.").removesuffix(".yaml"): p for p in _stack_files(folder)}
    if stack not in known:
        raise unknown_name("stack", stack, known)
    return known[stack]


def _stack_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("Pulumi.*.yaml"))


def _config_entries(path: Path) -> dict[str, Any]:
    import yaml

    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError("stack file", path.name, f"a file of at most {MAX_FILE_BYTES} bytes")
        content: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("stack file", str(path), f"a readable YAML file ({error})") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        where = str(error).splitlines()[-1].strip()
        raise InputError("stack file", path.name, f"valid YAML ({where})") from None
    config = cast("dict[str, Any]", content).get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict) or not all(
        isinstance(k, str) for k in cast("dict[Any, Any]", config)
    ):
        raise InputError(
            "config", path.name, f"a `config:` section with keys such as {PROJECT}:model"
        )
    return cast("dict[str, Any]", config)


def _is_text(annotation: object) -> bool:
    return annotation in (str, str | None, Purchase, Method, Prefer)


def _from_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def first_error(error: ValidationError, model: type[BaseModel]) -> InputError:
    """pydantic's first complaint as one line with the nearest good value."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"] if part != "function-wrap"]
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
