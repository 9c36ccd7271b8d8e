"""Why a kind of node is not used, with the figure that decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

from sizing.candidates import Candidate, Kind
from sizing.layouts import MAX_NODES_PER_REPLICA
from sizing.lots import Rejections
from sizing.placement import Placement, Refusal, least_nodes
from sizing.request import Request
from sizing.units import usd

# Placements on so few nodes are quickly worked out, so each that would be cheaper is priced.
_FEW_NODES = 4


def explain(
    request: Request,
    kinds: Sequence[Kind],
    found: Sequence[Candidate],
    fewest: int,
    rejected: Rejections,
) -> None:
    """Add to `rejected` every kind that holds no copy on `fewest` nodes, and every plan that would
    be cheaper if copies were spread over more nodes."""
    best = min((c.usd_per_month for c in found if c.usd_per_month is not None), default=None)
    told = _reject_spread(request, kinds, fewest, best, rejected)
    for index, kind in enumerate(kinds):
        if kind.placement is None and index not in told:
            explain_kind(request, kind, fewest, rejected)


def explain_kind(request: Request, kind: Kind, fewest: int, rejected: Rejections) -> None:
    """Add to `rejected` why a kind holds no copy on `fewest` nodes."""
    refusal = _why(kind, fewest)
    for lot in kind.lots:
        name = label(request, kind, lot.instance.name)
        rejected.add(refusal.kind, refusal.reason, name, refusal.short)


def label(request: Request, kind: Kind, name: str) -> str:
    """How an instance type is named among candidates: with its precision if there are several."""
    several = len(request.precisions) > 1
    return f"{name} at {kind.capacity.precision.name}" if several else name


def _reject_spread(
    request: Request,
    kinds: Sequence[Kind],
    fewest: int,
    best: float | None,
    rejected: Rejections,
) -> set[int]:
    """Reject what would be cheaper than `best` a month across nodes; the kinds it was said of.

    The most promising kinds come first, so that those on many nodes can be passed over by a bound.
    """
    told: set[int] = set()
    cheapest = inf if best is None else best
    for least, index, nodes in sorted(_promising(request, kinds, best)):
        if least >= cheapest and nodes > _FEW_NODES:
            continue
        kind = kinds[index]
        placement = kind.across(kind.placement.nodes if kind.placement else None)
        spread = kind.priced(request, placement) if placement else []
        cost = min((c.usd_per_month for c in spread if c.usd_per_month is not None), default=None)
        cheapest = min(cheapest, inf if cost is None else cost)
        if spread and (kind.placement is None or (cost or 0.0) < (best or 0.0)):
            _say_spread(request, kind, spread, fewest, rejected)
            told.add(index)
    return told


def _promising(
    request: Request, kinds: Sequence[Kind], best: float | None
) -> Iterator[tuple[float, int, int]]:
    """(USD a month at least, index, nodes at least) of kinds that can be cheaper across nodes.

    A kind without a price is told only where nothing has one.
    """
    for index, kind in enumerate(kinds):
        if request.spread or not kind.spans:
            continue
        nodes = least_nodes(kind.capacity, kind.gpu, kind.gpus)
        most = kind.placement.nodes if kind.placement else inf
        if nodes is None or nodes >= most or (kind.placement and kind.placement.nodes_per_copy > 1):
            continue
        least = min(kind.least(request, nodes), default=0.0 if best is None else inf)
        if best is None or least < best:
            yield least, index, nodes


def _say_spread(
    request: Request,
    kind: Kind,
    spread: Sequence[Candidate],
    fewest: int,
    rejected: Rejections,
) -> None:
    by_name: dict[str, Candidate] = {}
    for c in sorted(spread, key=lambda c: (c.usd_per_hour is None, c.usd_per_hour or 0.0)):
        by_name.setdefault(c.lot.instance.name, c)
    for name, c in by_name.items():
        price = "price unknown" if c.usd_per_hour is None else f"{usd(c.usd_per_hour)} an hour"
        per_copy = c.placement.nodes_per_copy
        many = "" if c.nodes == per_copy else f"{c.nodes} nodes, "
        reason = f"{per_copy} nodes a copy where {fewest} will do: {many}{price} (spread allows it)"
        rejected.add("spread", reason, label(request, kind, name), c.usd_per_hour or inf)


def _why(kind: Kind, fewest: int) -> Refusal:
    """Why the kind holds no copy on one node, and what spreading it would take."""
    refusal = kind.one_node
    if isinstance(refusal, Placement):
        return Refusal("spread", f"more than {fewest} nodes a copy")
    if not kind.spans:
        return _also(refusal, "without EFA it cannot span nodes")
    if kind.capacity.by_rule:
        return refusal
    least = least_nodes(kind.capacity, kind.gpu, kind.gpus)
    if least is None:
        return _also(refusal, f"{MAX_NODES_PER_REPLICA} nodes do not hold it either")
    if least > fewest:
        return _also(refusal, f"it takes {least} nodes or more")
    return _also(refusal, "no legal layout spans nodes")


def _also(refusal: Refusal, more: str) -> Refusal:
    return replace(refusal, reason=f"{refusal.reason}; {more}")
