"""The tags by which nodes, volumes and bills are found again."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cluster.names import NodePlacement

PROJECT = "gpu-sizing:project"
STACK = "gpu-sizing:stack"
MODEL = "gpu-sizing:model"
REPLICA = "gpu-sizing:replica"
RANK = "gpu-sizing:rank"
_MAX_VALUE = 256
_NOT_ALLOWED = re.compile(r"[^\w +\-=.:/@]", re.ASCII)


def shared_tags(stack: str, model: str, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """What every resource of a cluster carries; `own` are the user's."""
    return {**(own or {}), STACK: tag_value(stack), MODEL: tag_value(model)}


def node_tags(shared: dict[str, str], node: NodePlacement) -> dict[str, str]:
    """A node's own tags. Several replicas on one node are separated by spaces."""
    replicas = " ".join(str(replica) for replica in node.replicas)
    return {**shared, "Name": node.name, REPLICA: tag_value(replicas), RANK: str(node.rank)}


def tag_value(text: str) -> str:
    """`text` with what AWS refuses in a tag's value replaced; a model may be a path."""
    return _NOT_ALLOWED.sub("-", text)[:_MAX_VALUE]
