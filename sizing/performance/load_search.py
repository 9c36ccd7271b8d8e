"""The cheapest nodes that serve a load within its targets.

Every layout of every kind of node is first judged by means, in closed form, which no simulation
beats. The best of what could be best is then simulated: if its targets hold it is the answer, else
it takes as many copies as do and stands in line again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import inf

from sizing.candidates import Candidate, Kind, Rank
from sizing.explain import explain_kind, label
from sizing.lots import Rejections
from sizing.performance.load_copies import least_copies, served
from sizing.performance.load_options import Option, load_of_request, options
from sizing.performance.reachable import out_of_reach, still_out_of_reach
from sizing.performance.trial import Trial, attempt
from sizing.request import Request
from sizing.search import MOST_TIMES, Found, fewest_nodes, is_allowed, kinds_for


@dataclass(slots=True)
class _Judged:
    """An option and its candidates, best first; `trial` is None until a simulation held.

    Of options that rank alike the one that answers soonest is taken.
    """

    option: Option
    candidates: list[Candidate]
    answer_s: float
    trial: Trial | None = None

    def __lt__(self, other: _Judged) -> bool:
        return self.answer_s < other.answer_s


_Line = list[tuple[Rank, _Judged]]


def search_load(request: Request) -> Found:
    """What serves the load that `request` asks for: the first was simulated, the others judged by
    means."""
    rejected = Rejections()
    kinds = kinds_for(request, request.gpus, rejected)
    fewest = fewest_nodes(kinds)
    line = [entry for kind in kinds for entry in _screened(request, kind, fewest, rejected)]
    heapify(line)
    best = _first_that_holds(request, line, rejected)
    if best is None or best.trial is None:
        return Found([], [], rejected)
    rest = [c for _, judged in line for c in judged.candidates]
    ranked = _distinct(request, [*best.candidates, *rest])
    elsewhere = _elsewhere(request, fewest, ranked[0])
    return Found(ranked, elsewhere, rejected, served(request, best.option, best.trial))


def _screened(
    request: Request, kind: Kind, fewest: int, rejected: Rejections
) -> Iterator[tuple[Rank, _Judged]]:
    """The kind's options by means; why there are none goes to `rejected`."""
    if not kind.gpu.dense_tflops.keys() & {"bf16", "fp16"}:
        _reject(request, kind, f"how fast {kind.gpu.name} computes is not known", rejected)
        return
    found = list(options(request, kind, fewest))
    if not found:
        explain_kind(request, kind, fewest, rejected)
        return
    able = [option for option in found if option.copies]
    if not able:
        _reject(request, kind, out_of_reach(request, found), rejected)
        return
    judged = [entry for option in able if (entry := _judged(request, option))]
    yield from judged
    # What is over the budget or the inventory is told of the layout on the fewest nodes.
    kept = {_lot(c) for _, there in judged for c in there.candidates}
    least = min(able, key=lambda option: option.copies / option.copies_per_node)
    for candidate in least.candidates(request):
        if _lot(candidate) not in kept:
            is_allowed(request, candidate, rejected)


def _judged(
    request: Request, option: Option, trial: Trial | None = None
) -> tuple[Rank, _Judged] | None:
    """An option's place in line; None where money or the inventory forbid it."""
    concurrency = trial.in_flight * option.copies if trial else None
    unsaid = Rejections()
    kept = [c for c in option.candidates(request, concurrency) if is_allowed(request, c, unsaid)]
    if not kept:
        return None
    ordered = sorted(kept, key=lambda c: c.rank(request.prefer))
    soon = option.answer_s(load_of_request(request))
    return ordered[0].rank(request.prefer), _Judged(option, ordered, soon, trial)


def _first_that_holds(request: Request, line: _Line, rejected: Rejections) -> _Judged | None:
    """Take the best until a simulation agrees; `line` keeps the rest.

    What became too slow, or too much for the budget or the inventory, goes to `rejected` where no
    other layout takes its place.
    """
    load, slow, over = load_of_request(request), list[tuple[Kind, str]](), list[Candidate]()
    best: _Judged | None = None
    while line and best is None:
        _, judged = heappop(line)
        option = judged.option
        if judged.trial:
            best = judged
            continue
        trial = attempt(load, option.setup, option.screen, option.copies)
        if not trial.holds:
            trial = least_copies(request, option)
        if not trial.holds:
            slow.append((option.kind, still_out_of_reach(request, option, trial)))
        elif entry := _judged(request, option, trial):
            heappush(line, entry)
        else:
            over += option.candidates(request)
    left = [judged for _, judged in line] + ([best] if best else [])
    for kind, reason in slow:
        if all(judged.option.kind is not kind for judged in left):
            _reject(request, kind, reason, rejected)
    kept = {_lot(c) for judged in left for c in judged.candidates}
    for candidate in over:
        if _lot(candidate) not in kept:
            is_allowed(request, candidate, rejected)
    return best


def _reject(request: Request, kind: Kind, reason: str, rejected: Rejections) -> None:
    for lot in kind.lots:
        rejected.add("latency", reason, label(request, kind, lot.instance.name))


def _distinct(request: Request, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The best layout in every lot, best lot first; the first candidate stays the first."""
    kept: dict[tuple[object, ...], Candidate] = {}
    best, rest = candidates[0], sorted(candidates[1:], key=lambda c: c.rank(request.prefer))
    for c in (best, *rest):
        kept.setdefault((*_lot(c), c.placement.precision.name), c)
    return list(kept.values())


def _lot(candidate: Candidate) -> tuple[str, str, str]:
    """What tells a lot from the others."""
    offer = candidate.lot.offer
    return (candidate.lot.instance.name, offer.region, offer.purchase)


def _elsewhere(request: Request, fewest: int, chosen: Candidate) -> list[Candidate]:
    """The best by means on each GPU that was not asked for; nothing many times as expensive."""
    month, unsaid = chosen.usd_per_month, Rejections()
    most = inf if month is None else month * MOST_TIMES
    best: dict[str, tuple[Rank, Candidate]] = {}
    for kind in kinds_for(request, request.other_gpus, unsaid):
        if min(kind.least(request, 1), default=0.0) > most:
            continue
        for rank, judged in _screened(request, kind, fewest, unsaid):
            candidate, known = judged.candidates[0], best.get(kind.gpu.name)
            if (candidate.usd_per_month or 0.0) <= most and (not known or rank < known[0]):
                best[kind.gpu.name] = (rank, candidate)
    return [c for _, c in sorted(best.values(), key=lambda found: found[0])]
