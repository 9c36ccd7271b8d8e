"""The time of one engine step, from what it asks of a rank and how fast the rank is.

Each part is a roofline: the time to compute and the time to read, put together as
(compute^p + read^p)^(1/p), since kernels overlap the two only in part.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, sqrt
from typing import Any

from sizing.errors import InputError
from sizing.gpu import Gpu
from sizing.model import ModelSpec
from sizing.performance.engines import Server, make_server
from sizing.performance.factors import Efficiency, efficiency
from sizing.performance.links import link
from sizing.performance.work import Experts, Mixer, Product, count_work
from sizing.plan import Layout
from sizing.precision import Precision
from sizing.support import KvDtype, support

_WARP_GROUP_ROWS, _WARP_ROWS = 64, 16
"""Rows of the smallest tensor-core tile: Hopper's warp groups take 64, single warps 16. Fewer
tokens compute for as many; kernels that expand weights work by warp everywhere."""
_EXPERT_TILE_ROWS = 16
"""An expert's last tile is half empty on average."""
_TENSOR_FORMAT = {
    "fp8": "fp8",
    "fp8-block": "fp8",
    "int8": "int8",
    "nvfp4": "fp4",
    # Engines keep the activations of mxfp4 models in 8 or 16 bits.
    "mxfp4": "fp8",
}
PARTS = (
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
class _ProductCost:
    token_s: float
    read_s: float
    least_rows: float


@dataclass(frozen=True, slots=True)
class _ExpertCost:
    share: float
    miss: float
    held: int
    busiest: float
    row_s: float
    read_s: float


@dataclass(frozen=True, slots=True)
class _MixerCost:
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
    dense: tuple[_ProductCost, ...]
    experts: tuple[_ExpertCost, ...]
    mixers: tuple[_MixerCost, ...]
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
            cost = _both(mixer.entry_compute_s, mixer.entry_read_s, self.exponent) * share
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
            _both(p.token_s * max(rows, p.least_rows), p.read_s, self.exponent) for p in self.dense
        )
        attention, cache = self._attention(prompt, pairs, sequences, context)
        head = _both(self.head_sequence_s * sequences * mine, self.head_read_s, self.exponent)
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
            total += _both(rows * e.row_s, touched * e.read_s, self.exponent)
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
                decode += entries * _both(m.entry_compute_s, m.entry_read_s, self.exponent)
        return prefill, decode


def step_model(
    spec: ModelSpec,
    precision: Precision,
    kv_dtype: KvDtype,
    layout: Layout,
    gpu: Gpu,
    engine: str | Server,
    *,
    factors: dict[str, Any] | None = None,
) -> StepModel:
    """The step model of a legal layout; `factors` replaces the dated factors (for fitting them).

    Raises InputError where the GPU's speed is not known or it does not run the precision.
    """
    server = make_server(gpu, engine) if isinstance(engine, str) else engine
    work = count_work(spec, precision, kv_dtype, layout)
    e = efficiency(gpu, server.family, factors)
    speed = _Speed(gpu, e)
    near = link(gpu, layout.tp * layout.dp)
    hop = link(gpu, layout.gpus)
    wire = near.bytes_per_s * e.link_bandwidth
    # A ring passes all but its own share of the bytes twice: once to add, once to hand out.
    passes = 2 * (layout.tp - 1) / layout.tp
    messages = (work.reduced_bytes * passes + work.exchanged_bytes) / wire
    hops = (layout.pp - 1) * work.hop_bytes / (hop.bytes_per_s * e.link_bandwidth)
    launches = work.kernels + (work.each_expert if server.launches_each_expert(precision) else 0)
    if precision.bits <= 8 and support(precision, gpu.compute_capability).mode == "native":
        launches += work.quantisations
    waits = (work.reduces + work.exchanges) * near.latency_factor
    waits += (layout.pp - 1) * hop.latency_factor
    return StepModel(
        ranks=layout.dp,
        stages=layout.pp,
        exponent=e.roofline_exponent,
        dense=tuple(_product_cost(p, speed) for p in work.products),
        experts=tuple(_expert_cost(x, speed) for x in work.experts),
        mixers=tuple(_mixer_cost(m, speed) for m in work.mixers),
        head_sequence_s=work.head.operations / speed.products(None),
        head_read_s=work.head.bytes / speed.bytes_per_s,
        sample_s=work.logit_bytes / speed.bytes_per_s,
        moved_token_s=work.moved_bytes / speed.bytes_per_s,
        state_sequence_s=work.state_bytes / speed.bytes_per_s,
        state_token_s=work.state_operations / speed.attention,
        message_token_s=messages + hops,
        fixed_s=launches * e.kernel_s + waits * e.reduce_s,
        host_step_s=e.step_s * layout.pp,
        host_sequence_s=e.sequence_s / layout.dp,
        overlaps=server.overlaps,
    )


