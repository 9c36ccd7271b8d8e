"""A load tried on so many copies by simulation, and whether its targets hold."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from sizing.load import Load, Percentile, Targets
from sizing.performance.arrivals import poisson_arrivals
from sizing.performance.replica import Setup
from sizing.performance.screen import Screen
from sizing.performance.simulation import Simulated, Spread, simulate

SEED = 20261124
REQUESTS = 2000
"""Requests that are summed up, beside those that fill the copies and empty them."""
# Copies that are simulated, each with its share of the load, and sequences in them: fewer copies
# even out less, so that this errs on the safe side.
_MOST_COPIES, _MOST_SEQUENCES = 4, 512
# Stays until a copy that starts empty is as full as it will be, and requests at the very least.
_STAYS, _LEAST = 3, 100
# A copy that falls behind answers clearly fewer requests than arrive.
_KEEPS_UP = 0.9


@dataclass(frozen=True, slots=True)
class Trial:
    """A simulation of `simulated_copies` of `copies`, and whether the targets held.

    `per_second` is the rate that all copies got, `in_flight` the requests that one copy has at a
    time: by Little's law its rate times how long they stay.
    """

    simulated: Simulated
    copies: int
    simulated_copies: int
    per_second: float
    holds: bool

    @property
    def in_flight(self) -> float:
        """Requests in one copy, waiting or running, on average."""
        return self.per_second / self.copies * self.simulated.latency.mean


@dataclass(frozen=True, slots=True)
class Served:
    """How `copies` serve the load, and the requests a second that they carry within the targets."""

    setup: Setup
    copies: int
    trial: Trial
    highest: float


def attempt(load: Load, setup: Setup, screen: Screen, copies: int, times: float = 1.0) -> Trial:
    """`times` the load on `copies` copies. The seed is always the same: only what differs makes a
    difference."""
    per_copy = times * load.requests_per_second / copies
    sequences = screen.sequences_at(per_copy)
    tried = max(1, min(copies, _MOST_COPIES, int(_MOST_SEQUENCES / max(1.0, sequences))))
    fill = max(_LEAST, ceil(_STAYS * sequences * tried))
    drain = max(_LEAST, ceil(sequences * tried))
    arrivals = poisson_arrivals(
        fill + REQUESTS + drain,
        per_copy * tried,
        load.prompt_tokens,
        load.output_tokens,
        lengths=load.lengths,
        cached_share=load.prefix_cache_hit_rate,
        seed=SEED,
    )
    seen = simulate(arrivals, setup, tried, fill=fill, drain=drain)
    keeps_up = seen.requests_per_s >= _KEEPS_UP * per_copy * tried
    holds = keeps_up and meets(load.targets, seen)
    return Trial(seen, copies, tried, per_copy * copies, holds)


def meets(targets: Targets, seen: Simulated) -> bool:
    """Whether the asked percentile of the requests was fast enough."""
    ttft, tpot = targets.ttft_ms, targets.tpot_ms
    if ttft is not None and at(seen.ttft, targets.percentile) * 1000 > ttft:
        return False
    return tpot is None or seen.tpot is None or at(seen.tpot, targets.percentile) * 1000 <= tpot


def at(spread: Spread, percentile: Percentile) -> float:
    """One percentile of a time, in seconds."""
    by_name = {
        Percentile.P50: spread.p50,
        Percentile.P90: spread.p90,
        Percentile.P95: spread.p95,
        Percentile.P99: spread.p99,
    }
    return by_name[percentile]
