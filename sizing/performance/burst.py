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

_GROUPS, _GROUPS_AT_ONCE = 100, 8
"""Groups of a burst, and of what runs at once, at least."""
_WAVES = 40
"""Times that what runs at once is replaced, at most, before the rest is taken to go on alike."""
_LONGEST = 5.0
"""Times the mean: benchmarks cut chats at 1,024 or 2,048 tokens."""
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
    requests = min(load.concurrency, _WAVES * load.held)
    # What is longer than so many waves goes on alike.
    longer = load.concurrency / requests
    groups = round(min(requests, max(_GROUPS, _GROUPS_AT_ONCE * requests / load.held)))
    size = requests / groups
    lengths = _lengths(groups, load.output_len, spread)
    clock, running = _Clock(), list[tuple[float, int, float, float]]()
    first = between = 0.0
    for index, length in enumerate(lengths):
        while running and (
            running[0][0] <= clock.steps or clock.sequences + size / 2 > max(size, load.held)
        ):
            between += _finish(model, clock, running, size, load)
        _start(model, server, clock, load, size, waiting=size * (groups - index))
        first += clock.seconds
        heappush(running, (clock.steps + length - 1, index, clock.seconds, length))
    while running:
        between += _finish(model, clock, running, size, load)
    # The front end takes in all that arrive at once before it hands out what is generated.
    intake = load.concurrency * request_s
    rate = load.concurrency / (intake + clock.seconds * longer)
    return Rates(
        output_tokens_per_s=rate * load.output_len,
        total_tokens_per_s=rate * (load.output_len + load.input_len),
        ttft_s=intake + first / groups * longer,
        tpot_s=between / groups,
        running=min(load.concurrency, load.held),
    )


def _start(
    model: StepModel, server: Server, clock: _Clock, load: Load, size: float, waiting: float
) -> None:
    """Compute the prompts of the next group, in steps that others of the `waiting` share."""
    # A full engine starts as many prompts in a step as sequences end in one.
    ending = min(size, max(1.0, clock.sequences / load.output_len))
    room = max(ending, min(waiting, load.held - clock.sequences))
    beside, context = (clock.sequences, clock.context) if server.mixes else (0.0, 0.0)
    budget = server.max_num_batched_tokens * model.ranks
    tokens = min(max(1.0, budget - beside), room * load.input_len)
    step = model.seconds(tokens, tokens * load.input_len / 2, beside, context)
    clock.advance(size * load.input_len / tokens, step, decodes=server.mixes)
    clock.sequences += size
    clock.context += size * load.input_len


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
    drawn = [min(_LONGEST, -log(1 - (0.5 + i * _GOLDEN) % 1)) for i in range(groups)]
    scale = mean * groups / sum(drawn)
    return [max(1.0, x * scale) for x in drawn]
