"""What a stack costs: its machines by dated prices, and what its plans say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policy.machines import Machine, machines, plan_of, uncounted
from policy.resources import CLUSTER, Resource
from policy.values import block, number, text
from sizing.candidates import billed_hours
from sizing.catalog.prices import offer
from sizing.instance import Offer
from sizing.units import HOURS_PER_MONTH


@dataclass(frozen=True, slots=True)
class Line:
    """Equal machines. `offer` is None where type or region is not known, its price where no price
    is; `hours` are those of a month that are paid for."""

    machine: Machine
    count: int
    offer: Offer | None
    hours: float

    @property
    def usd_per_hour(self) -> float | None:
        """USD an hour for all of them."""
        each = self.offer.usd_per_hour if self.offer else None
        return None if each is None else each * self.count

    @property
    def usd_per_month(self) -> float | None:
        """USD a month for all of them."""
        return None if self.usd_per_hour is None else self.usd_per_hour * self.hours


@dataclass(frozen=True, slots=True)
class Claim:
    """What a cluster's own plan says it costs a month: None where it does not know."""

    name: str
    urn: str
    usd_per_month: float | None


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill of a stack. `uncounted` names what costs money and is in no line."""

    environment: str
    lines: tuple[Line, ...]
    claims: tuple[Claim, ...] = ()
    uncounted: tuple[str, ...] = ()

    @property
    def usd_per_month(self) -> float:
        """USD a month of all that has a price; a cluster by its plan or its machines, whichever is
        more: a plan also counts disks and the like, machines are what is really there."""
        claimed = {claim.urn: claim.usd_per_month or 0.0 for claim in self.claims}
        counted = dict.fromkeys((*claimed, *(line.machine.cluster for line in self.lines)), 0.0)
        for line in self.lines:
            counted[line.machine.cluster] += line.usd_per_month or 0.0
        return sum(max(usd, claimed.get(urn, 0.0)) for urn, usd in counted.items())

    @property
    def unpriced(self) -> tuple[str, ...]:
        """What is not in the sum, for want of a price."""
        unknown = (line for line in self.lines if line.usd_per_month is None)
        return (*(describe(line) for line in unknown), *self.uncounted)


def bill_of(resources: Sequence[Resource], hours: float | None = None) -> Bill:
    """The bill of a stack's resources.

    `hours` are the hours a month that machines run; None takes what a cluster's plan says, and all
    of them for other machines.
    """
    clusters = {r.urn: r for r in resources if r.kind == CLUSTER}
    lines = [
        _line(machine, count, _hours(clusters.get(machine.cluster), hours))
        for machine, count in machines(resources).items()
    ]
    return Bill(
        environment=resources[0].environment if resources else "",
        lines=tuple(lines),
        claims=tuple(_claims(clusters.values())),
        uncounted=tuple(uncounted(resources)),
    )


def describe(line: Line) -> str:
    """What a line counts: "2 x p5.48xlarge, on-demand, us-east-1"."""
    kind = line.machine
    known = f"{kind.instance_type or 'an unknown type'}, {kind.purchase}"
    return f"{line.count} x {known}, {kind.region or 'an unknown region'}"


def _line(machine: Machine, count: int, hours: float) -> Line:
    kind, region = machine.instance_type, machine.region
    found = offer(kind, region, machine.purchase) if kind and region else None
    return Line(machine, count, found, billed_hours(machine.purchase, hours))


def _hours(cluster: Resource | None, said: float | None) -> float:
    if said is not None:
        return said
    return number(block(plan_of(cluster).get("cost")).get("hours_per_month")) or HOURS_PER_MONTH


def _claims(clusters: Iterable[Resource]) -> Iterable[Claim]:
    for cluster in clusters:
        name = text(cluster.name) or "cluster"
        yield Claim(name, cluster.urn, number(cluster.props.get("monthlyCostUsd")))
