"""Speculative decoding as an assumption: a step checks what a small module drafted."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.performance.pace import StepTime


@dataclass(frozen=True, slots=True)
class Speculating:
    """A step in which every decoding sequence has `drafted` more tokens checked.

    The checked tokens pass through the layers like any others, and the cache is read once for all
    of a sequence's. Drafting takes `drafted` passes through one more layer, the size of MTP and
    EAGLE modules: each a `layers`-th of a step that decodes one token a sequence.
    """

    step: StepTime
    drafted: int
    layers: int

    def seconds(
        self,
        prefill_tokens: float,
        prefill_pairs: float,
        decode_sequences: float,
        decode_tokens: float,
    ) -> float:
        """As any step's, the drafting included."""
        checked = decode_sequences * (1 + self.drafted)
        step = self.step.seconds(prefill_tokens, prefill_pairs, checked, decode_tokens)
        if not decode_sequences:
            return step
        one = self.step.seconds(0, 0, decode_sequences, decode_tokens)
        return step + self.drafted * one / self.layers
