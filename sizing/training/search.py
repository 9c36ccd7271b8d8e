"""Which nodes hold a training run, and which of them cost least."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from math import inf

from sizing.candidates import Candidate, Kind
from sizing.gpu import Gpu
from sizing.instance import InstanceType
from sizing.lots import Rejections, lots_for
from sizing.placement import Placement, Refusal
from sizing.precision import PRECISIONS
from sizing.request import Request
from sizing.search import MOST_TIMES, Found, cannot_run, is_allowed, kinds_at
from sizing.training.job import Job
from sizing.training.memory import training_memory
from sizing.training.placement import (
    MAX_NODES,
    TrainingPlacement,
    at_least_nodes,
    fewest_nodes,
)
from sizing.units import GIB, usd
from sizing.workload import TrainingLoad

_HOST_SHARE = 0.85
"""Share of a host's memory that offloading may take; the rest is the system's and the data's."""


def search_training(request: Request) -> Found:
    """What holds the run and may be bought, best first."""
    rejected = Rejections()
    kinds = _kinds(request, request.gpus, rejected)
    fewest = _place_all(request, kinds, rejected)
    kept = list(_bought(request, kinds, rejected))
    ranked = sorted(kept, key=lambda c: c.rank(request.prefer))
    elsewhere = _elsewhere(request, ranked[0], fewest) if ranked else []
    return Found(ranked, elsewhere, rejected)


def _place_all(request: Request, kinds: list[Kind], rejected: Rejections) -> int:
    """Place every kind on the fewest nodes that hold the run on any of them; that number.

    A run that fewer nodes hold is not spread over more, whose network is slower than a node's own,
    unless the request allows it: what would be cheaper is rejected with its price.
    """
    fewest, spread = MAX_NODES, request.spread
    for kind in sorted(kinds, key=lambda k: -k.gpus):
        found = _placed(request, kind, MAX_NODES)
        if isinstance(found, Placement):
            kind.placement = found
            fewest = min(fewest, found.nodes)
        else:
            _reject(kind, found, rejected)
    for kind in kinds:
        if kind.placement and kind.placement.nodes > fewest and not spread:
            _reject_spread(request, kind, kind.placement, fewest, rejected)
            kind.placement = None
    return MAX_NODES if spread else fewest


def _placed(request: Request, kind: Kind, most: int) -> TrainingPlacement | Refusal:
    job, load = asked(request)
    limit = most if kind.spans else 1
    found = fewest_nodes(kind.capacity, job, load, kind.gpu, kind.gpus, limit)
    if isinstance(found, Refusal) and not kind.spans:
        return replace(found, reason=f"{found.reason}; without EFA nodes cannot be joined")
    return found


def _reject(kind: Kind, refusal: Refusal, rejected: Rejections) -> None:
    for lot in kind.lots:
        rejected.add(refusal.kind, refusal.reason, lot.instance.name, refusal.short)


def _reject_spread(
    request: Request, kind: Kind, placement: Placement, fewest: int, rejected: Rejections
) -> None:
    for c in kind.priced(request, placement):
        price = "price unknown" if c.usd_per_hour is None else f"{usd(c.usd_per_hour)} an hour"
        reason = f"{c.nodes} nodes where {fewest} will do: {price} (spread allows it)"
        rejected.add("spread", reason, c.lot.instance.name, c.usd_per_hour or inf)


def _kinds(request: Request, gpus: tuple[Gpu, ...], rejected: Rejections) -> list[Kind]:
    # Whatever the weights are stored in, a step is computed in 16 bits.
    why_not = partial(cannot_run, PRECISIONS["bf16"])
    lots = lots_for(request, gpus, rejected)
    return kinds_at(request, request.precisions[0], 0, lots, rejected, why_not)


def _bought(request: Request, kinds: Iterable[Kind], rejected: Rejections) -> Iterable[Candidate]:
    for kind in kinds:
        for candidate in kind.candidates(request):
            if _host_holds(candidate, rejected) and is_allowed(request, candidate, rejected):
                yield candidate


def _host_holds(candidate: Candidate, rejected: Rejections) -> bool:
    """Whether what is offloaded fits into the host's memory."""
    placement, node = candidate.placement, candidate.lot.instance
    if not isinstance(placement, TrainingPlacement):
        return True
    needed, room = host_gib(placement.job, node), node.memory_gib * _HOST_SHARE
    if needed <= room:
        return True
    reason = f"{needed:,.0f} GiB of host memory to offload to, {room:,.0f} are free for it"
    rejected.add("memory", reason, node.name, needed - room)
    return False


def host_gib(job: Job, node: InstanceType) -> float:
    """GiB that all GPUs of a node put into its memory."""
    return training_memory(job)[0].host * node.gpus / GIB


def _elsewhere(request: Request, chosen: Candidate, fewest: int) -> list[Candidate]:
    """The best candidate on each GPU that was not asked for, none at many times the price."""
    month, unsaid = chosen.usd_per_month, Rejections()
    most = inf if month is None else month * MOST_TIMES
    job, _ = asked(request)
    best: dict[str, Candidate] = {}
    for kind in _kinds(request, request.other_gpus, unsaid):
        least = at_least_nodes(job, kind.gpu, kind.gpus)
        if least > fewest or min(kind.least(request, least), default=0.0) > most:
            continue
        found = _placed(request, kind, fewest)
        kind.placement = found if isinstance(found, Placement) else None
        for c in _bought(request, [kind], unsaid):
            known = best.get(kind.gpu.name)
            better = known is None or c.rank(request.prefer) < known.rank(request.prefer)
            if (c.usd_per_month or 0.0) <= most and better:
                best[kind.gpu.name] = c
    return sorted(best.values(), key=lambda c: c.rank(request.prefer))


def asked(request: Request) -> tuple[Job, TrainingLoad]:
    """The run that the request is about."""
    if request.training is None or request.workload.training is None:
        raise ValueError("the request is not about training")
    return request.training, request.workload.training
