"""Requests that all arrive at once: ramp-up, waves and tail, until the last one ends.

Requests are taken in groups of equal size, so that a burst of any size costs a few hundred
evaluations of the step model; between two events all steps are alike and are jumped over.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from math import log

from sizing.performance.batch import Load, Rates
from sizing.performance.engines import Server
from sizing.performance.step import StepModel

_GROUPS = 100
_GOLDEN = 0.6180339887498949


@dataclass(slots=True)
class _Clock:
    """Time, decoding steps so far, and what runs: sequences and their contexts' sum."""

    seconds: float = 0.0
    steps: float = 0.0
    sequences: float = 0.0
    context: float = 0.0

    def advance(self, steps: float, step_s: float, *, decodes: bool) -> None:
        self.seconds += steps * step_s
        if decodes:
            self.steps += steps
            self.context += self.sequences * steps


def burst(
    model: StepModel, server: Server, request_s: float, load: Load, *, spread: bool = False
) -> Rates:
    """All `load.concurrency` requests at time 0; rates are over the whole run.

    `spread` draws the output lengths from an exponential distribution of the same mean, as in
    chat data sets, in a fixed order; otherwise all are alike. Waiting in the queue counts into the
    time to the first token.
    """
    requests = load.concurrency
    groups = int(min(_GROUPS, requests))
    size = requests / groups
    lengths = _lengths(groups, load.output_len, spread)
    budget = server.max_num_batched_tokens * model.ranks
    clock, running = _Clock(), list[tuple[float, int, float, float]]()
    first = between = 0.0
    for index, length in enumerate(lengths):
        while running and (
            running[0][0] <= clock.steps or clock.sequences + size > max(size, load.held)
        ):
            between += _finish(model, clock, running, size, load)
        waiting = size * (groups - index)
        room = max(size, min(waiting, load.held - clock.sequences))
        beside = clock.sequences if server.mixes else 0.0
        tokens = min(max(1.0, budget - beside), room * load.input_len)
        pairs = tokens * load.input_len / 2
        step = model.seconds(tokens, pairs, beside, clock.context if server.mixes else 0.0)
        clock.advance(size * load.input_len / tokens, step, decodes=server.mixes)
        first += clock.seconds
        clock.sequences += size
        clock.context += size * load.input_len
        heappush(running, (clock.steps + length - 1, index, clock.seconds, length))
    while running:
        between += _finish(model, clock, running, size, load)
    # The front end takes in all that arrive at once before it hands out what is generated.
    intake = requests * request_s
    rate = requests / (intake + clock.seconds)
    mean_running = sum(lengths) * size / max(clock.steps, 1.0)
    return Rates(
        output_tokens_per_s=rate * load.output_len,
        total_tokens_per_s=rate * (load.output_len + load.input_len),
        ttft_s=intake + first / groups,
        tpot_s=between / groups,
        running=min(requests, load.held),
        decoding=min(mean_running, load.held),
        prompt_tokens=min(float(budget), requests * load.input_len),
        prompt_share=min(1.0, requests * load.input_len / budget / max(clock.steps, 1.0)),
    )


def _finish(
    model: StepModel,
    clock: _Clock,
    running: list[tuple[float, int, float, float]],
    size: float,
    load: Load,
) -> float:
    """Decode until the next group ends; its mean seconds between tokens."""
    end, _, started, length = heappop(running)
    steps = max(0.0, end - clock.steps)
    if steps:
        middle = clock.context + clock.sequences * steps / 2
        clock.advance(steps, model.seconds(0, 0, clock.sequences, middle), decodes=True)
    clock.sequences -= size
    clock.context = max(0.0, clock.context - size * (load.input_len + length))
    return (clock.seconds - started) / max(1.0, length - 1)


def _lengths(groups: int, mean: float, spread: bool) -> list[float]:
    if not spread:
        return [mean] * groups
    drawn = [-log(1 - (0.5 + i * _GOLDEN) % 1) for i in range(groups)]
    scale = mean * groups / sum(drawn)
    return [max(1.0, x * scale) for x in drawn]
