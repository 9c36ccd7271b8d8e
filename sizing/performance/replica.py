"""One copy of a model under continuous batching: what it does between the moments that matter.

The scheduler is vLLM V1's: every step first gives each decoding sequence its token, then fills what
is left of `max_num_batched_tokens` with prompts in order of arrival, cut into chunks. A request is
admitted when a sequence is free and the cache has room for its prompt and its whole answer, so
nothing is ever preempted. Steps that do nothing but decode the same sequences are taken in one go:
their times are an arithmetic series.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush
from math import ceil, inf, sqrt

from sizing.performance.arrivals import Arrival
from sizing.performance.pace import Pace, StepTime


@dataclass(frozen=True, slots=True)
class Setup:
    """What limits a copy. `kv_tokens` is the cache's size, in tokens; `request_s` is what the
    engine's front end takes for a request before the scheduler sees it, in seconds.

    With speculation a decoding sequence takes `drafted` more tokens of a step's budget and moves on
    by `tokens_per_step` on average.
    """

    step: StepTime
    kv_tokens: float
    max_num_seqs: int
    max_num_batched_tokens: int
    tokens_per_step: float = 1.0
    drafted: int = 0
    request_s: float = 0.0


class Record:
    """When each request was admitted, gave its first token and was finished, in seconds."""

    def __init__(self, requests: int) -> None:
        self.admitted = [inf] * requests
        self.first = [inf] * requests
        self.finished = [inf] * requests


class Replica:
    """One copy. `boundary` is when its current step, or run of equal steps, ends; inf if idle."""

    def __init__(self, setup: Setup, arrivals: list[Arrival], record: Record) -> None:
        self.boundary = inf
        self.outstanding = 0
        self.given = 0
        self.busy = 0.0
        self._setup, self._arrivals, self._record = setup, arrivals, record
        self._waiting: deque[int] = deque()
        self._decoding: list[tuple[int, int]] = []
        """Heap of (decode step that is a sequence's last, request)."""
        self._partial: tuple[int, int] | None = None
        """The admitted request whose prompt is not read to its end, and the tokens in the cache."""
        self._read: list[int] = []
        """Requests whose prompts are read to the end in the current step."""
        self._reserved = 0
        self._context = 0.0
        """What all decoding sequences attend to in the next step, in tokens."""
        self._steps = 0
        self._start, self._run = 0.0, 0
        self._base, self._slope = 0.0, 0.0
        self._pace = Pace(setup.step, max(a.prompt + a.output for a in arrivals))

    def add(self, request: int, now: float) -> None:
        """A request arrives; it joins the next step that has room for it."""
        self.outstanding += 1
        self.given += 1
        if self.boundary == inf:
            self.boundary, self._run = now, 0
            self._start = now
        elif self._run > 1 and not self._waiting and self._fits(request):
            self._cut(now)
        self._waiting.append(request)

    def advance(self, until: float) -> None:
        """Take every step that ends before `until`."""
        while self.boundary < until:
            self._settle()
            self._begin()

    def busy_until(self, now: float) -> float:
        """Seconds of computing up to `now`, which is no later than the boundary."""
        return self.busy if self.boundary == inf else self.busy + now - self._start

    def _fits(self, request: int) -> bool:
        """Whether there is a sequence and room in the cache for it."""
        setup, arrival = self._setup, self._arrivals[request]
        running = len(self._decoding) + (self._partial is not None)
        needed = self._reserved + arrival.prompt + arrival.output
        return running < setup.max_num_seqs and needed <= setup.kv_tokens

    def _settle(self) -> None:
        """What the steps that end now bring: answers that are complete, and first tokens."""
        now, decoding = self.boundary, self._decoding
        self.busy += now - self._start
        self._steps += self._run
        self._context += self._run * len(decoding) * self._setup.tokens_per_step
        while decoding and decoding[0][0] == self._steps:
            self._finish(heappop(decoding)[1], now)
        for request in self._read:
            self._record.first[request] = now
            arrival = self._arrivals[request]
            steps = ceil((arrival.output - 1) / self._setup.tokens_per_step)
            self._context += arrival.prompt + 1
            heappush(decoding, (self._steps + steps, request))
            if not steps:
                heappop(decoding)
                self._finish(request, now)
        self._read = []

    def _finish(self, request: int, now: float) -> None:
        arrival, grown = self._arrivals[request], self._setup.tokens_per_step
        self._record.finished[request] = now
        self._reserved -= arrival.prompt + arrival.output
        self._context -= arrival.prompt + 1 + ceil((arrival.output - 1) / grown) * grown
        self.outstanding -= 1

    def _begin(self) -> None:
        """Start the next step: with prompts where there are some to read, else a run of decodes."""
        self._start = self.boundary
        decoding = len(self._decoding)
        tokens, pairs = self._fill(decoding)
        if tokens:
            self._run = 1
            spent = self._setup.step.seconds(tokens, pairs, decoding, self._context)
        elif decoding:
            until = self._decoding[0][0] - self._steps
            grown = decoding * self._setup.tokens_per_step
            line = self._pace.line(decoding, self._context, grown, until)
            self._base, self._slope, self._run = line
            spent = self._duration(self._run)
        else:
            self._run, spent = 0, inf
            self._context = 0.0
        self.boundary = self._start + spent

    def _fill(self, decoding: int) -> tuple[int, float]:
        """Give the step's budget to prompts: (tokens read, tokens that they attend to)."""
        if self._partial is None and not self._waiting:
            return 0, 0.0
        left = self._setup.max_num_batched_tokens - decoding * (1 + self._setup.drafted)
        tokens, pairs = 0, 0.0
        while left > 0 and (reading := self._partial or self._admit()):
            request, cached = reading
            chunk = min(left, self._arrivals[request].prompt - cached)
            pairs += chunk * cached + chunk * (chunk + 1) / 2
            tokens, left, cached = tokens + chunk, left - chunk, cached + chunk
            whole = cached == self._arrivals[request].prompt
            self._partial = None if whole else (request, cached)
            if whole:
                self._read.append(request)
        return tokens, pairs

    def _admit(self) -> tuple[int, int] | None:
        """Let the first request in that waits, if there is room for it: the next to be read."""
        if not self._waiting:
            return None
        request = self._waiting[0]
        arrival = self._arrivals[request]
        running = len(self._decoding) + len(self._read)
        needed = self._reserved + arrival.prompt + arrival.output
        if running >= self._setup.max_num_seqs or needed > self._setup.kv_tokens:
            return None
        self._waiting.popleft()
        self._reserved = needed
        self._record.admitted[request] = self._start
        return request, arrival.cached

    def _duration(self, steps: int) -> float:
        """Seconds of so many decode steps from here; each adds its tokens to the contexts."""
        grown = len(self._decoding) * self._setup.tokens_per_step
        attended = steps * self._context + grown * steps * (steps - 1) / 2
        return steps * self._base + self._slope * attended

    def _cut(self, now: float) -> None:
        """End the run of decodes with the step that is under way at `now`."""
        elapsed = now - self._start
        half = self._slope * len(self._decoding) * self._setup.tokens_per_step / 2
        first = self._base + self._slope * self._context - half
        root = first + sqrt(first * first + 4 * half * elapsed)
        steps = max(1, min(self._run, ceil(2 * elapsed / root)))
        # Rounding may be one step off either way.
        while steps > 1 and self._duration(steps - 1) >= elapsed:
            steps -= 1
        while steps < self._run and self._duration(steps) < elapsed:
            steps += 1
        self._run = steps
        self.boundary = self._start + self._duration(steps)
