"""A stack's configuration: one typed model, fed by a stack's YAML file and by `pulumi.Config`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import Field, ValidationError

from sizing.catalog.instances import DEFAULT_REGION
from sizing.errors import InputError, unknown_name
from sizing.instance import AWS_PURCHASES, Purchase
from sizing.load import Lengths
from sizing.plan import Method, Prefer
from sizing.sections import Section, camel, first_error, read_yaml
from sizing.units import HOURS_PER_MONTH
from sizing.workload import Purpose

PROJECT = "gpu-sizing"
MAX_REPLICAS = 1000
TOKEN_KEY, API_KEY_KEY = "huggingFaceToken", "apiKey"
SECRET_KEYS = frozenset({TOKEN_KEY, API_KEY_KEY})
"""Keys that only Pulumi may read: they hold secrets and are no part of a StackConfig."""
DEFAULT_VPC_CIDR = "10.64.0.0/16"


class TrainingConfig(Section):
    """How a training run is made; what is left out is chosen, or takes the documented default."""

    framework: str | None = None
    optimizer: str | None = None
    sharding: str | None = None
    checkpointing: str | None = None
    offload: str | None = None
    micro_batch: int | None = None
    micro_batches: int | None = None
    lora_rank: int | None = None
    lora_targets: str | None = None
    chunked_loss: bool | None = None
    tokens: Annotated[float, Field(gt=0, le=1e16, allow_inf_nan=False)] | None = None
    utilization: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None


class TargetsConfig(Section):
    """How long `percentile` of the requests may wait: for the first token, and between tokens."""

    ttft_ms: float | None = None
    tpot_ms: float | None = None
    percentile: str = "p95"


class SpeculativeConfig(Section):
    """What is assumed of drafts: tokens a step, and the chance that each is accepted."""

    tokens: int | None = None
    acceptance: float | None = None


class WorkloadConfig(Section):
    """What is asked of the model; what is left out takes the documented default.

    With `requests_per_second` it is a load, from which the concurrency follows.
    """

    purpose: Purpose = Field(default=Purpose.INFERENCE, strict=False)
    context: int | None = None
    concurrency: int | None = None
    requests_per_second: float | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    lengths: Lengths = Field(default=Lengths.FIXED, strict=False)
    targets: TargetsConfig = TargetsConfig()
    prefix_cache_hit_rate: float = 0.0
    speculative: SpeculativeConfig = SpeculativeConfig()
    training: TrainingConfig = TrainingConfig()

    @property
    def trains(self) -> bool:
        """Whether the nodes train."""
        return self.purpose is not Purpose.INFERENCE


class InstanceTypesConfig(Section):
    """Which instance types may be used: only `allow` if it is given, never `deny`."""

    allow: tuple[str, ...] = Field(default=(), strict=False)
    deny: tuple[str, ...] = Field(default=(), strict=False)


class BudgetConfig(Section):
    """Over `monthly_usd` a preview fails before anything is created; from `warn_at` on (a share of
    it) it warns."""

    monthly_usd: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = None
    warn_at: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.8


class UsageConfig(Section):
    """What is assumed to flow in a month, for the cost alone. Logs and boots are of one node."""

    requests_per_month: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] = 1_000_000
    prompt_tokens: Annotated[int, Field(ge=0, le=10**8)] = 1000
    answer_tokens: Annotated[int, Field(ge=0, le=10**8)] = 250
    log_gb_per_month: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 1.0
    node_boots_per_month: Annotated[float, Field(ge=0, le=1e5, allow_inf_nan=False)] = 1.0


class Egress(StrEnum):
    """The nodes' way out of a network of their own: `auto` takes NAT only where it is needed."""

    AUTO = "auto"
    NAT = "nat"
    ENDPOINTS = "endpoints"


