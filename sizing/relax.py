"""What giving up one constraint at a time would give, where nothing satisfies them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sizing.bill import bill
from sizing.candidates import Candidate
from sizing.catalog.gpus import ANY, find_gpus
from sizing.catalog.instances import regions
from sizing.instance import AWS_PURCHASES, Purchase
from sizing.load import Targets
from sizing.precision import PRECISIONS
from sizing.request import Request
from sizing.search import search
from sizing.units import usd


def relaxations(request: Request) -> list[str]:
    """One line for every constraint that alone stands in the way: what to change, what it gives."""
    found: list[str] = []
    for change, wider in _wider(request):
        ranked = search(replace(wider, other_gpus=())).ranked
        if ranked and ranked[0].usd_per_month is not None:
            found.append(f"{change}: {_told(wider, ranked[0])}")
    return found


def _wider(request: Request) -> Iterator[tuple[str, Request]]:
    """The request with one constraint at a time given up."""
    if request.budget_monthly_usd is not None:
        yield "without budget.monthlyUsd", replace(request, budget_monthly_usd=None)
    if not request.spread:
        yield "with spread", replace(request, spread=True)
    if request.deny:
        yield "without instanceTypes.deny", replace(request, deny=frozenset())
    if request.allow:
        yield "without instanceTypes.allow", replace(request, allow=frozenset())
    yield from _wider_offers(request)
    every = find_gpus(ANY)
    if {g.name for g in every} - {g.name for g in request.gpus}:
        yield "with gpu any", replace(request, gpus=every, allow=frozenset())
    if request.training:
        from sizing.training.relaxed import smaller_runs

        yield from smaller_runs(request)
    else:
        yield from _smaller_loads(request)


def _wider_offers(request: Request) -> Iterator[tuple[str, Request]]:
    elsewhere = tuple(r for r in regions() if r not in request.regions)
    if elsewhere:
        yield "in another region", replace(request, regions=elsewhere)
    for purchase in (Purchase.ON_DEMAND, Purchase.SPOT, Purchase.CAPACITY_BLOCK):
        if purchase not in request.purchases:
            yield f"with purchase {purchase}", replace(request, purchases=(purchase,))
    if set(request.purchases) < set(AWS_PURCHASES) and elsewhere:
        wider = replace(request, regions=elsewhere, purchases=AWS_PURCHASES)
        yield "in another region with any purchase", wider


def _smaller_loads(request: Request) -> Iterator[tuple[str, Request]]:
    bits = min(p.bits for p in request.precisions)
    for name in ("fp8", "int8", "int4"):
        if PRECISIONS[name].bits < bits:
            smaller = (PRECISIONS[name],)
            yield f"with precision {name}", replace(request, precisions=smaller)
    load = request.workload
    if load.load:
        free = load.load.model_copy(update={"targets": Targets()})
        if load.load.targets.asks:
            free_load = load.model_copy(update={"load": free})
            yield "without workload.targets", replace(request, workload=free_load)
        return
    if load.concurrency > 1:
        one = load.model_copy(update={"concurrency": 1})
        yield "with concurrency 1", replace(request, workload=one)
    if load.context > 1:
        short = load.model_copy(update={"context": max(1, load.context // 4)})
        yield f"with context {short.context}", replace(request, workload=short)


def _told(request: Request, best: Candidate) -> str:
    offer, cost = best.lot.offer, bill(request, best)
    month = f"{'at least ' if cost.unknown_lines else ''}{usd(cost.usd_per_month or 0.0)} a month"
    where = f"{offer.purchase}, {offer.region}"
    counted = " all in" if cost.is_all_in else ""
    return f"{best.nodes} x {best.lot.instance.name}, {where}, {month}{counted}"
