"""What the same nodes cost under every way of buying them, and where one overtakes another."""

from __future__ import annotations

from sizing.candidates import Candidate, billed_hours
from sizing.catalog.prices import offer, reserved_terms
from sizing.instance import AWS_PURCHASES, Offer, Purchase
from sizing.plan import PurchaseOption
from sizing.units import HOURS_PER_MONTH

_NOTES = {
    Purchase.SPOT: "may be taken back at two minutes' notice; the range is of zones and days",
    Purchase.CAPACITY_BLOCK: "paid upfront in whole days, at most 182; the price is set anew "
    "about every quarter",
    Purchase.RESERVED: "billed every hour of the term, used or not",
}


def purchase_options(best: Candidate, hours: float) -> tuple[PurchaseOption, ...]:
    """Every option whose price is known for the plan's nodes, on demand first; none for nodes of
    one's own. `hours` is how long the nodes run in a month."""
    if best.lot.offer.purchase is Purchase.OWNED:
        return ()
    name, region = best.lot.instance.name, best.lot.offer.region
    offers = [offer(name, region, p) for p in AWS_PURCHASES if p is not Purchase.RESERVED]
    offers += reserved_terms(name, region).values()
    on_demand = offers[0].usd_per_hour
    known = (o for o in offers if o.usd_per_hour is not None)
    return tuple(_option(o, best.nodes, hours, on_demand) for o in known)


def _option(found: Offer, nodes: int, hours: float, on_demand: float | None) -> PurchaseOption:
    rate, low = found.usd_per_hour, found.usd_per_hour_low
    committed = found.purchase is Purchase.RESERVED
    billed = billed_hours(found.purchase, hours)
    return PurchaseOption(
        purchase=found.purchase,
        term=found.term,
        usd_per_hour=None if rate is None else rate * nodes,
        usd_per_hour_low=None if low is None else low * nodes,
        usd_per_month=None if rate is None else rate * nodes * billed,
        committed=committed,
        breakeven_hours_per_month=_breakeven(rate, on_demand) if committed else None,
        price_as_of=found.price_as_of,
        price_source=found.price_source,
        evidence=found.evidence,
        note=_NOTES.get(found.purchase, ""),
    )


def _breakeven(rate: float | None, on_demand: float | None) -> float | None:
    """Hours a month at which on-demand costs what a commitment does; None if it never does."""
    if rate is None or not on_demand or rate >= on_demand:
        return None
    return HOURS_PER_MONTH * rate / on_demand
