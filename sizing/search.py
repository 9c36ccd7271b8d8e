"""Every kind of node that may be used, where and how it may be bought, and why others may not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sizing.catalog.instances import instances_with
from sizing.catalog.prices import offer
from sizing.gpu import Gpu
from sizing.instance import InstanceType, Offer, Purchase
from sizing.placement import Placement, Refusal, place
from sizing.plan import Rejected
from sizing.request import Request
from sizing.units import usd


@dataclass(frozen=True, slots=True)
class Candidate:
    """A placement that holds the workload, bought as one offer."""

    placement: Placement
    offer: Offer

    @property
    def nodes(self) -> int:
        """All nodes."""
        return self.placement.nodes

    @property
    def usd_per_hour(self) -> float | None:
        """All nodes; None where the price is unknown."""
        price = self.offer.usd_per_hour
        return None if price is None else price * self.nodes

    def rank(self) -> tuple[bool, float, int, str, str, str]:
        """Sort key: known prices first, cheapest, fewest nodes, then names."""
        price = self.usd_per_hour
        who = (self.placement.instance.name, self.offer.region, self.offer.purchase.value)
        return (price is None, price or 0.0, self.nodes, *who)


class Rejections:
    """Reasons and the candidates that each of them ruled out, in the order met."""

    def __init__(self) -> None:
        self._by_reason: dict[str, list[str]] = {}

    def add(self, reason: str, candidate: str) -> None:
        """Note one candidate."""
        names = self._by_reason.setdefault(reason, [])
        if candidate not in names:
            names.append(candidate)

    def grouped(self) -> tuple[Rejected, ...]:
        """One entry a reason."""
        return tuple(
            Rejected(reason=reason, candidates=tuple(names))
            for reason, names in self._by_reason.items()
        )


class _Placer:
    """Places a request once for all instance types that an engine cannot tell apart."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._known: dict[tuple[str, int, float, bool], Placement | Refusal] = {}

    def place(self, instance: InstanceType, gpu: Gpu) -> Placement | Refusal:
        """The placement on this instance type, or why there is none."""
        kind = (gpu.name, instance.gpus, instance.gpu_fraction, instance.efa_interfaces > 0)
        if kind not in self._known:
            self._known[kind] = place(self._request, instance, gpu)
        found = self._known[kind]
        return found if isinstance(found, Refusal) else replace(found, instance=instance)


def candidates(request: Request, rejected: Rejections) -> list[Candidate]:
    """What holds the workload, best first; the rest goes to `rejected` with its reason."""
    found = _candidates(request, rejected)
    kept = found if request.spread else _without_spreading(found, rejected)
    return sorted(kept, key=Candidate.rank)


def _candidates(request: Request, rejected: Rejections) -> list[Candidate]:
    found: list[Candidate] = []
    placer = _Placer(request)
    for gpu in request.gpus:
        for instance in instances_with(gpu.name):
            if _is_wanted(request, instance, rejected):
                found += _offers(request, instance, gpu, placer, rejected)
    return found


def _is_wanted(request: Request, instance: InstanceType, rejected: Rejections) -> bool:
    if request.allow and instance.name not in request.allow:
        return False
    if instance.name in request.deny:
        rejected.add("denied by instanceTypes.deny", instance.name)
        return False
    return True


def _offers(
    request: Request, instance: InstanceType, gpu: Gpu, placer: _Placer, rejected: Rejections
) -> list[Candidate]:
    offered = [r for r in request.regions if r in instance.zones]
    for region in request.regions:
        if region not in offered:
            rejected.add(f"not offered in {region}", instance.name)
    if not offered:
        return []
    placement = placer.place(instance, gpu)
    if isinstance(placement, Refusal):
        rejected.add(placement.reason, instance.name)
        return []
    pairs = [(r, p) for r in offered for p in request.purchases]
    found = [Candidate(placement, offer(instance.name, r, p)) for r, p in pairs]
    return [c for c in found if _is_sold(c, rejected)]


def _is_sold(candidate: Candidate, rejected: Rejections) -> bool:
    """An on-demand or spot offer without a known price is not sold; others are quoted by AWS."""
    bought = candidate.offer.purchase
    quoted = bought in (Purchase.CAPACITY_BLOCK, Purchase.RESERVED)
    if candidate.offer.usd_per_hour is not None or quoted:
        return True
    name = candidate.placement.instance.name
    block = offer(name, candidate.offer.region, Purchase.CAPACITY_BLOCK).usd_per_hour
    hint = f" (capacity block: {usd(block)} an hour)" if block is not None else ""
    rejected.add(f"no {bought} price known in {candidate.offer.region}{hint}", name)
    return False


def _without_spreading(found: list[Candidate], rejected: Rejections) -> list[Candidate]:
    """Only the placements with the fewest nodes per copy: more nodes is spreading."""
    priced = [c for c in found if c.offer.usd_per_hour is not None] or found
    fewest = min((c.placement.fewest_nodes_per_copy for c in priced), default=0)
    for c in found:
        if c.placement.fewest_nodes_per_copy > fewest:
            price = "price unknown" if c.usd_per_hour is None else f"{usd(c.usd_per_hour)} an hour"
            spread = f"{c.placement.nodes_per_copy} nodes a copy where {fewest} will do"
            rejected.add(f"{spread}, {price} (see spread)", c.placement.instance.name)
    return [c for c in found if c.placement.fewest_nodes_per_copy <= fewest]
