"""The layouts that a kind of node offers, in the order in which they are preferred."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.model import ModelSpec, Moe
from sizing.plan import Layout

MAX_NODES_PER_REPLICA = 32


def one_node_layouts(spec: ModelSpec, gpus: int) -> Iterator[Layout]:
    """Layouts inside one node of `gpus` GPUs: tensor parallel alone first, then fewest GPUs.

    A pipeline inside a node only helps where no tensor-parallel degree is legal.
    """
    shapes = [(tp, pp) for tp in range(1, gpus + 1) for pp in range(1, gpus // tp + 1)]
    for tp, pp in sorted(shapes, key=lambda s: (s[1] > 1, s[0] * s[1], s[1])):
        yield from _with_experts(spec, tp, pp)


def spanning_layouts(spec: ModelSpec, gpus: int, nodes: int) -> Iterator[Layout]:
    """Layouts that fill `nodes` nodes: tensor parallel stays inside a node, pipeline crosses."""
    for tp in sorted((t for t in range(1, gpus + 1) if gpus % t == 0), reverse=True):
        yield from _with_experts(spec, tp, nodes * gpus // tp)


def _with_experts(spec: ModelSpec, tp: int, pp: int) -> Iterator[Layout]:
    yield Layout(tp=tp, pp=pp)
    if tp > 1 and any(isinstance(b.ffn, Moe) for b in spec.blocks.values()):
        yield Layout(tp=tp, pp=pp, ep=tp)
