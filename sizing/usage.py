"""What flows in a month, from the stack's stated assumptions: gigabytes and load balancer units.

A gigabyte of data is counted as 10^9 bytes, which is never less than AWS bills.
"""

from __future__ import annotations

from dataclasses import dataclass

from sizing.infrastructure import Infrastructure
from sizing.stack_config import OperationsConfig, UsageConfig
from sizing.units import GB

BYTES_PER_PROMPT_TOKEN = 4
BYTES_PER_ANSWER_TOKEN = 300
"""A streamed token comes as an event of its own, with a JSON object around it."""
IMAGE_GB = 10.0
"""What a node pulls of a vLLM container image, compressed; rounded up."""
# One LCU-hour of an Application Load Balancer: 1 GB processed, or 25 new connections a second.
_CONNECTIONS_PER_LCU_HOUR = 25 * 3600
_DAYS_PER_MONTH = 365 / 12


@dataclass(frozen=True, slots=True)
class Flow:
    """A quantity a month, and how it was counted in words."""

    quantity: float
    assumption: str


def weights(usage: UsageConfig, made: Infrastructure, weight_bytes: float) -> Flow:
    """GB of weights that nodes download from the internet."""
    gb = weight_bytes / GB if made.from_hub else 0.0
    return _per_boot(usage, made, gb, "weights")


def images(usage: UsageConfig, made: Infrastructure) -> Flow:
    """GB of container images that nodes pull from outside AWS's private registries."""
    gb = IMAGE_GB if made.serving and not made.private_image else 0.0
    return _per_boot(usage, made, gb, "image")


def log_ingest(usage: UsageConfig, made: Infrastructure) -> Flow:
    """GB of logs that the engines write."""
    gb = usage.log_gb_per_month if made.serving else 0.0
    return Flow(gb * made.nodes, f"{gb:g} GB of logs x {_times(made.nodes, 'node')}")


def log_storage(usage: UsageConfig, made: Infrastructure, operations: OperationsConfig) -> Flow:
    """GB of logs that lie there once the retention is full."""
    days = operations.log_retention_days
    kept = log_ingest(usage, made).quantity * days / _DAYS_PER_MONTH
    return Flow(kept, f"{days} days of logs, counted as not compressed")


def balancer_units(usage: UsageConfig) -> Flow:
    """LCU-hours: the larger of gigabytes and connections, evenly spread."""
    prompt, answer = usage.prompt_tokens, usage.answer_tokens
    size = prompt * BYTES_PER_PROMPT_TOKEN + answer * BYTES_PER_ANSWER_TOKEN
    requests = usage.requests_per_month
    quantity = max(requests * size / GB, requests / _CONNECTIONS_PER_LCU_HOUR)
    said = f"{requests:,.0f} requests of {prompt:,} + {answer:,} tokens ({size / 1000:,.0f} kB)"
    return Flow(quantity, said)


def _per_boot(usage: UsageConfig, made: Infrastructure, gb: float, what: str) -> Flow:
    boots = usage.node_boots_per_month
    said = f"{gb:,.1f} GB of {what} x {_times(made.nodes, 'node')} x {_times(boots, 'boot')}"
    return Flow(gb * made.nodes * boots, said)


def _times(count: float, noun: str) -> str:
    return f"{count:g} {noun}{'' if count == 1 else 's'}"
