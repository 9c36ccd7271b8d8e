"""The smallest legal layout of one replica on one kind of node that holds the workload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from sizing.census import params_total
from sizing.engine import Engine, make_engine
from sizing.gpu import Gpu
from sizing.instance import InstanceType
from sizing.layouts import MAX_NODES_PER_REPLICA, one_node_layouts, spanning_layouts
from sizing.memory import RankBudget, budget
from sizing.plan import Layout, Method, RuleOfThumb
from sizing.request import Request
from sizing.rule import rule_of_thumb
from sizing.sharding import violation
from sizing.support import kv_support, support
from sizing.units import gib
from sizing.workload import Workload


@dataclass(frozen=True, slots=True)
class Placement:
    """One replica on one kind of node. `budget` is every pipeline stage's, worst first."""

    instance: InstanceType
    gpu: Gpu
    engine: Engine
    layout: Layout
    nodes: int
    budget: tuple[RankBudget, ...]
    rule: RuleOfThumb

    @property
    def replicas_per_node(self) -> int:
        """Copies that share a node; 1 where a copy spans nodes."""
        return max(1, self.instance.gpus // self.layout.gpus) if self.nodes == 1 else 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a kind of node cannot hold the model."""

    reason: str


def place(request: Request, instance: InstanceType, gpu: Gpu) -> Placement | Refusal:
    """The placement with the fewest nodes, then the fewest GPUs; else the deciding reason."""
    refused = _unusable(request, instance, gpu)
    if refused:
        return Refusal(refused)
    engine = make_engine(gpu)
    rule = rule_for(request, gpu)
    illegal: str | None = None
    closest: tuple[int, Layout] | None = None
    for nodes, layout in _layouts(request, instance):
        problem = violation(request.spec, request.precision, layout)
        if problem:
            illegal = illegal or problem
            continue
        share = _share(request, _copies(request, instance, layout, nodes))
        ranks = budget(
            request.spec, request.precision, share, layout, gpu, engine, request.kv_dtype
        )
        if _holds(request, rule, layout, ranks):
            return Placement(instance, gpu, engine, layout, nodes, ranks, rule)
        if closest is None or ranks[0].short < closest[0]:
            closest = (ranks[0].short, layout)
    short = _short(request, rule, *closest) if closest else illegal or "no legal layout"
    alone = "; without EFA it cannot span nodes" if not instance.efa_interfaces else ""
    return Refusal(short + alone)


def _layouts(request: Request, instance: InstanceType) -> Iterator[tuple[int, Layout]]:
    yield from ((1, layout) for layout in one_node_layouts(request.spec, instance.gpus))
    if not instance.efa_interfaces:
        return
    for nodes in range(2, min(MAX_NODES_PER_REPLICA, request.spec.layers) + 1):
        for layout in spanning_layouts(request.spec, instance.gpus, nodes):
            yield nodes, layout


def rule_for(request: Request, gpu: Gpu) -> RuleOfThumb:
    """The rule of thumb's answer for this model and precision on this GPU."""
    nominal = request.spec.nominal_params
    params = nominal if nominal is not None else params_total(request.spec)
    per_param = request.precision.rule_of_thumb_bytes
    return rule_of_thumb(params, per_param, gpu, nominal=nominal is not None)


def _unusable(request: Request, instance: InstanceType, gpu: Gpu) -> str | None:
    if instance.is_fractional:
        return "a fraction of a GPU"
    runs = support(request.precision, gpu.compute_capability)
    if runs.mode == "no":
        return f"{gpu.name}: {runs.reason}"
    keeps = kv_support(request.kv_dtype, gpu.compute_capability)
    return f"{gpu.name}: {keeps.reason}" if keeps.mode == "no" else None


def _copies(request: Request, instance: InstanceType, layout: Layout, nodes: int) -> int:
    """Copies that run in the end: GPUs left over in a node become further copies."""
    if nodes > 1:
        return request.replicas
    per_node = instance.gpus // layout.gpus
    return ceil(request.replicas / per_node) * per_node


def _share(request: Request, copies: int) -> Workload:
    """The load of one copy: the copies share the asked sequences."""
    each = ceil(request.workload.concurrency / copies)
    return request.workload.model_copy(update={"concurrency": each})


def _holds(
    request: Request, rule: RuleOfThumb, layout: Layout, ranks: tuple[RankBudget, ...]
) -> bool:
    if request.method is Method.RULE_OF_THUMB:
        return layout.gpus >= rule.gpus_required
    return ranks[0].short <= 0


def _short(request: Request, rule: RuleOfThumb, short: int, layout: Layout) -> str:
    if request.method is Method.RULE_OF_THUMB:
        return f"the rule needs {rule.gpus_required} GPUs, {layout.gpus} are the most here"
    return f"{gib(short):.1f} GiB short per GPU at {layout}"
