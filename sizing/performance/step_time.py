"""The time of one step from coefficients: a few multiplications for each part of the model.

Each part is a roofline: the time to compute and the time to read, put together as
(compute^p + read^p)^(1/p), since kernels overlap the two only in part.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

_EXPERT_TILE_ROWS = 16
"""An expert's last tile is half empty on average."""
PARTS: tuple[str, ...] = (
    "linear layers",
    "experts",
    "attention of prompts",
    "KV cache",
    "activations",
    "head and sampling",
    "communication",
    "kernel launches",
    "host",
)


@dataclass(frozen=True, slots=True)
class ProductCost:
    """Products with weights of one format: seconds per token and per step to read all of them."""

    token_s: float
    read_s: float
    least_rows: float


@dataclass(frozen=True, slots=True)
class ExpertCost:
    """Routed experts of like layers: a token goes to `share` of them and misses one with `miss`;
    `busiest` is the fullest rank's work over the mean."""

    share: float
    miss: float
    held: int
    busiest: float
    row_s: float
    read_s: float


@dataclass(frozen=True, slots=True)
class MixerCost:
    """Attention of like layers: seconds per pair of prompt token and entry, and per entry that a
    decoding sequence looks at."""

    limit: float
    stride: int
    pair_s: float
    entry_compute_s: float
    entry_read_s: float


@dataclass(frozen=True, slots=True)
class StepModel:
    """Seconds of one step of one replica; all coefficients are of one rank.

    Tokens and sequences are of the whole replica: data-parallel ranks share them evenly, and a
    pipeline works on as many equal parts of them as it has stages, so that a step is one round.
    """

    ranks: int
    stages: int
    exponent: float
    dense: tuple[ProductCost, ...]
    experts: tuple[ExpertCost, ...]
    mixers: tuple[MixerCost, ...]
    head_sequence_s: float
    head_read_s: float
    sample_s: float
    moved_token_s: float
    state_sequence_s: float
    state_token_s: float
    message_token_s: float
    fixed_s: float
    host_step_s: float
    host_sequence_s: float
    overlaps: bool

    def seconds(
        self,
        prefill_tokens: float,
        prefill_pairs: float,
        decode_sequences: float,
        decode_tokens: float,
    ) -> float:
        """Time of a step that computes `prefill_tokens` new prompt tokens and one token for each
        of `decode_sequences` sequences.

        `prefill_pairs` sums over the prompt tokens how many tokens each attends to;
        `decode_tokens` sums the decoding sequences' contexts.
        """
        return self._total(
            *self._gpu_parts(prefill_tokens, prefill_pairs, decode_sequences, decode_tokens),
            host=self.host_step_s + self.host_sequence_s * decode_sequences,
        )

    def parts(
        self,
        prefill_tokens: float,
        prefill_pairs: float,
        decode_sequences: float,
        decode_tokens: float,
    ) -> dict[str, float]:
        """The same step by part, seconds, in the order of `PARTS`; overlapped host work as 0."""
        gpu = self._gpu_parts(prefill_tokens, prefill_pairs, decode_sequences, decode_tokens)
        whole = self._total(*gpu, host=self.host_step_s + self.host_sequence_s * decode_sequences)
        return dict(zip(PARTS, (*gpu, whole - sum(gpu)), strict=True))

    def affine_in_context(
        self, decode_sequences: float, context: float = inf
    ) -> tuple[float, float]:
        """(base seconds, seconds per context token) of a step that only decodes.

        Exact while the mean context stays on the same side of every window and selection as
        `context`; the default takes them as full. Where `overlaps`, no step is shorter than
        `host_seconds`: take the larger of the two.
        """
        base = sum(self._gpu_parts(0, 0, decode_sequences, 0))
        slope = 0.0
        share = 1 / (self.ranks * self.stages)
        for mixer in self.mixers:
            cost = both(mixer.entry_compute_s, mixer.entry_read_s, self.exponent) * share
            if context / mixer.stride < mixer.limit:
                slope += cost / mixer.stride
            else:
                base += cost * mixer.limit * decode_sequences
        if not self.overlaps:
            base += self.host_step_s + self.host_sequence_s * decode_sequences
        return base, slope

    def host_seconds(self, decode_sequences: float) -> float:
        """The host's own time for a step: no overlapped step is shorter."""
        return self.host_step_s + self.host_sequence_s * decode_sequences

    def _total(self, *gpu: float, host: float) -> float:
        busy = sum(gpu)
        return max(busy, host) if self.overlaps else busy + host

    def _gpu_parts(
        self, prompt: float, pairs: float, sequences: float, context: float
    ) -> tuple[float, ...]:
        share = 1 / self.stages
        mine = share / self.ranks
        tokens = prompt + sequences
        rows = tokens * mine
        dense = sum(
            both(p.token_s * max(rows, p.least_rows), p.read_s, self.exponent) for p in self.dense
        )
        attention, cache = self._attention(prompt, pairs, sequences, context)
        head = both(self.head_sequence_s * sequences * mine, self.head_read_s, self.exponent)
        states = self.state_sequence_s * sequences + self.state_token_s * prompt
        return (
            dense,
            self._experts(tokens * share),
            attention * mine,
            (cache + states) * mine,
            self.moved_token_s * tokens * mine,
            head + self.sample_s * sequences * mine,
            self.message_token_s * tokens * mine,
            self.fixed_s,
        )

    def _experts(self, tokens: float) -> float:
        total = 0.0
        for e in self.experts:
            # All ranks wait for the one with the most work.
            touched = min(e.held, e.held * (1 - e.miss**tokens) * e.busiest)
            rows = tokens * e.share * e.held * e.busiest + touched * (_EXPERT_TILE_ROWS / 2)
            total += both(rows * e.row_s, touched * e.read_s, self.exponent)
        return total

    def _attention(
        self, prompt: float, pairs: float, sequences: float, context: float
    ) -> tuple[float, float]:
        prefill = decode = 0.0
        for m in self.mixers:
            if prompt:
                prefill += m.pair_s * min(pairs / m.stride, prompt * m.limit)
            if sequences:
                entries = min(context / m.stride, sequences * m.limit)
                decode += entries * both(m.entry_compute_s, m.entry_read_s, self.exponent)
        return prefill, decode


def both(compute: float, read: float, exponent: float) -> float:
    """Compute and read time of one part, overlapped as far as the exponent says."""
    if compute <= 0 or read <= 0:
        return compute + read
    high, low = (compute, read) if compute > read else (read, compute)
    return high * (1 + (low / high) ** exponent) ** (1 / exponent)
