"""The layouts that a kind of node offers, in the order in which they are preferred.

Tensor parallelism stays inside a node; a pipeline crosses nodes, and tensor parallelism is then as
wide as is legal. A pipeline inside one node is for where tensor parallelism alone holds nothing,
experts spread over ranks are for where cutting each of them is not legal.
"""

from __future__ import annotations

from functools import cache

from sizing.plan import Layout

MAX_NODES_PER_REPLICA = 32

Shape = tuple[Layout, ...]
"""One tensor and pipeline degree: the plain layout, then the one with experts over the ranks."""


@cache
def tensor_shapes(gpus: int, experts: bool) -> tuple[Shape, ...]:
    """Tensor parallel alone inside one node of `gpus` GPUs, fewest GPUs first."""
    return tuple(_shape(tp, 1, experts) for tp in range(1, gpus + 1))


@cache
def inner_pipelines(gpus: int, experts: bool) -> tuple[Shape, ...]:
    """Pipelines inside one node of `gpus` GPUs, fewest GPUs first, then fewest stages."""
    shapes = [(tp, pp) for tp in range(1, gpus + 1) for pp in range(2, gpus // tp + 1)]
    ordered = sorted(shapes, key=lambda s: (s[0] * s[1], s[1]))
    return tuple(_shape(tp, pp, experts) for tp, pp in ordered)


@cache
def spanning_shapes(gpus: int, nodes: int, experts: bool) -> tuple[Shape, ...]:
    """Layouts that fill `nodes` nodes of `gpus` GPUs, widest tensor parallelism first."""
    widths = [tp for tp in range(gpus, 0, -1) if gpus % tp == 0]
    return tuple(_shape(tp, nodes * gpus // tp, experts) for tp in widths)


def _shape(tp: int, pp: int, experts: bool) -> Shape:
    plain = Layout(tp=tp, pp=pp)
    return (plain, Layout(tp=tp, pp=pp, ep=tp)) if experts and tp > 1 else (plain,)
