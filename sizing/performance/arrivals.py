"""Requests that arrive at random, the same ones for the same seed on any machine."""

from __future__ import annotations

from functools import cache
from math import ceil, erf, log, sqrt
from random import Random
from typing import NamedTuple

from sizing.load import LONGEST, Lengths

# A lognormal whose standard deviation is its mean.
_SIGMA = sqrt(log(2))


class Arrival(NamedTuple):
    """A request: when it comes (s), tokens of its prompt and of its answer, and how many of the
    prompt's need not be computed again."""

    time: float
    prompt: int
    output: int
    cached: int = 0


def poisson_arrivals(
    requests: int,
    per_second: float,
    prompt: int,
    output: int,
    *,
    lengths: Lengths = Lengths.FIXED,
    cached_share: float = 0.0,
    seed: int = 0,
) -> list[Arrival]:
    """`requests` independent arrivals, `per_second` on average. At least one token of a prompt is
    computed, since its logits are needed."""
    chance, now, made = Random(seed), 0.0, list[Arrival]()
    for _ in range(requests):
        # One minus a number below one: the logarithm of zero has no value.
        now -= log(1.0 - chance.random()) / per_second
        long, wide = prompt, output
        if lengths is Lengths.LOGNORMAL:
            long, wide = _varied(chance, prompt), _varied(chance, output)
        made.append(Arrival(now, long, wide, min(long - 1, int(long * cached_share))))
    return made


def _varied(chance: Random, mean: int) -> int:
    drawn = mean * _scale() * chance.lognormvariate(0.0, _SIGMA)
    return max(1, min(ceil(drawn), LONGEST * mean))


@cache
def _scale() -> float:
    """The median over the mean for which the mean stays the mean though the longest are cut.

    E[min(X, c)] = m exp(s^2/2) N((ln(c/m) - s^2)/s) + c (1 - N(ln(c/m)/s)) of a lognormal X with
    median m: found by halving.
    """
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        cut = log(LONGEST / middle)
        below = middle * sqrt(2) * _normal((cut - _SIGMA**2) / _SIGMA)
        mean = below + LONGEST * (1 - _normal(cut / _SIGMA))
        low, high = (middle, high) if mean < 1 else (low, middle)
    return high


def _normal(deviations: float) -> float:
    """The share of a normal distribution below so many standard deviations."""
    return (1 + erf(deviations / sqrt(2))) / 2
