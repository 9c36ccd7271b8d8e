"""What a GpuCluster takes, as Pulumi's other languages see it too."""
# No `from __future__ import annotations`, no Literal, no Union: Pulumi reads these annotations at
# run time to offer the component in every language.

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, cast

import pulumi
from pydantic.alias_generators import to_camel, to_snake

from sizing.stack_config import SECRET_KEYS


class TrainingArgs(TypedDict):
    """How a training run is made; what is left out is chosen."""

    framework: NotRequired[str]
    """Whose dtypes, buffers and loss: pytorch (default), torchtune, torchtitan, deepspeed,
    transformers, litgpt, axolotl or megatron."""
    optimizer: NotRequired[str]
    """adamw (default), adamw-bf16, adamw8bit, paged-adamw8bit, adafactor, muon, lion, sgd, ..."""
    sharding: NotRequired[str]
    """none, zero1, zero2, zero3 or fsdp."""
    checkpointing: NotRequired[str]
    """Activations: none, selective or full."""
    offload: NotRequired[str]
    """To the host: none (default), optimizer or all."""
    micro_batch: NotRequired[int]
    """Sequences that a rank computes at once."""
    micro_batches: NotRequired[int]
    """Micro-batches before an optimiser step."""
    lora_rank: NotRequired[int]
    """LoRA's rank. Default 16."""
    lora_targets: NotRequired[str]
    """all-linear (default), attention, mlp, experts, or names with commas between them."""
    chunked_loss: NotRequired[bool]
    """Whether the loss never has all logits at once."""
    tokens: NotRequired[float]
    """Tokens trained on in all, for the run's time and cost."""
    utilization: NotRequired[float]
    """The share of the GPUs' peak that is reached. Default 0.4."""


class TargetsArgs(TypedDict):
    """How long requests may wait."""

    ttft_ms: NotRequired[float]
    """Milliseconds to the first token, at most."""
    tpot_ms: NotRequired[float]
    """Milliseconds between a request's tokens on average, at most."""
    percentile: NotRequired[str]
    """Of how many requests that must hold: p50, p90, p95 (default) or p99."""


class SpeculativeArgs(TypedDict):
    """What is assumed of speculative decoding; the engine is not started with it."""

    tokens: NotRequired[int]
    """Tokens drafted a step."""
    acceptance: NotRequired[float]
    """The chance that a drafted token is accepted if the one before it was, 0 to 1."""


class WorkloadArgs(TypedDict):
    """What is asked of the model."""

    purpose: NotRequired[str]
    """What the nodes are for: inference (default), or training: full, lora or qlora."""
    context: NotRequired[int]
    """Tokens of one sequence, prompt and output together. Default 8192 (4096 where the nodes
    train), or the model's limit; with requestsPerSecond the longest request's."""
    concurrency: NotRequired[int]
    """Sequences served at the same time. Default 16; with requestsPerSecond it is worked out."""
    requests_per_second: NotRequired[float]
    """Requests that arrive a second, on average: the plan then serves this load."""
    prompt_tokens: NotRequired[int]
    """Tokens of a request's prompt."""
    output_tokens: NotRequired[int]
    """Tokens of an answer."""
    lengths: NotRequired[str]
    """Whether lengths vary: fixed (default), or lognormal with these means."""
    targets: NotRequired[TargetsArgs]
    """How long requests may wait."""
    prefix_cache_hit_rate: NotRequired[float]
    """The share of prompt tokens assumed to be in the cache already, below 1. Default 0."""
    speculative: NotRequired[SpeculativeArgs]
    """What is assumed of speculative decoding."""
    training: NotRequired[TrainingArgs]
    """How a training run is made, where the purpose is one."""


class InstanceTypesArgs(TypedDict):
    """Limits which EC2 instance types may be chosen."""

    allow: NotRequired[list[str]]
    """Only these types."""
    deny: NotRequired[list[str]]
    """Never these types."""


class BudgetArgs(TypedDict):
    """What may be spent."""

    monthly_usd: NotRequired[float]
    """USD a month, for everything that is created, above which nothing is."""
    warn_at: NotRequired[float]
    """The share of monthlyUsd from which on a warning is given. Default 0.8."""


class UsageArgs(TypedDict):
    """What is assumed to flow in a month; it changes the cost that is shown, and nothing else."""

    requests_per_month: NotRequired[float]
    """Requests that the endpoint answers in a month. Default 1000000."""
    prompt_tokens: NotRequired[int]
    """Tokens of a request's prompt. Default 1000."""
    answer_tokens: NotRequired[int]
    """Tokens of an answer. Default 250."""
    log_gb_per_month: NotRequired[float]
    """GB of logs that a node writes in a month. Default 1."""
    node_boots_per_month: NotRequired[float]
    """How often a node boots in a month and fetches the weights. Default 1."""


