"""Lots of equal nodes, what they hold, and the candidates they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sizing.capacity import Capacity
from sizing.gpu import Gpu
from sizing.instance import Purchase
from sizing.lots import Lot
from sizing.placement import Placement, Refusal, across_nodes, on_one_node
from sizing.plan import Prefer
from sizing.request import Request
from sizing.units import HOURS_PER_MONTH

Rank = tuple[bool, float, float, int, int, str, str, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A placement that holds the workload, bought in one lot.

    USD are of all nodes, in a running hour and in a month of billed hours; None if unknown.
    """

    placement: Placement
    lot: Lot
    nodes: int
    billed_hours: float
    usd_per_hour: float | None
    usd_per_month: float | None
    concurrency: int
    precision_rank: int

    @property
    def headroom(self) -> float:
        """How many times the asked load all copies hold."""
        return self.placement.held * self.placement.copies / self.concurrency

    def rank(self, prefer: Prefer) -> Rank:
        """Sort key: known prices first, what is preferred, cheapest, fewest nodes, then names."""
        offer, month = self.lot.offer, self.usd_per_month
        price = round(month or 0.0, 6)
        first = 0.0
        if prefer is Prefer.NODES:
            first = float(self.nodes)
        elif prefer is Prefer.HEADROOM:
            first = -self.headroom
        names = (self.lot.instance.name, offer.region, offer.purchase)
        return (month is None, first, price, self.nodes, self.precision_rank, *names)


@dataclass(slots=True)
class Kind:
    """Lots that an engine cannot tell apart, at one precision, and what they hold.

    `placement` is the one to be used.
    """

    capacity: Capacity
    gpu: Gpu
    gpus: int
    spans: bool
    precision_rank: int
    lots: list[Lot]
    placement: Placement | None = None

    @property
    def one_node(self) -> Placement | Refusal:
        """The placement with every copy inside one node, or why there is none."""
        return on_one_node(self.capacity, self.gpu, self.gpus)

    def least(self, request: Request, nodes: int) -> list[float]:
        """What `nodes` nodes cost a month in every lot with a price, in USD."""
        hours = request.hours_per_month
        prices = ((x.offer.usd_per_hour, billed_hours(x.offer.purchase, hours)) for x in self.lots)
        return [nodes * price * billed for price, billed in prices if price is not None]

    def across(self, fewer_than: int | None = None) -> Placement | None:
        """The placement with every copy across nodes, if there is one on so few nodes."""
        if not self.spans:
            return None
        return across_nodes(self.capacity, self.gpu, self.gpus, fewer_than)

    @property
    def is_priced(self) -> bool:
        """Whether some lot has a price."""
        return any(lot.offer.usd_per_hour is not None for lot in self.lots)

    def candidates(self, request: Request) -> list[Candidate]:
        """The placement in every lot; empty without one."""
        return [] if self.placement is None else self.priced(request, self.placement)

    def priced(self, request: Request, placement: Placement) -> list[Candidate]:
        """A placement in every lot."""
        hours, nodes = request.hours_per_month, placement.nodes
        billed = {p: billed_hours(p, hours) for p in Purchase}
        return [self._priced(request, placement, nodes, x, billed) for x in self.lots]

    def _priced(
        self,
        request: Request,
        placement: Placement,
        nodes: int,
        lot: Lot,
        billed: Mapping[Purchase, float],
    ) -> Candidate:
        hours, rate = billed[lot.offer.purchase], lot.offer.usd_per_hour
        return Candidate(
            placement=placement,
            lot=lot,
            nodes=nodes,
            billed_hours=hours,
            usd_per_hour=None if rate is None else rate * nodes,
            usd_per_month=None if rate is None else rate * nodes * hours,
            concurrency=request.workload.concurrency,
            precision_rank=self.precision_rank,
        )


def billed_hours(purchase: Purchase, hours: float) -> float:
    """Hours a month that are paid for: a reservation is billed whether it runs or not, a capacity
    block in whole days."""
    if purchase is Purchase.RESERVED:
        return max(hours, HOURS_PER_MONTH)
    if purchase is Purchase.CAPACITY_BLOCK:
        return max(hours, min(HOURS_PER_MONTH, -(-hours // 24) * 24))
    return hours
