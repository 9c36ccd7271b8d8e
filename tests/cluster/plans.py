"""Plans for tests: real ones from the planner, and the same with another shape."""

from __future__ import annotations

from functools import cache
from typing import Any

from sizing.plan import NodeGroup, Plan
from sizing.planner import plan_for
from sizing.stack_config import StackConfig

MODEL = "llama-3.1-405b"


@cache
def plan_405b(precision: str = "bf16") -> Plan:
    """Llama 3.1 405B on H100: two nodes a replica at bf16, one at int4."""
    return plan_for(StackConfig.from_mapping({"model": MODEL, "precision": precision}))


def shaped(instance_type: str, *groups: tuple[int, int, int], **changes: Any) -> Plan:
    """The 405B plan with node groups of (replicas, nodes per replica, replicas per node)."""
    made = tuple(
        NodeGroup(
            instance_type=instance_type,
            nodes=-(-replicas * spread // per_node),
            nodes_per_replica=spread,
            replicas=replicas,
            replicas_per_node=per_node,
        )
        for replicas, spread, per_node in groups
    )
    update = {"instance_type": instance_type, "node_groups": made, **changes}
    return plan_405b().model_copy(update=update)
