"""What a plan says of the training run that its nodes are for."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from sizing.evidence import Evidence


class _Record(BaseModel):
    # Nullable fields have defaults: Pulumi drops nulls from the outputs that hold a plan.
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunEstimate(_Record):
    """How long a run over `tokens` takes on all nodes, and what they cost meanwhile, in USD at the
    plan's price an hour. Estimated: operations over peak times `utilization`."""

    tokens: float
    is_example: bool
    utilization: float
    flops_per_token: float
    tokens_per_second: float
    hours: float
    usd: float | None = None
    evidence: Evidence = Evidence.ESTIMATED


class TradeOff(_Record):
    """One thing done otherwise: the memory of a GPU in GiB, whether it fits with the plan's margin,
    and the run's hours and USD over the plan's tokens, None where the time is not estimated."""

    change: str
    nodes: int
    device_memory_gib_per_gpu: float
    fits: bool
    hours: float | None = None
    usd: float | None = None


class TrainingPlan(_Record):
    """The run as chosen. GiB are 2^30 bytes, of one GPU of the fullest stage; `breakdown_gib` sums
    to `peak_memory_gib_per_gpu`, `device_memory_gib_per_gpu` adds CUDA's and NCCL's own."""

    method: str
    framework: str
    optimizer: str
    sharding: str
    checkpointing: str
    offload: str
    loss: str
    seq_len: int
    micro_batch: int
    micro_batches: int
    data_parallel: int
    context_parallel: int
    tokens_per_step: int
    params_trained: int
    lora_rank: int | None = None
    lora_targets: tuple[str, ...] = ()
    peak_memory_gib_per_gpu: float
    device_memory_gib_per_gpu: float
    host_memory_gib_per_node: float
    breakdown_gib: dict[str, float]
    worst_moment: str
    margin: float
    run: RunEstimate
    trade_offs: tuple[TradeOff, ...]
