"""What is on sale: instance types, where they are offered and how they may be bought."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sizing.catalog.gpus import gpu as gpu_of
from sizing.catalog.instances import instances_with
from sizing.catalog.prices import forget_also, offer
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
    "latency",
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
    found: list[Lot] = []
    for gpu in gpus:
        lots, refused = _market(gpu.name, request.regions, request.purchases)
        found += [lot for lot in lots if _is_wanted(request, lot.instance.name)]
        for kind, reason, name in refused:
            if _is_wanted(request, name):
                rejected.add(kind, reason, name)
        for instance in instances_with(gpu.name):
            if instance.name in request.deny:
                rejected.add("types", "denied by instanceTypes.deny", instance.name)
    return [*found, *(lot for gpu in gpus for lot in _owned(request, gpu))]


_Refused = tuple[str, str, str]
"""Kind, reason, instance type."""


@lru_cache(maxsize=1024)
def _market(
    gpu: str, regions: tuple[str, ...], purchases: tuple[Purchase, ...]
) -> tuple[tuple[Lot, ...], tuple[_Refused, ...]]:
    """What AWS sells with that GPU, and what it does not."""
    lots: list[Lot] = []
    refused: list[_Refused] = []
    for instance in instances_with(gpu):
        if instance.is_fractional:
            refused.append(("fraction", "a fraction of a GPU", instance.name))
            continue
        for region in regions:
            if region in instance.zones:
                _sell(instance, region, purchases, lots, refused)
            else:
                refused.append(("region", f"not offered in {region}", instance.name))
    return tuple(lots), tuple(refused)


forget_also(_market.cache_clear)


def _sell(
    instance: InstanceType,
    region: str,
    purchases: tuple[Purchase, ...],
    lots: list[Lot],
    refused: list[_Refused],
) -> None:
    """An on-demand or spot offer without a known price is not sold; others are quoted by AWS."""
    for purchase in purchases:
        price = offer(instance.name, region, purchase)
        if price.usd_per_hour is not None or purchase in _QUOTED:
            lots.append(Lot(instance, gpu_of(instance.gpu), price))
        else:
            reason = _not_sold(instance.name, region, purchase)
            refused.append(("price", reason, instance.name))


def _not_sold(name: str, region: str, purchase: Purchase) -> str:
    block = offer(name, region, Purchase.CAPACITY_BLOCK).usd_per_hour
    if block is None:
        return f"no {purchase} price known in {region}"
    return f"no {purchase} price in {region}: capacity block only, {usd(block)} an hour"


def _owned(request: Request, gpu: Gpu) -> Iterator[Lot]:
    for node in request.inventory.nodes if request.inventory else ():
        if node.instance.gpu == gpu.name and _is_wanted(request, node.instance.name):
            yield Lot(node.instance, gpu, node.offer, node.count)


def _is_wanted(request: Request, name: str) -> bool:
    return name not in request.deny and (not request.allow or name in request.allow)
