"""What is on sale: instance types, where they are offered and how they may be bought."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sizing.catalog.instances import instances_with
from sizing.catalog.prices import offer
from sizing.gpu import Gpu
from sizing.instance import InstanceType, Offer, Purchase
from sizing.plan import Rejected
from sizing.request import Request
from sizing.units import usd

# AWS quotes these for an account, so an unknown price does not mean that they are not sold.
_QUOTED = (Purchase.CAPACITY_BLOCK, Purchase.RESERVED)


@dataclass(frozen=True, slots=True)
class Lot:
    """Nodes of one kind under one offer; `count` limits an inventory's, None is no limit."""

    instance: InstanceType
    gpu: Gpu
    offer: Offer
    count: int | None = None


# In the order in which they are told: what money or a setting would change comes first.
_KINDS = (
    "budget",
    "spread",
    "inventory",
    "price",
    "region",
    "types",
    "memory",
    "layout",
    "precision",
    "fraction",
)


class Rejections:
    """Reasons and the candidates that each of them ruled out."""

    def __init__(self) -> None:
        self._by_reason: dict[tuple[str, str], dict[str, None]] = {}
        self._by_how_much: dict[tuple[str, str], float] = {}

    def add(self, kind: str, reason: str, candidate: str, by: float = 0.0) -> None:
        """Note one candidate; of a kind's reasons the smallest `by` is told first."""
        self._by_reason.setdefault((kind, reason), {})[candidate] = None
        self._by_how_much[kind, reason] = by

    def grouped(self) -> tuple[Rejected, ...]:
        """One entry a reason, reasons of a kind together."""
        by = self._by_how_much
        ordered = sorted(self._by_reason, key=lambda key: (_KINDS.index(key[0]), by[key]))
        return tuple(
            Rejected(kind=key[0], reason=key[1], candidates=tuple(self._by_reason[key]))
            for key in ordered
        )


def lots_for(request: Request, gpus: tuple[Gpu, ...], rejected: Rejections) -> list[Lot]:
    """Every lot with one of these GPUs that may be bought; the rest goes to `rejected`."""
    found = [lot for gpu in gpus for lot in _rented(request, gpu, rejected)]
    return [*found, *(lot for gpu in gpus for lot in _owned(request, gpu, rejected))]


def _rented(request: Request, gpu: Gpu, rejected: Rejections) -> Iterator[Lot]:
    for instance in instances_with(gpu.name):
        if not _is_wanted(request, instance.name, rejected):
            continue
        if instance.is_fractional:
            rejected.add("fraction", "a fraction of a GPU", instance.name)
            continue
        for region in request.regions:
            if region in instance.zones:
                yield from _sold(request, instance, gpu, region, rejected)
            else:
                rejected.add("region", f"not offered in {region}", instance.name)


def _sold(
    request: Request, instance: InstanceType, gpu: Gpu, region: str, rejected: Rejections
) -> Iterator[Lot]:
    """An on-demand or spot offer without a known price is not sold; others are quoted by AWS."""
    for purchase in request.purchases:
        price = offer(instance.name, region, purchase)
        if price.usd_per_hour is not None or purchase in _QUOTED:
            yield Lot(instance, gpu, price)
        else:
            reason = _not_sold(instance.name, region, purchase)
            rejected.add("price", reason, instance.name)


def _not_sold(name: str, region: str, purchase: Purchase) -> str:
    block = offer(name, region, Purchase.CAPACITY_BLOCK).usd_per_hour
    if block is None:
        return f"no {purchase} price known in {region}"
    return f"no {purchase} price in {region}: capacity block only, {usd(block)} an hour"


def _owned(request: Request, gpu: Gpu, rejected: Rejections) -> Iterator[Lot]:
    for node in request.inventory.nodes if request.inventory else ():
        if node.instance.gpu == gpu.name and _is_wanted(request, node.instance.name, rejected):
            yield Lot(node.instance, gpu, node.offer, node.count)


def _is_wanted(request: Request, name: str, rejected: Rejections) -> bool:
    if request.allow and name not in request.allow:
        return False
    if name in request.deny:
        rejected.add("types", "denied by instanceTypes.deny", name)
        return False
    return True
