"""The time of a step that only decodes, as a straight line in what its sequences attend to.

Longer contexts make such a step longer in straight pieces: a full sliding window grows no more,
and a GPU that waits for its host hides some growth. A run of steps inside one piece is an
arithmetic series. Pieces are found by looking, so any model of a step will do.
"""

from __future__ import annotations

from typing import Protocol

# Points inside a piece that must lie on the line, and how close (a share of the step's time).
_INSIDE = (0.25, 0.5, 0.75)
_CLOSE = 1e-9


class StepTime(Protocol):
    """Seconds that one engine step takes."""

    def seconds(
        self,
        prefill_tokens: float,
        prefill_pairs: float,
        decode_sequences: float,
        decode_tokens: float,
    ) -> float:
        """A step with `prefill_tokens` new prompt tokens, which attend to `prefill_pairs` tokens in
        all, and a token for each of `decode_sequences` whose contexts sum to `decode_tokens`."""
        ...


class Pace:
    """Lines for each number of sequences, remembered; `longest` is the longest context, tokens."""

    def __init__(self, step: StepTime, longest: int) -> None:
        self._step, self._longest = step, longest
        self._known: dict[int, tuple[float, float, float, float]] = {}
        """(from, to, seconds at no context, seconds per token) by number of sequences."""

    def line(
        self, sequences: int, first: float, grown: float, steps: int
    ) -> tuple[float, float, int]:
        """(seconds at no context, seconds per token, steps for which that is so, at least one).

        The first of `steps` steps attends to `first` tokens, each later one to `grown` more.
        """
        last = first + grown * (steps - 1)
        known = self._known.get(sequences)
        if known and known[0] <= first and last <= known[1]:
            return known[2], known[3], steps
        widest = (min(first, sequences), max(last, sequences * self._longest))
        found = self._straight(sequences, *widest)
        if found:
            self._known[sequences] = (*widest, *found)
            return (*found, steps)
        while steps > 1:
            last = first + grown * (steps - 1)
            if found := self._straight(sequences, first, last):
                self._known[sequences] = (first, last, *found)
                return (*found, steps)
            steps //= 2
        return self._step.seconds(0, 0, sequences, first), 0.0, 1

    def _straight(self, sequences: int, low: float, high: float) -> tuple[float, float] | None:
        """The line from `low` to `high` tokens, None where the time is not straight between."""
        start, end = self._at(sequences, low), self._at(sequences, high)
        for share in _INSIDE:
            between = self._at(sequences, low + share * (high - low))
            if abs(between - start - share * (end - start)) > _CLOSE * end:
                return None
        slope = (end - start) / (high - low) if high > low else 0.0
        return start - slope * low, slope

    def _at(self, sequences: int, tokens: float) -> float:
        return self._step.seconds(0, 0, sequences, tokens)
