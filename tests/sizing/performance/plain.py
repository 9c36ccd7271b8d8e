"""The simulator that the fast one must equal: every step by itself, nothing in closed form."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from sizing.performance.arrivals import Arrival
from sizing.performance.replica import Setup


@dataclass(frozen=True)
class LinearStep:
    """A step as the cost model gives it, with round figures.

    Attention looks at no more than `window` tokens a sequence, and no step is shorter than `host`.
    """

    fixed: float = 0.01
    token: float = 1e-4
    pair: float = 1e-8
    sequence: float = 1e-4
    attended: float = 1e-7
    window: float = inf
    host: float = 0.0

    def seconds(
        self,
        prefill_tokens: float,
        prefill_pairs: float,
        decode_sequences: float,
        decode_tokens: float,
    ) -> float:
        """Everything adds up, up to the window and from the host's time on."""
        read = self.token * prefill_tokens + self.pair * prefill_pairs
        seen = min(decode_tokens, self.window * decode_sequences) if decode_sequences else 0.0
        written = self.sequence * decode_sequences + self.attended * seen
        return max(self.host, self.fixed + read + written)


@dataclass
class Sequence:
    """An admitted request: tokens in the cache, and tokens of its answer (a mean with drafts)."""

    request: int
    arrival: Arrival
    cached: int
    answered: float = 0.0


@dataclass
class PlainCopy:
    """One engine; `clock` is when its step ends, inf while it has nothing to do."""

    setup: Setup
    clock: float = inf
    waiting: list[tuple[int, Arrival]] = field(default_factory=list[tuple[int, Arrival]])
    running: list[Sequence] = field(default_factory=list[Sequence])
    chunks: dict[int, int] = field(default_factory=dict[int, int])
    given: int = 0

    @property
    def outstanding(self) -> int:
        """Requests without a whole answer."""
        return len(self.waiting) + len(self.running)


def plain(
    arrivals: list[Arrival], setup: Setup, replicas: int
) -> tuple[list[float], list[float], list[float]]:
    """When each request was admitted, gave its first token, and was finished."""
    size = len(arrivals)
    admitted, first, finished = [inf] * size, [inf] * size, [inf] * size
    copies = [PlainCopy(setup) for _ in range(replicas)]

    def step(copy: PlainCopy) -> None:
        now = copy.clock
        for sequence in list(copy.running):
            read = copy.chunks.get(sequence.request)
            if read is None:
                sequence.answered += setup.tokens_per_step
            else:
                sequence.cached += read
                if sequence.cached == sequence.arrival.prompt:
                    sequence.answered = 1.0
                    first[sequence.request] = now
            # A mean of tokens a step may end a hair before the whole answer.
            if sequence.answered >= sequence.arrival.output - 1e-9:
                finished[sequence.request] = now
                copy.running.remove(sequence)
        begin(copy, now)

    def begin(copy: PlainCopy, now: float) -> None:
        decoding = [s for s in copy.running if s.answered]
        left = setup.max_num_batched_tokens - len(decoding) * (1 + setup.drafted)
        copy.chunks = {}
        pairs = 0.0
        position = 0
        while left > 0:
            reading = [s for s in copy.running if not s.answered]
            if position == len(reading):
                if not copy.waiting:
                    break
                request, arrival = copy.waiting[0]
                used = sum(s.arrival.prompt + s.arrival.output for s in copy.running)
                if len(copy.running) >= setup.max_num_seqs:
                    break
                if used + arrival.prompt + arrival.output > setup.kv_tokens:
                    break
                copy.waiting.pop(0)
                admitted[request] = now
                copy.running.append(Sequence(request, arrival, arrival.cached))
                continue
            sequence = reading[position]
            position += 1
            chunk = min(left, sequence.arrival.prompt - sequence.cached)
            copy.chunks[sequence.request] = chunk
            pairs += sum(sequence.cached + i for i in range(1, chunk + 1))
            left -= chunk
        if not copy.chunks and not decoding:
            copy.clock = inf
            return
        context = sum(s.arrival.prompt + s.answered for s in decoding)
        # A prompt that got no part of this step's budget stands still.
        for sequence in copy.running:
            if not sequence.answered:
                copy.chunks.setdefault(sequence.request, 0)
        spent = setup.step.seconds(sum(copy.chunks.values()), pairs, len(decoding), context)
        copy.clock = now + spent

    for request, arrival in enumerate(arrivals):
        for copy in copies:
            while copy.clock < arrival.time:
                step(copy)
        chosen = min(copies, key=lambda c: (c.outstanding, c.given))
        chosen.waiting.append((request, arrival))
        chosen.given += 1
        chosen.clock = arrival.time if chosen.clock == inf else chosen.clock
    for copy in copies:
        while copy.clock < inf:
            step(copy)
    return admitted, first, finished
