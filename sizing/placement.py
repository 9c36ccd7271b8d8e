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
from sizing.workload import MAX_CONCURRENCY


@dataclass(frozen=True, slots=True)
class Placement:
    """Copies of the model on one kind of node.

    `nodes_per_copy` is above 1 where a copy spans nodes; else `copies_per_node` share a node.
    `fewest_nodes_per_copy` is what a copy with the least load would take on this kind of node.
    `budget` is one copy's, every pipeline stage, worst first, under its share of the load.
    """

    instance: InstanceType
    gpu: Gpu
    engine: Engine
    layout: Layout
    nodes_per_copy: int
    fewest_nodes_per_copy: int
    copies: int
    gpus_required: int
    budget: tuple[RankBudget, ...]
    rule: RuleOfThumb

    @property
    def copies_per_node(self) -> int:
        """Copies that share a node; 1 where a copy spans nodes."""
        return _copies_per_node(self.instance, self.layout, self.nodes_per_copy)

    @property
    def nodes(self) -> int:
        """All nodes."""
        return self.copies // self.copies_per_node * self.nodes_per_copy

    @property
    def max_concurrency(self) -> float:
        """Sequences of the asked context that one copy holds."""
        return max_concurrency(self.budget)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a kind of node cannot hold the model."""

    reason: str


def place(request: Request, instance: InstanceType, gpu: Gpu) -> Placement | Refusal:
    """The placement with the fewest nodes in all, then a copy, then the fewest GPUs needed.

    A copy that fits in one node stays in one, unless the request allows spreading.
    """
    refused = _unusable(request, instance, gpu)
    if refused:
        return Refusal(refused)
    trials = _Trials(request, instance, gpu)
    best: Placement | None = None
    for nodes, layouts in _layouts(request, instance):
        if best and nodes >= best.nodes:
            break
        held = [p for layout in layouts if (p := trials.attempt(nodes, layout))]
        best = min([*held, best] if best else held, key=_preferred, default=None)
        if best and nodes == 1 and not request.spread:
            break
    return best or Refusal(trials.reason())


def max_concurrency(budget: tuple[RankBudget, ...]) -> float:
    """Sequences of the asked context that one copy holds; the tightest stage decides."""
    held = (s.pool / s.kv_per_sequence for s in budget if s.kv_per_sequence)
    return max(0.0, min(held, default=float(MAX_CONCURRENCY)))


def _preferred(p: Placement) -> tuple[int, int, bool, int, int]:
    # A pipeline inside a node only helps where no tensor-parallel degree is legal.
    inner_pipeline = p.layout.pp > p.nodes_per_copy
    return (p.nodes, p.nodes_per_copy, inner_pipeline, p.gpus_required, p.layout.gpus)


class _Trials:
    """Attempts of one kind of node, remembering the one that came closest."""

    def __init__(self, request: Request, instance: InstanceType, gpu: Gpu) -> None:
        self._request, self._instance, self._gpu = request, instance, gpu
        self._engine, self._rule = make_engine(gpu), rule_for(request, gpu)
        self._fewest = MAX_NODES_PER_REPLICA
        self._illegal: str | None = None
        self._closest: tuple[int, Layout] | None = None

    def attempt(self, nodes: int, layout: Layout) -> Placement | None:
        """The placement if the layout is legal and a copy of it holds a sequence."""
        problem = violation(self._request.spec, self._request.precision, layout)
        if problem:
            self._illegal = self._illegal or problem
            return None
        needed = self._copies_needed(layout)
        if needed is None:
            return None
        self._fewest = min(self._fewest, nodes)
        per_node = _copies_per_node(self._instance, layout, nodes)
        # GPUs left over in a node become further copies.
        copies = ceil(needed / per_node) * per_node
        return Placement(
            instance=self._instance,
            gpu=self._gpu,
            engine=self._engine,
            layout=layout,
            nodes_per_copy=nodes,
            fewest_nodes_per_copy=self._fewest,
            copies=copies,
            gpus_required=self._gpus_per_copy(layout) * needed,
            budget=self._budget(layout, ceil(self._request.workload.concurrency / copies)),
            rule=self._rule,
        )

    def reason(self) -> str:
        """What decided against this kind of node."""
        missing = self._closest and _short(self._request, self._rule, *self._closest)
        alone = "" if self._instance.efa_interfaces else "; without EFA it cannot span nodes"
        return (missing or self._illegal or "no legal layout") + alone

    def _copies_needed(self, layout: Layout) -> int | None:
        """Copies that hold the load between them; None where a copy holds nothing."""
        request = self._request
        one = self._budget(layout, 1)
        by_rule = request.method is Method.RULE_OF_THUMB
        holds = layout.gpus >= self._rule.gpus_required if by_rule else one[0].short <= 0
        if not holds:
            if self._closest is None or one[0].short < self._closest[0]:
                self._closest = (one[0].short, layout)
            return None
        if by_rule:
            return request.replicas
        held = max(1, int(max_concurrency(one)))
        return max(request.replicas, ceil(request.workload.concurrency / held))

    def _gpus_per_copy(self, layout: Layout) -> int:
        by_rule = self._request.method is Method.RULE_OF_THUMB
        return self._rule.gpus_required if by_rule else layout.gpus

    def _budget(self, layout: Layout, sequences: int) -> tuple[RankBudget, ...]:
        request = self._request
        share = request.workload.model_copy(update={"concurrency": sequences})
        spec, precision, kv = request.spec, request.precision, request.kv_dtype
        return budget(spec, precision, share, layout, self._gpu, self._engine, kv)


def _layouts(request: Request, instance: InstanceType) -> Iterator[tuple[int, list[Layout]]]:
    """Nodes a copy, and the layouts on so many."""
    yield 1, list(one_node_layouts(request.spec, instance.gpus))
    if not instance.efa_interfaces:
        return
    for nodes in range(2, min(MAX_NODES_PER_REPLICA, request.spec.layers) + 1):
        yield nodes, list(spanning_layouts(request.spec, instance.gpus, nodes))


def _copies_per_node(instance: InstanceType, layout: Layout, nodes: int) -> int:
    return max(1, instance.gpus // layout.gpus) if nodes == 1 else 1


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


def _short(request: Request, rule: RuleOfThumb, short: int, layout: Layout) -> str:
    if request.method is Method.RULE_OF_THUMB:
        return f"the rule needs {rule.gpus_required} GPUs, {layout.gpus} are the most here"
    return f"{gib(short):.1f} GiB short per GPU at {layout}"
