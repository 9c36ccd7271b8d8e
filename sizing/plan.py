"""The Plan: one object that drives the instances, the engine's flags and the cost."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from sizing.evidence import Evidence
from sizing.instance import Purchase
from sizing.workload import Workload


class Method(StrEnum):
    """How memory is counted."""

    ENGINE = "engine"
    RULE_OF_THUMB = "rule-of-thumb"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Layout(_Record):
    """How one replica is cut: tensor, pipeline, data and expert parallel degrees."""

    tp: int
    pp: int
    dp: int = 1
    ep: int = 1

    @property
    def gpus(self) -> int:
        """GPUs of one replica. Expert parallelism reuses the tensor-parallel GPUs."""
        return self.tp * self.pp * self.dp

    def __str__(self) -> str:
        parts = [f"TP {self.tp}", f"PP {self.pp}"]
        parts += [f"DP {self.dp}"] if self.dp > 1 else []
        parts += [f"EP {self.ep}"] if self.ep > 1 else []
        return " x ".join(parts)


class MemoryPerGpu(_Record):
    """One GPU's memory in GiB (2^30), the worst rank. The parts sum to what CUDA sees.

    `kv_cache` is the whole pool the engine allocates; `reserve` is what the engine's utilisation
    setting leaves untouched.
    """

    weights: float
    kv_cache: float
    activations: float
    non_torch: float
    cuda_graphs: float
    reserve: float
    free: float


class CostLine(_Record):
    """One priced item. `usd_per_hour` is None where the price is not known."""

    item: str
    quantity: float
    unit: str
    usd_per_unit_hour: float | None
    usd_per_hour: float | None
    usd_per_month: float | None
    evidence: Evidence


class Cost(_Record):
    """USD; a month is `hours_per_month` hours. None means that no price is known."""

    usd_per_hour: float | None
    usd_per_month: float | None
    hours_per_month: float
    price_as_of: str | None
    price_source: str | None
    evidence: Evidence
    lines: tuple[CostLine, ...]


class NodeGroup(_Record):
    """Equal nodes: `replicas` copies of the model, each on `nodes_per_replica` nodes, or
    `replicas_per_node` copies on one node."""

    instance_type: str
    nodes: int
    nodes_per_replica: int
    replicas: int
    replicas_per_node: int


class RuleOfThumb(_Record):
    """The rule's own answer: parameters x bytes x 1.2 on GPUs of the nominal size (GB, 10^9)."""

    parameters: float
    parameters_are_nominal: bool
    memory_required_gb: float
    gpu_nominal_gb: int
    gpus_required: int


class Alternative(_Record):
    """Another plan that would work, or the reason why one does not."""

    instance_type: str
    gpu: str
    region: str
    purchase: Purchase
    nodes: int
    layout: Layout
    usd_per_hour: float | None
    usd_per_month: float | None


class Rejected(_Record):
    """Candidates that were ruled out for the same kind of reason, with the figure that decides."""

    reason: str
    candidates: tuple[str, ...]


class Plan(_Record):
    """What will run, on what, at what cost, and how each figure is known."""

    model: str
    hf_id: str
    params_total: int
    params_active: int
    precision: str
    kv_dtype: str
    method: Method
    workload: Workload
    weights_bytes: int
    kv_bytes_per_token: int
    memory_required_gb: float
    gpus_required: int
    rule_of_thumb: RuleOfThumb
    layout: Layout
    replicas: int
    gpu: str
    instance_type: str
    nodes: int
    gpus_provisioned: int
    node_groups: tuple[NodeGroup, ...]
    region: str
    zones: tuple[str, ...]
    purchase: Purchase
    cost: Cost
    memory_per_gpu_gib: MemoryPerGpu
    kv_cache_needed_gib: float
    kv_cache_tokens: int
    max_concurrency: float
    engine: str
    engine_flags: dict[str, str] = Field(default_factory=dict[str, str])
    evidence: dict[str, Evidence]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    rejected: tuple[Rejected, ...]