class NetworkConfig(Section):
    """The network that the nodes get: one of their own, or an existing VPC and its subnets."""

    vpc_cidr: str = DEFAULT_VPC_CIDR
    availability_zone: str | None = None
    egress: Egress = Field(default=Egress.AUTO, strict=False)
    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = Field(default=(), strict=False)
    load_balancer_subnet_ids: tuple[str, ...] = Field(default=(), strict=False)

    @property
    def is_existing(self) -> bool:
        """Whether the nodes go to a VPC that is there already."""
        return bool(self.vpc_id or self.subnet_ids)


class ServingConfig(Section):
    """How the model is served. `checkpoint` is a Hugging Face id (with @revision) or s3://..."""

    enabled: bool = True
    checkpoint: str = ""
    image: str = ""
    executor: str = "mp"
    hugging_face_token_secret: str = ""
    api_key_secret: str = ""
    certificate_arn: str = ""
    allowed_cidrs: tuple[str, ...] = Field(default=(), strict=False)
    idle_timeout_seconds: Annotated[int, Field(ge=60, le=4000)] = 3600


class OperationsConfig(Section):
    """Who is told when something is wrong, and how long logs are kept."""

    alarm_topic_arn: str = ""
    alarm_emails: tuple[str, ...] = Field(default=(), strict=False)
    log_retention_days: int = 30


class Replacement(StrEnum):
    """Which goes first when a node is replaced; `auto` deletes first only in a reservation."""

    AUTO = "auto"
    CREATE_FIRST = "create-first"
    DELETE_FIRST = "delete-first"


class StackConfig(Section):
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
    usage: UsageConfig = UsageConfig()
    network: NetworkConfig = NetworkConfig()
    serving: ServingConfig = ServingConfig()
    operations: OperationsConfig = OperationsConfig()
    root_volume_gb: Annotated[int, Field(ge=75, le=16384)] = 200
    image_id: str = ""
    protect: bool = False
    replacement: Replacement = Field(default=Replacement.AUTO, strict=False)
    tags: dict[str, str] = Field(default_factory=dict[str, str])
    region: str = DEFAULT_REGION

    @property
    def serves(self) -> bool:
        """Whether the nodes serve the model: training ones, and nodes alone, do not."""
        return self.serving.enabled and not self.workload.trains

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
            key = camel(name)
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
        for key in SECRET_KEYS & values.keys():
            _check_encrypted(f"{prefix}{key}", values.pop(key))
        for key in values:
            if key == "region":
                raise InputError(
                    f"{prefix}region", values[key], "aws:region says the region", "aws:region"
                )
        region = entries.get("aws:region")
        return cls.from_mapping({**values, **({"region": region} if region else {})})


def secrets_in(path: Path) -> frozenset[str]:
    """The secrets that a stack's file brings, by config key."""
    prefix = f"{PROJECT}:"
    return SECRET_KEYS & {key.removeprefix(prefix) for key in _config_entries(path)}


def stack_file(stack: str, folder: Path) -> Path:
    """The file of a stack in `folder`. Raises InputError if there is none."""
    known = {p.name.removeprefix("Pulumi.").removesuffix(".yaml"): p for p in _stack_files(folder)}
    if stack not in known:
        raise unknown_name("stack", stack, known)
    return known[stack]


def _stack_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("Pulumi.*.yaml"))


def _config_entries(path: Path) -> dict[str, Any]:
    content = read_yaml(path, "stack file")
    config = cast("dict[str, Any]", content).get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict) or not all(
        isinstance(k, str) for k in cast("dict[Any, Any]", config)
    ):
        raise InputError(
            "config", path.name, f"a `config:` section with keys such as {PROJECT}:model"
        )
    return cast("dict[str, Any]", config)


def _check_encrypted(key: str, value: object) -> None:
    """A secret stands in a stack's file as `secure: ...`; in the clear it would be in git."""
    if not isinstance(value, dict) or list(cast("dict[object, object]", value)) != ["secure"]:
        name = key.partition(":")[2]
        raise InputError(key, "(in the clear)", f"a secret: `pulumi config set --secret {name}`")


def _is_text(annotation: object) -> bool:
    return annotation in (str, str | None, Purchase, Method, Prefer, Replacement)


def _from_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
