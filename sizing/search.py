"""Every placement that can be bought, best first, and why the others are not it.

For one kind of node the cheapest placement is the one with the fewest nodes, so each kind is
placed once per precision and then priced in every lot that sells it. A copy of the model that
fits in one node stays in one: placements across nodes are then only worked out where they could
be cheaper, to be rejected with their price.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from sizing.bill import bill
from sizing.budget import over_budget
from sizing.candidates import Candidate, Kind, Rank
from sizing.capacity import capacity_for
from sizing.explain import explain
from sizing.gpu import Gpu
from sizing.layouts import MAX_NODES_PER_REPLICA
from sizing.lots import Lot, Rejections, lots_for
from sizing.placement import Placement, fewest_nodes_per_copy
from sizing.plan import Prefer
from sizing.precision import Precision
from sizing.request import Request
from sizing.support import kv_support, support

if TYPE_CHECKING:
    from sizing.performance.trial import Served

# A GPU that was not asked for and costs more times the plan is no alternative.
MOST_TIMES = 4


@dataclass(frozen=True, slots=True)
class Found:
    """`ranked` may be bought, best first; `elsewhere` is the best of each GPU not asked for.

    `served` is how the first serves the load that was asked for.
    """

    ranked: list[Candidate]
    elsewhere: list[Candidate]
    rejected: Rejections
    served: Served | None = None


def search(request: Request) -> Found:
    """What holds the workload, serves its load or holds its training run, and may be bought."""
    if request.training:
        from sizing.training.search import search_training

        return search_training(request)
    if request.workload.load:
        # Only loads need the model of time.
        from sizing.performance.load_search import search_load

        return search_load(request)
    rejected = Rejections()
    kinds = kinds_for(request, request.gpus, rejected)
    fewest = fewest_nodes(kinds)
    for kind in kinds:
        kind.placement = _placement(request, kind, fewest)
    found = [c for kind in kinds for c in kind.candidates(request)]
    explain(request, kinds, found, fewest, rejected)
    kept = [c for c in found if is_allowed(request, c, rejected)]
    ranked = sorted(kept, key=lambda c: c.rank(request.prefer))
    elsewhere = _elsewhere(request, fewest, ranked[0]) if ranked else []
    return Found(ranked, elsewhere, rejected)


def kinds_for(request: Request, gpus: tuple[Gpu, ...], rejected: Rejections) -> list[Kind]:
    """Every kind of node with one of these GPUs at every precision; the rest goes to `rejected`."""
    lots = lots_for(request, gpus, rejected)
    return [
        kind
        for rank, precision in enumerate(request.precisions)
        for kind in kinds_at(
            request, precision, rank, lots, rejected, partial(_unusable, request, precision)
        )
    ]


def kinds_at(
    request: Request,
    precision: Precision,
    rank: int,
    lots: Sequence[Lot],
    rejected: Rejections,
    why_not: Callable[[Gpu], str | None],
) -> list[Kind]:
    """The kinds of node of these lots at one precision; `why_not` says what is wrong with a GPU."""
    unusable = {name: why_not(gpu) for name, gpu in {x.gpu.name: x.gpu for x in lots}.items()}
    grouped: dict[tuple[str, int, bool], list[Lot]] = {}
    for lot in lots:
        refused = unusable[lot.gpu.name]
        if refused:
            rejected.add("precision", refused, lot.instance.name)
        else:
            key = (lot.gpu.name, lot.instance.gpus, lot.instance.spans_nodes)
            grouped.setdefault(key, []).append(lot)
    capacity = capacity_for(request, precision)
    return [
        Kind(capacity, x[0].gpu, gpus, spans, rank, x) for (_, gpus, spans), x in grouped.items()
    ]


def cannot_run(precision: Precision, gpu: Gpu) -> str | None:
    """Why this GPU does not run the precision, None where it does."""
    runs = support(precision, gpu.compute_capability)
    return f"{gpu.name}: {runs.reason}" if runs.mode == "no" else None


def _unusable(request: Request, precision: Precision, gpu: Gpu) -> str | None:
    refused = cannot_run(precision, gpu)
    if refused:
        return refused
    keeps = kv_support(request.kv_dtype, gpu.compute_capability)
    return f"{gpu.name}: {keeps.reason}" if keeps.mode == "no" else None


def fewest_nodes(kinds: Sequence[Kind]) -> int:
    """Fewest nodes that hold a copy on any kind with a price (on any at all if none has one)."""
    judged = [k for k in kinds if k.is_priced] or kinds
    if any(isinstance(k.one_node, Placement) for k in judged):
        return 1
    most = MAX_NODES_PER_REPLICA
    for kind in judged:
        most = min(most, _fewest(kind, most) or most)
    return most


def _fewest(kind: Kind, most: int) -> int | None:
    if not kind.spans:
        return None
    return fewest_nodes_per_copy(kind.capacity, kind.gpu, kind.gpus, most)


def _placement(request: Request, kind: Kind, fewest: int) -> Placement | None:
    """The kind's placement under the spread rule: None where a copy takes more than `fewest`."""
    one = kind.one_node if isinstance(kind.one_node, Placement) else None
    if request.spread:
        return kind.across(one.nodes if one else None) or one
    if one or fewest == 1 or not _fewest(kind, fewest):
        return one
    return kind.across()


def is_allowed(request: Request, c: Candidate, rejected: Rejections) -> bool:
    """Whether there are enough nodes of its kind and money for them."""
    name, have, limit = c.lot.instance.name, c.lot.count, request.budget_monthly_usd
    if have is not None and c.nodes > have:
        rejected.add("inventory", f"{c.nodes} nodes needed, the inventory has {have}", name)
        return False
    if limit is None:
        return True
    cost = bill(request, c)
    over = over_budget(cost, limit)
    if over:
        rejected.add(
            "budget", over, name, inf if cost.usd_per_month is None else cost.usd_per_month
        )
    return over is None


def _elsewhere(request: Request, fewest: int, chosen: Candidate) -> list[Candidate]:
    """The best candidate on each GPU that was not asked for, under the same rules.

    Nothing that costs many times the chosen plan; kinds with the cheapest nodes come first, so that
    the others can be passed over.
    """
    month, unsaid = chosen.usd_per_month, Rejections()
    most = inf if month is None else month * MOST_TIMES
    best: dict[str, tuple[Rank, Candidate]] = {}
    kinds = ((_node_price(request, k), k) for k in kinds_for(request, request.other_gpus, unsaid))
    for least, kind in sorted(kinds, key=lambda found: found[0]):
        known = best.get(kind.gpu.name)
        if least > most or (known and _cannot_be_better(request, least, known[1])):
            continue
        kind.placement = _placement(request, kind, fewest)
        affordable = (c for c in kind.candidates(request) if (c.usd_per_month or 0.0) <= most)
        for c in affordable:
            rank, known = c.rank(request.prefer), best.get(kind.gpu.name)
            if (not known or rank < known[0]) and is_allowed(request, c, unsaid):
                best[kind.gpu.name] = (rank, c)
    return [c for _, c in sorted(best.values(), key=lambda found: found[0])]


def _node_price(request: Request, kind: Kind) -> float:
    """A month of one node where it is cheapest, in USD; 0 where no price is known."""
    return min(kind.least(request, 1), default=0.0)


def _cannot_be_better(request: Request, least: float, known: Candidate) -> bool:
    month = known.usd_per_month
    return request.prefer is Prefer.CHEAPEST and month is not None and least > month
