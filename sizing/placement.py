"""The smallest legal layout of a copy on one kind of node, and the copies that carry the load."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from sizing.capacity import Capacity
from sizing.engine import Engine
from sizing.gpu import Gpu
from sizing.layouts import (
    MAX_NODES_PER_REPLICA,
    Shape,
    inner_pipelines,
    spanning_shapes,
    tensor_shapes,
)
from sizing.memory import RankBudget
from sizing.plan import Layout, RuleOfThumb
from sizing.precision import Precision
from sizing.units import gib

_Size = tuple[int, int, int, int]
"""Nodes in all, nodes of a copy, GPUs needed, GPUs of a copy: less is better, in this order."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Copies of the model on nodes of `node_gpus` GPUs.

    `nodes_per_copy` is above 1 where a copy spans nodes; else `copies_per_node` share a node.
    `held` is how many sequences of the asked context a copy holds at once.
    """

    capacity: Capacity
    gpu: Gpu
    node_gpus: int
    layout: Layout
    nodes_per_copy: int
    held: int
    copies: int
    gpus_required: int

    @property
    def copies_per_node(self) -> int:
        """Copies that share a node; 1 where a copy spans nodes."""
        return _copies_per_node(self.node_gpus, self.layout, self.nodes_per_copy)

    @property
    def nodes(self) -> int:
        """All nodes."""
        return self.copies // self.copies_per_node * self.nodes_per_copy

    @property
    def precision(self) -> Precision:
        """How the weights are stored."""
        return self.capacity.precision

    @property
    def engine(self) -> Engine:
        """The engine and its settings."""
        return self.capacity.engine(self.gpu)

    @property
    def rule(self) -> RuleOfThumb:
        """What the rule of thumb says for this GPU."""
        return self.capacity.rule(self.gpu)

    def budget(self) -> tuple[RankBudget, ...]:
        """One copy's memory under its share of the load: every pipeline stage, worst first."""
        return self.capacity.budget(self.gpu, self.layout, self.copies)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a kind of node cannot hold the model.

    `kind` groups like reasons, `short` (GiB per GPU) orders them.
    """

    kind: str
    reason: str
    short: float = 0.0


def on_one_node(capacity: Capacity, gpu: Gpu, node_gpus: int) -> Placement | Refusal:
    """Every copy inside one node: fewest nodes in all, then fewest GPUs."""
    key = ("one node", gpu.name, node_gpus)
    return capacity.recall(key, lambda: _on_one_node(capacity, gpu, node_gpus))


def _on_one_node(capacity: Capacity, gpu: Gpu, node_gpus: int) -> Placement | Refusal:
    if not capacity.most_sequences(gpu, node_gpus):
        return _refusal(capacity, gpu, node_gpus)
    experts = capacity.has_experts
    for shapes in (tensor_shapes(node_gpus, experts), inner_pipelines(node_gpus, experts)):
        best: Placement | None = None
        for shape in shapes:
            least = _at_least(capacity, gpu, node_gpus, shape[0])
            if least is None or (best and least >= _preferred(best)):
                continue
            found = _placed(capacity, gpu, node_gpus, 1, shape)
            if found and (not best or _preferred(found) < _preferred(best)):
                best = found
        if best:
            return best
    return _refusal(capacity, gpu, node_gpus)


def _at_least(capacity: Capacity, gpu: Gpu, node_gpus: int, layout: Layout) -> _Size | None:
    """No copies of this many GPUs on one node are smaller; None where they hold nothing."""
    held = capacity.most_sequences(gpu, layout.gpus)
    if not held:
        return None
    copies = capacity.copies_needed(held)
    nodes = ceil(copies / (node_gpus // layout.gpus))
    return (nodes, 1, capacity.gpus_per_copy(gpu, layout) * copies, layout.gpus)


def across_nodes(
    capacity: Capacity, gpu: Gpu, node_gpus: int, fewer_than: int | None = None
) -> Placement | None:
    """Every copy across at least two nodes: fewest nodes in all, then fewest per copy.

    None where no layout holds the model, or none on `fewer_than` nodes in all.
    """
    key = ("across", gpu.name, node_gpus, fewer_than)
    return capacity.recall(key, lambda: _across_nodes(capacity, gpu, node_gpus, fewer_than))


def _across_nodes(
    capacity: Capacity, gpu: Gpu, node_gpus: int, fewer_than: int | None
) -> Placement | None:
    best: Placement | None = None
    for least, nodes in sorted(_least_nodes(capacity, gpu, node_gpus)):
        if best and (least, nodes) >= (best.nodes, best.nodes_per_copy):
            break
        if fewer_than is not None and least >= fewer_than:
            break
        found = _spanning(capacity, gpu, node_gpus, nodes)
        if found and (fewer_than is None or found.nodes < fewer_than):
            best = min([best, found] if best else [found], key=_preferred)
    return best


def fewest_nodes_per_copy(
    capacity: Capacity, gpu: Gpu, node_gpus: int, most: int = MAX_NODES_PER_REPLICA
) -> int | None:
    """Fewest nodes, two or more and at most `most`, across which a copy holds a sequence."""
    for _, nodes in _least_nodes(capacity, gpu, node_gpus):
        if nodes > most:
            return None
        if _spanning(capacity, gpu, node_gpus, nodes):
            return nodes
    return None


def least_nodes(capacity: Capacity, gpu: Gpu, node_gpus: int) -> int | None:
    """No placement across nodes takes fewer nodes in all; None where none can hold the model."""
    return min((n for n, _ in _least_nodes(capacity, gpu, node_gpus)), default=None)


def _least_nodes(capacity: Capacity, gpu: Gpu, node_gpus: int) -> list[tuple[int, int]]:
    """(fewest nodes in all that could do, nodes a copy) for every number of nodes that could."""
    key = ("least nodes", gpu.name, node_gpus)
    return capacity.recall(key, lambda: _least(capacity, gpu, node_gpus))


def _least(capacity: Capacity, gpu: Gpu, node_gpus: int) -> list[tuple[int, int]]:
    most = min(MAX_NODES_PER_REPLICA, capacity.layers)
    bounds = ((n, capacity.most_sequences(gpu, n * node_gpus)) for n in range(2, most + 1))
    return [(n * capacity.copies_needed(held), n) for n, held in bounds if held]


def _spanning(capacity: Capacity, gpu: Gpu, node_gpus: int, nodes: int) -> Placement | None:
    key = ("spanning", gpu.name, node_gpus, nodes)
    return capacity.recall(key, lambda: _find_spanning(capacity, gpu, node_gpus, nodes))


def _find_spanning(capacity: Capacity, gpu: Gpu, node_gpus: int, nodes: int) -> Placement | None:
    for shape in spanning_shapes(node_gpus, nodes, capacity.has_experts):
        if any(not capacity.violation(layout) for layout in shape):
            return _placed(capacity, gpu, node_gpus, nodes, shape)
    return None


def _placed(
    capacity: Capacity, gpu: Gpu, node_gpus: int, nodes: int, shape: Shape
) -> Placement | None:
    """The first legal layout of this shape, with the copies it takes; None if it holds nothing."""
    layout = next((x for x in shape if not capacity.violation(x)), None)
    held = capacity.sequences(gpu, layout) if layout else 0
    if not layout or not held:
        return None
    needed = capacity.copies_needed(held)
    per_node = _copies_per_node(node_gpus, layout, nodes)
    return Placement(
        capacity=capacity,
        gpu=gpu,
        node_gpus=node_gpus,
        layout=layout,
        nodes_per_copy=nodes,
        held=held,
        # GPUs left over in a node become further copies.
        copies=ceil(needed / per_node) * per_node,
        gpus_required=capacity.gpus_per_copy(gpu, layout) * needed,
    )


def _preferred(p: Placement) -> _Size:
    return (p.nodes, p.nodes_per_copy, p.gpus_required, p.layout.gpus)


def _copies_per_node(node_gpus: int, layout: Layout, nodes: int) -> int:
    return max(1, node_gpus // layout.gpus) if nodes == 1 else 1


def _refusal(capacity: Capacity, gpu: Gpu, node_gpus: int) -> Refusal:
    """What decided against one node: the largest legal layout's shortage, or the law."""
    key = ("largest legal layout", node_gpus)
    largest = capacity.recall(key, lambda: _largest_legal(capacity, node_gpus))
    if largest is None:
        whole = tensor_shapes(node_gpus, capacity.has_experts)[-1][0]
        return Refusal("layout", capacity.violation(whole) or "no legal layout")
    if capacity.by_rule:
        needed = capacity.rule(gpu).gpus_required
        return Refusal("memory", f"the rule needs {needed} GPUs, {node_gpus} are the most here")
    short = gib(capacity.short_for_weights(gpu, node_gpus))
    if short > 0:
        return Refusal("memory", f"{short:.1f} GiB short per GPU for the weights alone", short)
    short = gib(capacity.short(gpu, largest))
    return Refusal("memory", f"{short:.1f} GiB short per GPU at {largest}", short)


def _largest_legal(capacity: Capacity, node_gpus: int) -> Layout | None:
    """On the most GPUs of a node, with the fewest pipeline stages."""
    experts = capacity.has_experts
    shapes = (*tensor_shapes(node_gpus, experts), *inner_pipelines(node_gpus, experts))
    layouts = (layout for shape in shapes for layout in shape)
    ordered = sorted(layouts, key=lambda x: (-x.gpus, x.pp, x.ep))
    return next((x for x in ordered if not capacity.violation(x)), None)
