"""The Plan: one object that drives the instances, the engine's flags and the cost."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from sizing.checkpoint import Checkpoint
from sizing.evidence import Evidence
from sizing.instance import Purchase
from sizing.performance.records import ServedLoad
from sizing.training.outcome import TrainingPlan
from sizing.workload import Workload

NODES_GROUP = "instances"
"""The group of a cost that the nodes themselves are in."""


class Method(StrEnum):
    """How memory is counted."""

    ENGINE = "engine"
    RULE_OF_THUMB = "rule-of-thumb"


class Prefer(StrEnum):
    """What the best plan is; the price settles ties, then the number of nodes."""

    CHEAPEST = "cheapest"
    NODES = "nodes"
    HEADROOM = "headroom"


class _Record(BaseModel):
    # Nullable fields have defaults: Pulumi drops nulls from the outputs that hold a plan.
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


def _is_nothing(gib: float) -> bool:
    """Parts that only a training run has are left out of a serving plan."""
    return gib == 0


class MemoryPerGpu(_Record):
    """One GPU's memory in GiB (2^30), the worst rank. The parts sum to what CUDA sees.

    `kv_cache` is the whole pool the engine allocates; `reserve` is what the engine's utilisation
    setting leaves untouched. A training run has no cache; its `activations` are all that comes and
    goes in a step, its `optimizer_states` the float32 weights too, its `reserve` fragmentation.
    """

    weights: float
    kv_cache: float
    activations: float
    non_torch: float
    cuda_graphs: float
    reserve: float
    free: float
    gradients: float = Field(default=0.0, exclude_if=_is_nothing)
    optimizer_states: float = Field(default=0.0, exclude_if=_is_nothing)


class CostLine(_Record):
    """One priced item, in USD. Prices are None where they are not known, and then never counted.

    What AWS bills by the month has its 730th part as the hour's price; `usage` is of a month.
    `usage` lines depend on what flows, not on what exists: `assumption` says what they count.
    `group` is what they are shown under.
    """

    item: str
    quantity: float
    unit: str
    usd_per_unit_hour: float | None = None
    usd_per_hour: float | None = None
    usd_per_month: float | None = None
    evidence: Evidence
    group: str = NODES_GROUP
    usage: bool = False
    assumption: str = ""
    price_as_of: str | None = None
    price_source: str | None = None


class Cost(_Record):
    """USD, all that is known of what its lines say: everything that a stack creates, or the nodes
    alone where no stack was asked about. A month is `hours_per_month` hours.

    The totals are the sums of the lines with a price; None where the nodes' own price is not known,
    since the rest alone would mislead. `nodes_usd_per_*` are the nodes' part. Evidence is the
    weakest of what was summed; `price_as_of` and `price_source` are of the nodes' price.
    `billed_hours_per_month` is above `hours_per_month` where the purchase option bills idle hours.
    `unknown_lines` have no price; `usage_lines` hold only as far as what they assume. `free` is
    what is made and not billed, `notes` say how it was counted and what was not.
    """

    usd_per_hour: float | None = None
    usd_per_month: float | None = None
    nodes_usd_per_hour: float | None = None
    nodes_usd_per_month: float | None = None
    unknown_lines: int = 0
    usage_lines: int = 0
    free: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hours_per_month: float
    billed_hours_per_month: float = 0.0
    price_as_of: str | None = None
    price_source: str | None = None
    evidence: Evidence
    lines: tuple[CostLine, ...]

    @property
    def is_all_in(self) -> bool:
        """Whether more than the nodes is counted."""
        return len(self.lines) > 1


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


class PurchaseOption(_Record):
    """What the plan's nodes cost, all together, under one way of buying them, in USD.

    A committed option is billed whether the nodes run or not. `breakeven_hours_per_month` is where
    it costs as much as on-demand: above that many hours it is cheaper.
    """

    purchase: Purchase
    term: str | None = None
    usd_per_hour: float | None = None
    usd_per_hour_low: float | None = None
    usd_per_month: float | None = None
    committed: bool
    breakeven_hours_per_month: float | None = None
    price_as_of: str | None = None
    price_source: str | None = None
    evidence: Evidence
    note: str = ""


class Quota(_Record):
    """The AWS service quota that the nodes count against, and how much of it they take.

    `code` is None where AWS's code is not known. A plan never asks an account: `checked` is False
    until `sizing.quota.check_account` did.
    """

    service: str
    code: str | None = None
    name: str
    needed: float
    unit: str
    region: str
    checked: bool = False


class Finding(_Record):
    """One thing that an AWS account was asked: whether it lets the plan start, and why.

    `verdict` is yes, no or unknown.
    """

    what: str
    verdict: str
    detail: str


class Alternative(_Record):
    """Another plan that would work. `note` says what speaks against it where it is cheaper."""

    instance_type: str
    gpu: str
    region: str
    purchase: Purchase
    nodes: int
    layout: Layout
    usd_per_hour: float | None = None
    usd_per_month: float | None = None
    precision: str = ""
    replicas: int = 1
    headroom: float | None = None
    note: str = ""


class Rejected(_Record):
    """Candidates that were ruled out for the same reason, with the figure that decides.

    `kind` is the constraint: memory, layout, precision, region, price, spread, budget, types,
    latency, inventory or fraction.
    """

    reason: str
    candidates: tuple[str, ...]
    kind: str = ""


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
    prefer: Prefer = Prefer.CHEAPEST
    precisions_considered: tuple[str, ...] = ()
    cost: Cost
    purchase_options: tuple[PurchaseOption, ...] = ()
    quota: Quota | None = None
    account: tuple[Finding, ...] = ()
    memory_per_gpu_gib: MemoryPerGpu
    kv_cache_needed_gib: float
    kv_cache_tokens: int
    max_concurrency: float
    performance: ServedLoad | None = Field(default=None, exclude_if=lambda load: load is None)
    engine: str
    engine_flags: dict[str, str] = Field(default_factory=dict[str, str])
    checkpoint: Checkpoint | None = None
    evidence: dict[str, Evidence]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    alternatives_omitted: int = 0
    rejected: tuple[Rejected, ...]
    training: TrainingPlan | None = Field(default=None, exclude_if=lambda run: run is None)
