"""What a GpuCluster takes, as Pulumi's other languages see it too."""
# No `from __future__ import annotations`, no Literal, no Union: Pulumi reads these annotations at
# run time to offer the component in every language.

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, cast

import pulumi
from pydantic.alias_generators import to_camel


class WorkloadArgs(TypedDict):
    """What is asked of the model."""

    purpose: NotRequired[str]
    """What the nodes are for: inference."""
    context: NotRequired[int]
    """Tokens of one sequence, prompt and output together. Default 8192, or the model's limit."""
    concurrency: NotRequired[int]
    """Sequences served at the same time. Default 16."""


class InstanceTypesArgs(TypedDict):
    """Limits which EC2 instance types may be chosen."""

    allow: NotRequired[list[str]]
    """Only these types."""
    deny: NotRequired[list[str]]
    """Never these types."""


class BudgetArgs(TypedDict):
    """What may be spent."""

    monthly_usd: NotRequired[float]
    """USD a month above which nothing is created."""


class NetworkArgs(TypedDict):
    """The network that the nodes get."""

    vpc_cidr: NotRequired[str]
    """The VPC's IPv4 block, /16 to /27. Default 10.64.0.0/16."""
    availability_zone: NotRequired[str]
    """The zone of all nodes, by name (us-east-1a). Default: the first that offers the type."""


class GpuClusterArgs(TypedDict):
    """What to run and how to buy it. The plan is made from these before anything exists."""

    model: str
    """A catalogue name (llama-3.1-405b), a Hugging Face id, or a path to a config.json."""
    params: NotRequired[int]
    """Parameters of a model whose architecture is not known. Default 0: counted from its config."""
    precision: NotRequired[str]
    """How weights are stored: bf16, fp8, int8, int4, ... Default: the published checkpoint's."""
    kv_dtype: NotRequired[str]
    """The KV cache's number format. Default auto."""
    workload: NotRequired[WorkloadArgs]
    """What is asked of the model."""
    gpu: NotRequired[str]
    """The GPU to use, or any. Default H100."""
    instance_types: NotRequired[InstanceTypesArgs]
    """Limits which EC2 instance types may be chosen."""
    purchase: NotRequired[str]
    """on-demand (default), spot, capacity-block or reserved."""
    capacity_reservation_id: NotRequired[str]
    """The reservation or capacity block (cr-...) to launch into."""
    replicas: NotRequired[int]
    """Copies of the model, at least. Default 1."""
    method: NotRequired[str]
    """How memory is counted: engine (default) or rule-of-thumb."""
    spread: NotRequired[bool]
    """Whether a copy may lie on more nodes than the fewest that hold it. Default false."""
    prefer: NotRequired[str]
    """What the best plan is: cheapest (default), nodes or headroom."""
    hours_per_month: NotRequired[float]
    """Hours a month that the nodes run. Default 730."""
    budget: NotRequired[BudgetArgs]
    """What may be spent."""
    network: NotRequired[NetworkArgs]
    """The network that the nodes get."""
    root_volume_gb: NotRequired[int]
    """Size of each node's encrypted gp3 root volume, in GB. Default 200."""
    region: NotRequired[str]
    """The region to plan for; it must be the provider's. Default us-east-1."""


def plain_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as plain values; whole numbers reach Python as floats from other languages.

    Raises InputPropertyError for a value that is only known after something else was deployed.
    """
    return {key: _plain(value, to_camel(key)) for key, value in args.items() if value is not None}


def _plain(value: object, path: str) -> object:
    if isinstance(value, pulumi.Output):
        reason = "must be a plain value: the plan is made before anything is deployed"
        raise pulumi.InputPropertyError(path, reason)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return {
            key: _plain(item, f"{path}.{to_camel(key)}") for key, item in items if item is not None
        }
    if isinstance(value, list | tuple):
        items_in_order = enumerate(cast("list[object]", value))
        return [_plain(item, f"{path}[{index}]") for index, item in items_in_order]
    return int(value) if isinstance(value, float) and value.is_integer() else value
