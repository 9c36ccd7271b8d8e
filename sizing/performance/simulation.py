"""A load on equal copies of a model behind a load balancer, event by event.

The load balancer gives a request to the copy with the fewest unanswered ones, as the deployed one
does (least outstanding requests); of equals, to the one that was given the fewest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf

from sizing.performance.arrivals import Arrival
from sizing.performance.replica import Record, Replica, Setup

PERCENTILES = (50, 90, 95, 99)


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and percentiles of a time, in seconds."""

    mean: float
    p50: float
    p90: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Simulated:
    """What requests met. `tpot` is each request's mean time between tokens; None where every answer
    is one token. Means over time are of all copies together; `utilization` is the share of time in
    which a copy computes, `kv_use` of the cache that is reserved, both averaged over copies."""

    requests: int
    ttft: Spread
    tpot: Spread | None
    latency: Spread
    requests_per_s: float
    output_tokens_per_s: float
    total_tokens_per_s: float
    utilization: float
    running: float
    queued: float
    kv_use: float


@dataclass(frozen=True, slots=True)
class Run:
    """What happened to each request, the window that is summed up, and the computing seconds of all
    copies in it."""

    record: Record
    start: float
    end: float
    busy: float


def run(arrivals: list[Arrival], setup: Setup, replicas: int, fill: int = 0, drain: int = 0) -> Run:
    """Serve every arrival. The window leaves out the first `fill` and the last `drain`.

    Raises ValueError for a request that the cache can never hold.
    """
    largest = max(a.prompt + a.output for a in arrivals)
    if largest > setup.kv_tokens:
        raise ValueError(f"a request of {largest} tokens in a cache of {setup.kv_tokens:.0f}")
    record = Record(len(arrivals))
    copies = [Replica(setup, arrivals, record) for _ in range(replicas)]
    marks = {fill: 0.0, len(arrivals) - drain: 0.0}
    for request, arrival in enumerate(arrivals):
        now = arrival.time
        for copy in copies:
            if copy.boundary < now:
                copy.advance(now)
        if request in marks:
            marks[request] = sum(copy.busy_until(now) for copy in copies)
        chosen = copies[0]
        for copy in copies:
            if (copy.outstanding, copy.given) < (chosen.outstanding, chosen.given):
                chosen = copy
        chosen.add(request, now)
    for copy in copies:
        copy.advance(inf)
    start, end = arrivals[fill].time, max(record.finished)
    if not drain:
        busy = sum(copy.busy for copy in copies)
        return Run(record, start, end, busy - marks[fill])
    last = len(arrivals) - drain
    return Run(record, start, arrivals[last].time, marks[last] - marks[fill])


def simulate(
    arrivals: list[Arrival], setup: Setup, replicas: int, *, fill: int = 0, drain: int = 0
) -> Simulated:
    """Serve every arrival and sum up all but the first `fill` and the last `drain`, which met
    copies that were filling up or emptying.

    Raises ValueError as `run` does, and where nothing is left.
    """
    seen = range(fill, len(arrivals) - drain)
    if not seen:
        raise ValueError(f"nothing is left of {len(arrivals)} requests without {fill} and {drain}")
    done = run(arrivals, setup, replicas, fill, drain)
    record, span = done.record, done.end - done.start
    first, finished = record.first, record.finished
    came = [a.time for a in arrivals]
    tokens = [a.prompt + a.output for a in arrivals]
    delay = setup.request_s
    ended = [a for a, at in zip(arrivals, finished, strict=True) if done.start <= at <= done.end]
    output, prompts = sum(a.output for a in ended), sum(a.prompt for a in ended)
    several = [i for i in seen if arrivals[i].output > 1]
    paces = [(finished[i] - first[i]) / (arrivals[i].output - 1) for i in several]
    reserved = _held(done, record.admitted, finished, tokens)
    return Simulated(
        requests=len(seen),
        ttft=_spread([first[i] - came[i] + delay for i in seen]),
        tpot=_spread(paces) if paces else None,
        latency=_spread([finished[i] - came[i] + delay for i in seen]),
        requests_per_s=len(ended) / span,
        output_tokens_per_s=output / span,
        total_tokens_per_s=(output + prompts) / span,
        utilization=min(1.0, done.busy / span / replicas),
        running=_held(done, record.admitted, finished),
        queued=_held(done, came, record.admitted),
        kv_use=min(1.0, reserved / setup.kv_tokens / replicas),
    )


def _held(
    done: Run, begin: Sequence[float], until: Sequence[float], what: Sequence[int] | None = None
) -> float:
    """The mean over the window of what requests hold (one each by default) between two moments."""
    low, high = done.start, done.end
    spans = (max(0.0, min(e, high) - max(b, low)) for b, e in zip(begin, until, strict=True))
    held = sum(spans) if what is None else sum(s * w for s, w in zip(spans, what, strict=True))
    return held / (high - low)


def _spread(seconds: list[float]) -> Spread:
    ordered = sorted(seconds)
    count = len(ordered)
    p50, p90, p95, p99 = (ordered[ceil(count * p / 100) - 1] for p in PERCENTILES)
    return Spread(sum(ordered) / count, p50, p90, p95, p99)
