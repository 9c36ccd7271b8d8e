"""What the best layout reaches where none meets the targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sizing.performance.load_options import Option, load_of_request
from sizing.performance.trial import Trial, at
from sizing.request import Request


def out_of_reach(request: Request, options: Sequence[Option]) -> str:
    """By how much the layout that comes closest misses the targets with a single request."""

    def miss(option: Option) -> float:
        return max(took / asked for _, took, asked in _misses(request, *option.screen.alone))

    best = min(options, key=miss)
    said = _said(_misses(request, *best.screen.alone))
    return f"{said} for a request alone, at best ({best.layout})"


def still_out_of_reach(request: Request, option: Option, trial: Trial) -> str:
    """What a simulation of many copies missed."""
    percentile, seen = load_of_request(request).targets.percentile, trial.simulated
    tpot = at(seen.tpot, percentile) if seen.tpot else 0.0
    said = _said(_misses(request, at(seen.ttft, percentile), tpot))
    return f"{percentile} {said} on {trial.copies} copies of {option.layout}, at best"


def _misses(request: Request, ttft: float, tpot: float) -> Iterator[tuple[str, float, float]]:
    """(what, milliseconds taken, milliseconds asked) of each target."""
    targets = load_of_request(request).targets
    if targets.ttft_ms is not None:
        yield "TTFT", ttft * 1000, targets.ttft_ms
    if targets.tpot_ms is not None:
        yield "TPOT", tpot * 1000, targets.tpot_ms


def _said(misses: Iterator[tuple[str, float, float]]) -> str:
    return ", ".join(
        f"{what} {_shown(took)} ms of {asked:,g} asked"
        for what, took, asked in misses
        if took > asked
    )


def _shown(milliseconds: float) -> str:
    return f"{milliseconds:,.1f}" if milliseconds < 100 else f"{milliseconds:,.0f}"
