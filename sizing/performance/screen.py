"""What a copy carries at best, in closed form: means alone, so no simulation does better.

With `b` sequences decoding on average, a step that only decodes takes d(b) seconds and a prompt
adds w(b) to the steps that read it. A request of k decoding steps then stays k d(b) + b w(b)
seconds after its first token, since meanwhile each of the b sequences is replaced once; by Little's
law the copy answers b / (k d(b) + b w(b)) requests a second.
"""

from __future__ import annotations

from math import ceil, inf

from sizing.load import Load
from sizing.performance.replica import Setup

HIGHEST_SHARE = 0.9
"""A copy is given at most this share of what it carries on average: the rest is for bursts."""
_HALVINGS = 24
# A copy that is this rarely busy serves one request at a time: fewer would make none quicker.
_LEAST_SEQUENCES = 0.05


class Screen:
    """One copy's means under a load's lengths."""

    def __init__(self, setup: Setup, load: Load) -> None:
        self._setup, self._targets = setup, load.targets
        self._prompt = load.prompt_tokens
        self._cached = min(self._prompt - 1, int(self._prompt * load.prefix_cache_hit_rate))
        self._between = load.output_tokens - 1
        self._steps = ceil(self._between / setup.tokens_per_step)
        self._attended = self._prompt + load.output_tokens / 2
        self._most = self._most_sequences(load.tokens)

    @property
    def alone(self) -> tuple[float, float]:
        """Seconds to the first token, and between tokens, of a request that is alone."""
        return self.ttft(0.0), self.tpot(0.0)

    def rate(self, sequences: float) -> float:
        """Requests a second with so many sequences on average."""
        return sequences / self._stay(sequences)

    def tpot(self, sequences: float) -> float:
        """Mean seconds between tokens; 0 where answers are one token."""
        return self._stay(sequences) / self._between if self._between else 0.0

    def ttft(self, sequences: float) -> float:
        """Seconds to the first token without any wait: the steps that read the prompt."""
        return self._setup.request_s + sum(
            self._step(chunk, cached, sequences) for chunk, cached in self._chunks(sequences)
        )

    def highest(self) -> float:
        """Requests a second that a copy answers within the targets at best; 0 where none."""
        if not self._within(_LEAST_SEQUENCES):
            return 0.0
        low, high = _LEAST_SEQUENCES, self._most
        if self._within(high):
            low = high
        for _ in range(_HALVINGS if low < high else 0):
            middle = (low + high) / 2
            low, high = (middle, high) if self._within(middle) else (low, middle)
        taken_in = 1 / self._setup.request_s if self._setup.request_s else inf
        return min(self.rate(low), HIGHEST_SHARE * min(self.rate(self._most), taken_in))

    def sequences_at(self, per_second: float) -> float:
        """How many decode on average at that rate."""
        low, high = 0.0, self._most
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self.rate(middle) >= per_second else (middle, high)
        return high

    def _within(self, sequences: float) -> bool:
        ttft, tpot = self._targets.ttft_ms, self._targets.tpot_ms
        slow = tpot is not None and self.tpot(sequences) * 1000 > tpot
        return not slow and (ttft is None or self.ttft(sequences) * 1000 <= ttft)

    def _most_sequences(self, tokens: int) -> float:
        """As many as the engine runs, the cache holds, and a step's budget has tokens for."""
        setup = self._setup
        read = (self._prompt - self._cached) / max(1, self._steps)
        budget = setup.max_num_batched_tokens / (read + 1 + setup.drafted)
        return min(setup.max_num_seqs, setup.kv_tokens / tokens, budget)

    def _stay(self, sequences: float) -> float:
        read = sum(
            self._step(chunk, cached, sequences) - self._step(0, 0, sequences)
            for chunk, cached in self._chunks(sequences)
        )
        if not self._between:
            # Prompts alone: as many as are there share a step.
            todo = self._prompt - self._cached
            pairs = _pairs(todo, self._cached)
            together = max(1.0, sequences)
            return self._setup.step.seconds(todo * together, pairs * together, 0.0, 0.0)
        # Whoever is there is at least one, also where that is seldom so.
        return self._steps * self._step(0, 0, max(1.0, sequences)) + sequences * read

    def _chunks(self, sequences: float) -> list[tuple[float, float]]:
        """(tokens, tokens in the cache before them) of each step that reads a prompt."""
        budget = self._setup.max_num_batched_tokens - sequences * (1 + self._setup.drafted)
        todo, most = self._prompt - self._cached, max(1.0, budget)
        count = ceil(todo / most)
        size = todo / count
        return [(size, self._cached + i * size) for i in range(count)]

    def _step(self, tokens: float, cached: float, sequences: float) -> float:
        context = sequences * self._attended
        return self._setup.step.seconds(tokens, _pairs(tokens, cached), sequences, context)


def _pairs(tokens: float, cached: float) -> float:
    """What so many prompt tokens attend to in all, after `cached` ones."""
    return tokens * cached + tokens * (tokens + 1) / 2
