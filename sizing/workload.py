"""What is asked of the model."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from sizing.errors import InputError
from sizing.load import Load

DEFAULT_CONTEXT = 8192
DEFAULT_CONCURRENCY = 16
MAX_CONCURRENCY = 1_000_000


class Purpose(StrEnum):
    """What the nodes are for."""

    INFERENCE = "inference"
    LORA = "lora"
    QLORA = "qlora"
    FULL = "full"


class TrainingLoad(BaseModel):
    """What is asked of a training run beside its sequence length; None is chosen or defaulted.

    The fields mean what `sizing.training.make.make_job` says. `tokens` are trained on in all,
    `utilization` is the share of the GPU's peak that its matrix products reach.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    tokens: float | None = None
    utilization: float | None = None


class Workload(BaseModel):
    """`concurrency` sequences of `context` tokens each, prompt and output together, or a training
    run on sequences of `context` tokens.

    Where a `load` was asked for, its longest request fits the context and the concurrency follows
    from how long requests stay.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Purpose = Purpose.INFERENCE
    context: int
    concurrency: int
    load: Load | None = Field(default=None, exclude_if=lambda load: load is None)
    training: TrainingLoad | None = Field(default=None, exclude_if=lambda run: run is None)

    @property
    def trains(self) -> bool:
        """Whether the nodes train."""
        return self.purpose is not Purpose.INFERENCE


def make_workload(
    max_context: int,
    context: int | None = None,
    concurrency: int | None = None,
    *,
    load: Load | None = None,
) -> Workload:
    """A load to serve with the defaults filled in, checked against the model's limit (tokens).

    Raises InputError for a length the model cannot hold or a concurrency that makes no sense.
    """
    usual = load.longest if load else min(DEFAULT_CONTEXT, max_context)
    length = usual if context is None else context
    if not 1 <= length <= max_context:
        near = min(max(length, 1), max_context)
        raise InputError("context", length, f"1 to {max_context} tokens (the model's limit)", near)
    # How many requests a load has in flight is only known of a plan.
    default = 1 if load else DEFAULT_CONCURRENCY
    count = default if concurrency is None else concurrency
    if not 1 <= count <= MAX_CONCURRENCY:
        near = min(max(count, 1), MAX_CONCURRENCY)
        raise InputError("concurrency", count, f"1 to {MAX_CONCURRENCY} sequences", near)
    return Workload(context=length, concurrency=count, load=load)