class _Speed:
    """Operations and bytes per second that kernels reach on a GPU."""

    def __init__(self, gpu: Gpu, e: Efficiency) -> None:
        self.gpu, self.e = gpu, e
        self.peak = gpu.dense_tflops.get("bf16") or gpu.dense_tflops.get("fp16")
        if not self.peak:
            raise InputError("gpu", gpu.name, "a GPU whose tensor-core speed is known", "L4")
        self.bytes_per_s = gpu.bandwidth_gb_s * 1e9 * e.bandwidth
        self.expert_bytes_per_s = self.bytes_per_s * e.expert_bandwidth
        self.cache_bytes_per_s = gpu.bandwidth_gb_s * 1e9 * e.attention_bandwidth
        self.attention = self.peak * 1e12 * e.attention_matmul

    def products(self, precision: Precision | None) -> float:
        """Operations per second of large products with weights of this format."""
        return self.e.matmul * self._peak(precision) * 1e12

    def grouped(self, precision: Precision | None, inner: int) -> float:
        """The same for routed experts of this inner width: narrow ones leave tiles short."""
        wide = inner / (inner + self.e.expert_inner)
        return self.e.experts * wide * self._peak(precision) * 1e12

    def least_rows(self, precision: Precision | None) -> float:
        """Tokens that the smallest tile computes, wanted or not.

        Block scales cost nothing there: they are applied while the weights are still read.
        """
        hopper = self.gpu.compute_capability == "9.0"
        rows = _WARP_GROUP_ROWS if hopper and not self._expands(precision) else _WARP_ROWS
        return rows * self._scaled(precision)

    def _scaled(self, precision: Precision | None) -> float:
        """What block scales leave of the rate of large products."""
        blocks = precision is not None and precision.scaling == "block"
        return self.e.scaled_blocks if blocks and not self._expands(precision) else 1.0

    def _expands(self, precision: Precision | None) -> bool:
        if precision is None or precision.bits >= 16:
            return False
        return support(precision, self.gpu.compute_capability).mode == "weight-only"

    def _peak(self, precision: Precision | None) -> float:
        assert self.peak
        if precision is None or precision.bits >= 16:
            return self.peak
        runs = support(precision, self.gpu.compute_capability)
        if runs.mode == "no":
            allowed = f"what {self.gpu.name} runs: {runs.reason}"
            raise InputError("precision", precision.name, allowed)
        if runs.mode == "weight-only":
            return self.peak * self.e.weight_only
        peak = self.gpu.dense_tflops.get(_TENSOR_FORMAT.get(precision.name, ""), self.peak)
        return peak * self._scaled(precision)


def _product_cost(p: Product, speed: _Speed) -> _ProductCost:
    return _ProductCost(
        token_s=p.operations / speed.products(p.precision),
        read_s=p.bytes / speed.bytes_per_s,
        least_rows=speed.least_rows(p.precision),
    )


def _expert_cost(e: Experts, speed: _Speed) -> _ExpertCost:
    share = e.top_k / e.experts
    return _ExpertCost(
        share=share,
        miss=1 - share,
        held=e.held,
        busiest=_busiest(e, speed),
        row_s=e.operations / speed.grouped(e.precision, e.inner),
        read_s=e.bytes / speed.expert_bytes_per_s,
    )


def _busiest(e: Experts, speed: _Speed) -> float:
    """Work of the busiest rank over the mean, where experts are spread over ranks.

    The expected largest of R sums of `held` experts' loads, each with a spread of `expert_skew`
    times the mean: 1 + skew x sqrt(2 ln R / held).
    """
    ranks = e.experts / e.held
    return 1 + speed.e.expert_skew * sqrt(2 * log(ranks) / e.held)


def _mixer_cost(m: Mixer, speed: _Speed) -> _MixerCost:
    return _MixerCost(
        limit=m.limit,
        stride=m.stride,
        pair_s=m.pair_operations / speed.attention,
        entry_compute_s=m.entry_operations / speed.attention,
        entry_read_s=m.entry_bytes / speed.cache_bytes_per_s,
    )


def _both(compute: float, read: float, exponent: float) -> float:
    """Compute and read time of one part, overlapped as far as the exponent says."""
    if compute <= 0 or read <= 0:
        return compute + read
    high, low = (compute, read) if compute > read else (read, compute)
    return high * (1 + (low / high) ** exponent) ** (1 / exponent)
