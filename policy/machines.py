"""The machines of a stack, as a bill counts them: type, region and how they are bought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policy.resources import CLUSTER, MACHINES, SPOT_REQUEST, Resource
from policy.values import block, blocks, text
from sizing.instance import Purchase

UNCOUNTED = {
    "aws:autoscaling/group:Group": "an auto scaling group",
    "aws:ec2/capacityBlockReservation:CapacityBlockReservation": "a capacity block",
    "aws:ec2/capacityReservation:CapacityReservation": "a capacity reservation",
    "aws:ec2/fleet:Fleet": "a fleet",
    "aws:ec2/spotFleetRequest:SpotFleetRequest": "a spot fleet",
    "aws:eks/nodeGroup:NodeGroup": "a node group",
}
"""What launches or holds machines whose number or price is not read here."""
_MARKETS = {"spot": Purchase.SPOT, "capacity-block": Purchase.CAPACITY_BLOCK}


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of machine. Type and region are None where nothing says them.

    `cluster` is the URN of the GpuCluster that it belongs to, empty for one of its own.
    """

    instance_type: str | None
    region: str | None
    purchase: Purchase
    cluster: str = ""


def machines(resources: Iterable[Resource]) -> Counter[Machine]:
    """How many there are of each kind of machine."""
    return Counter(_machine(r) for r in resources if r.kind in MACHINES)


def uncounted(resources: Iterable[Resource]) -> list[str]:
    """What is not in `machines` though it costs money."""
    return [f"{UNCOUNTED[r.kind]} ({r.name})" for r in resources if r.kind in UNCOUNTED]


def cluster_of(resource: Resource) -> Resource | None:
    """The cluster that a resource is part of."""
    return next((a for a in resource.ancestors if a.kind == CLUSTER), None)


def plan_of(cluster: Resource | None) -> Mapping[str, Any]:
    """A cluster's plan, as its outputs hold it; empty where there is none."""
    return block(cluster.props.get("plan") if cluster else None)


def _machine(resource: Resource) -> Machine:
    cluster = cluster_of(resource)
    return Machine(
        instance_type=_first(resource, "instanceType"),
        region=resource.region,
        purchase=_purchase(resource, cluster),
        cluster=cluster.urn if cluster else "",
    )


def _purchase(resource: Resource, cluster: Resource | None) -> Purchase:
    if resource.kind == SPOT_REQUEST:
        return Purchase.SPOT
    sources = (resource, *resource.templates)
    for market in (_market(source.props) for source in sources):
        if market in _MARKETS:
            return _MARKETS[market]
    # A reservation is billed on demand unless reserved prices were agreed, as only the plan knows.
    reserved = plan_of(cluster).get("purchase") == Purchase.RESERVED
    return Purchase.RESERVED if reserved else Purchase.ON_DEMAND


def _market(props: Mapping[str, Any]) -> str | None:
    options = blocks(props.get("instanceMarketOptions"))
    named = (text(option.get("marketType")) for option in options)
    return next((name for name in named if name), None) or text(props.get("instanceLifecycle"))


def _first(resource: Resource, key: str) -> str | None:
    sources = (resource, *resource.templates)
    return next((found for s in sources if (found := text(s.props.get(key)))), None)
