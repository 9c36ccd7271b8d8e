"""What runs now, read from a stack's last outputs: leniently, for another version may have made it.

A `Plan` is read strictly; what an older or a newer version exported is not one, but mostly says
what a comparison of cost needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sizing.plan import NODES_GROUP, Plan

NOTHING = "nothing is deployed yet, this is the first time"
SILENT = "the deployed version does not say what it costs: no comparison"


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DeployedLine(_Lenient):
    """An item that is paid for now."""

    item: str
    group: str = NODES_GROUP
    quantity: float = 0.0
    usd_per_month: float | None = None


class DeployedCost(_Lenient):
    """USD of a month; the total is None where only the nodes were counted."""

    usd_per_month: float | None = None
    nodes_usd_per_month: float | None = None
    lines: tuple[DeployedLine, ...] = ()


class DeployedRun(_Lenient):
    """The training run that the nodes are for now, as far as a change of it is worth a word."""

    method: str = ""
    optimizer: str = ""
    checkpointing: str = ""
    sharding: str = ""
    offload: str = ""
    seq_len: int = 0


class Deployed(_Lenient):
    """The plan that runs; `training` is None where it serves. `problem` says in words why there is
    none to compare with."""

    precision: str = ""
    instance_type: str = ""
    nodes: int = 0
    cost: DeployedCost = DeployedCost()
    training: DeployedRun | None = None
    problem: str = ""

    @property
    def itemised(self) -> bool:
        """Whether everything was counted, and not the nodes alone as the first version did."""
        return any(line.group != NODES_GROUP for line in self.cost.lines)


def deployed(outputs: Mapping[str, Any]) -> Deployed:
    """What a stack's outputs say; empty ones are those of a stack that holds nothing."""
    if not outputs:
        return Deployed(problem=NOTHING)
    try:
        found = Deployed.model_validate(outputs.get("plan"))
    except ValidationError:
        return Deployed(problem=SILENT)
    if not found.nodes or not found.cost.lines:
        return Deployed(problem=SILENT)
    return found if found.itemised else _nodes_alone(found)


def deployed_as(plan: Plan) -> Deployed:
    """A plan as it is found again once it is deployed."""
    return Deployed.model_validate(plan.model_dump())


def _nodes_alone(found: Deployed) -> Deployed:
    """The first version's total was that of the nodes."""
    month = found.cost.nodes_usd_per_month or found.cost.usd_per_month
    cost = found.cost.model_copy(update={"nodes_usd_per_month": month})
    return found.model_copy(update={"cost": cost})
