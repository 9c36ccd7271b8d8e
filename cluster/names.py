"""What each node is called and which replicas it carries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sizing.plan import NodeGroup


@dataclass(frozen=True, slots=True)
class NodePlacement:
    """One node: the replicas it carries (their indexes) and its rank inside a spanning replica."""

    name: str
    instance_type: str
    replicas: tuple[int, ...]
    rank: int
    spans_nodes: bool

    @property
    def first_replica(self) -> int:
        """The replica that names the node."""
        return self.replicas[0]


def node_placements(name: str, groups: Iterable[NodeGroup]) -> tuple[NodePlacement, ...]:
    """The nodes of a cluster, as `<name>-replica-R-rank-K`; replicas count on across groups.

    A node that carries several replicas is named by its first one. More replicas only add names:
    a name is a node's identity, and a changed one would replace the node.
    """
    placed: list[NodePlacement] = []
    first = 0
    for group in groups:
        placed += _of_group(name, group, first)
        first += group.replicas
    return tuple(placed)


def _of_group(name: str, group: NodeGroup, first: int) -> list[NodePlacement]:
    end = first + group.replicas
    return [
        NodePlacement(
            name=f"{name}-replica-{start}-rank-{rank}",
            instance_type=group.instance_type,
            replicas=tuple(range(start, min(start + group.replicas_per_node, end))),
            rank=rank,
            spans_nodes=group.nodes_per_replica > 1,
        )
        for start in range(first, end, group.replicas_per_node)
        for rank in range(group.nodes_per_replica)
    ]
