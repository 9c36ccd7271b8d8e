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


class Workload(BaseModel):
    """`concurrency` sequences of `context` tokens each, prompt and output together.

    Where a `load` was asked for, its longest request fits the context and the concurrency follows
    from how long requests stay.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Purpose = Purpose.INFERENCE
    context: int
    concurrency: int
    load: Load | None = Field(default=None, exclude_if=lambda load: load is None)


def make_workload(
    max_context: int,
    context: int | None = None,
    concurrency: int | None = None,
    *,
    purpose: Purpose = Purpose.INFERENCE,
    load: Load | None = None,
) -> Workload:
    """A workload with the defaults filled in, checked against the model's context limit (tokens).

    Raises InputError for a length the model cannot hold or a concurrency that makes no sense.
    """
    if purpose is not Purpose.INFERENCE:
        raise InputError(
            "purpose", purpose.value, "inference (training is not sized yet)", "inference"
        )
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
    return Workload(purpose=purpose, context=length, concurrency=count, load=load)