class NetworkArgs(TypedDict):
    """The network that the nodes get: one of their own, or an existing VPC and its subnets."""

    vpc_cidr: NotRequired[str]
    """The new VPC's IPv4 block, /16 to /22. Default 10.64.0.0/16."""
    availability_zone: NotRequired[str]
    """The zone of all nodes, by name (us-east-1a). Default: the first that offers the type."""
    egress: NotRequired[str]
    """The new VPC's way out: nat, endpoints, or auto (default), which takes NAT where needed."""
    vpc_id: NotRequired[str]
    """An existing VPC to use. It needs subnetIds."""
    subnet_ids: NotRequired[list[str]]
    """Existing private subnets; the nodes go to the first in a zone that offers the type."""
    load_balancer_subnet_ids: NotRequired[list[str]]
    """Existing subnets of the load balancer, in two zones. Default: subnetIds."""


class ServingArgs(TypedDict):
    """How the model is served."""

    enabled: NotRequired[bool]
    """Whether the nodes serve the model; false makes nodes alone. Default true."""
    checkpoint: NotRequired[str]
    """The model's files: a Hugging Face id (org/name@revision) or s3://bucket/folder."""
    image: NotRequired[str]
    """The container image; its tag must carry the plan's engine version."""
    executor: NotRequired[str]
    """How a replica that spans nodes is run: mp (vLLM's own, default) or ray."""
    hugging_face_token_secret: NotRequired[str]
    """An existing Secrets Manager secret (name or ARN) that holds a Hugging Face token."""
    api_key_secret: NotRequired[str]
    """An existing Secrets Manager secret (name or ARN) that holds the clients' API key."""
    certificate_arn: NotRequired[str]
    """An ACM certificate: the endpoint then speaks HTTPS."""
    allowed_cidrs: NotRequired[list[str]]
    """Who may call the endpoint, as IPv4 blocks. Default: the VPC."""
    idle_timeout_seconds: NotRequired[int]
    """How long the load balancer waits for a silent answer, 60 to 4000 s. Default 3600."""


class OperationsArgs(TypedDict):
    """Who is told when something is wrong, and how long logs are kept."""

    alarm_topic_arn: NotRequired[str]
    """An existing SNS topic for alarms. Default: one is made."""
    alarm_emails: NotRequired[list[str]]
    """E-mail addresses that the made topic tells."""
    log_retention_days: NotRequired[int]
    """How long the engines' logs are kept, in days. Default 30."""


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
    usage: NotRequired[UsageArgs]
    """What is assumed to flow in a month, for the cost."""
    network: NotRequired[NetworkArgs]
    """The network that the nodes get."""
    serving: NotRequired[ServingArgs]
    """How the model is served."""
    operations: NotRequired[OperationsArgs]
    """Alarms and logs."""
    hugging_face_token: NotRequired[pulumi.Input[str]]
    """A Hugging Face token for a gated model, as a secret; kept in Secrets Manager."""
    api_key: NotRequired[pulumi.Input[str]]
    """The key that clients must send, as a secret; kept in Secrets Manager."""
    root_volume_gb: NotRequired[int]
    """Size of each node's encrypted gp3 root volume, in GB. Default 200."""
    image_id: NotRequired[str]
    """A pinned machine image (ami-...). Default: the newest at the first launch, then kept."""
    protect: NotRequired[bool]
    """Refuse to replace or delete anything of the cluster. Default false."""
    replacement: NotRequired[str]
    """create-first, delete-first, or auto (default): delete first only in a reservation."""
    tags: NotRequired[dict[str, str]]
    """Further tags of everything that is made."""
    region: NotRequired[str]
    """The region to plan for; it must be the provider's. Default us-east-1."""


_SECRET_ARGS = {to_snake(key): key for key in sorted(SECRET_KEYS)}


def plain_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as plain values; whole numbers reach Python as floats from other languages.

    Secrets are left out. Raises InputPropertyError for a value that is only known after something
    else was deployed.
    """
    return {
        key: _plain(value, to_camel(key))
        for key, value in args.items()
        if value is not None and key not in _SECRET_ARGS
    }


def secret_args(args: Mapping[str, Any]) -> dict[str, pulumi.Input[str]]:
    """The secrets among the arguments, by their config key; they may not be known yet."""
    return {key: args[name] for name, key in _SECRET_ARGS.items() if args.get(name) is not None}


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
