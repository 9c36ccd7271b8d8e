"""Why a kind of node is not used, with the figure that decides."""

from __future__ import annotations

from collections.abc import Sequence

from sizing.candidates import Candidate, Kind
from sizing.layouts import MAX_NODES_PER_REPLICA
from sizing.lots import Rejections
from sizing.placement import Placement, Refusal, least_nodes
from sizing.request import Request
from sizing.units import usd


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
    for kind in kinds:
        spread = None if request.spread else _spread(request, kind, best)
        if spread and _is_news(kind, spread, best):
            _reject_spread(kind, spread, fewest, rejected)
        elif kind.placement is None:
            _reject(kind, _why(kind, fewest), rejected)


def _spread(request: Request, kind: Kind, best: float | None) -> list[Candidate]:
    """The kind's candidates across nodes, where that can be cheaper than `best` a month."""
    if not kind.spans or (kind.placement and kind.placement.nodes_per_copy > 1):
        return []
    least = least_nodes(kind.capacity, kind.gpu, kind.gpus)
    if least is None or (kind.placement and least >= kind.placement.nodes):
        return []
    cheapest = min(kind.least(request, least), default=None)
    if best is not None and (cheapest is None or cheapest >= best):
        return []
    placement = kind.across(kind.placement.nodes if kind.placement else None)
    return kind.priced(request, placement) if placement else []


def _is_news(kind: Kind, spread: Sequence[Candidate], best: float | None) -> bool:
    """Whether a spread plan must be told: it would be used, or would be cheaper."""
    if kind.placement is None:
        return True
    return any(c.usd_per_month is not None and c.usd_per_month < (best or 0) for c in spread)


def _reject_spread(
    kind: Kind, spread: Sequence[Candidate], fewest: int, rejected: Rejections
) -> None:
    by_name: dict[str, Candidate] = {}
    for c in sorted(spread, key=lambda c: (c.usd_per_hour is None, c.usd_per_hour or 0.0)):
        by_name.setdefault(c.lot.instance.name, c)
    for name, c in by_name.items():
        price = "price unknown" if c.usd_per_hour is None else f"{usd(c.usd_per_hour)} an hour"
        per_copy = c.placement.nodes_per_copy
        many = "" if c.nodes == per_copy else f"{c.nodes} nodes, "
        reason = f"{per_copy} nodes a copy where {fewest} will do: {many}{price} (see spread)"
        rejected.add("spread", reason, _label(kind, name))


def _why(kind: Kind, fewest: int) -> Refusal:
    """Why the kind holds no copy on one node, and what spreading it would take."""
    refusal = kind.one_node
    if isinstance(refusal, Placement):
        return Refusal("spread", f"more than {fewest} nodes a copy")
    if not kind.spans:
        return Refusal(refusal.kind, f"{refusal.reason}; without EFA it cannot span nodes")
    if kind.capacity.by_rule:
        return refusal
    least = least_nodes(kind.capacity, kind.gpu, kind.gpus)
    if least is None:
        return Refusal(
            refusal.kind, f"{refusal.reason}, and not held by {MAX_NODES_PER_REPLICA} nodes either"
        )
    more = f"it takes {least} nodes or more" if least > fewest else "no legal layout spans nodes"
    return Refusal(refusal.kind, f"{refusal.reason}; {more}")


def _reject(kind: Kind, refusal: Refusal, rejected: Rejections) -> None:
    for lot in kind.lots:
        rejected.add(refusal.kind, refusal.reason, _label(kind, lot.instance.name))


def _label(kind: Kind, name: str) -> str:
    return name if kind.precision_rank == 0 else f"{name} at {kind.capacity.precision.name}"
