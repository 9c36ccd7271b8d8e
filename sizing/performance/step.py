"""The step model of a deployment: what a step asks of a rank, and how fast the rank is."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

from sizing.gpu import Gpu
from sizing.model import ModelSpec
from sizing.performance.attention import Mixer
from sizing.performance.engines import Server, make_server
from sizing.performance.factors import efficiency
from sizing.performance.links import link
from sizing.performance.speed import Speed
from sizing.performance.step_time import PARTS, ExpertCost, MixerCost, ProductCost, StepModel
from sizing.performance.work import Experts, Product, count_work
from sizing.plan import Layout
from sizing.precision import Precision
from sizing.support import KvDtype, support

__all__ = ["PARTS", "StepModel", "step_model"]

_EAGER_LAUNCHES = 4
"""Without CUDA graphs PyTorch dispatches every kernel, some 10 us instead of the graph's 2.5."""


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
    speed = Speed(gpu, e)
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
    if server.memory.enforce_eager:
        launches *= _EAGER_LAUNCHES
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


def _product_cost(p: Product, speed: Speed) -> ProductCost:
    return ProductCost(
        token_s=p.operations / speed.products(p.precision),
        read_s=p.bytes / speed.bytes_per_s,
        least_rows=speed.least_rows(p.precision),
    )


def _expert_cost(e: Experts, speed: Speed) -> ExpertCost:
    share = e.top_k / e.experts
    return ExpertCost(
        share=share,
        miss=1 - share,
        held=e.held,
        busiest=_busiest(e, speed),
        row_s=e.operations / speed.grouped(e.precision, e.inner),
        read_s=e.bytes / speed.expert_bytes_per_s,
    )


def _busiest(e: Experts, speed: Speed) -> float:
    """Work of the busiest rank over the mean, where experts are spread over ranks.

    The expected largest of R sums of `held` experts' loads, each with a spread of `expert_skew`
    times the mean: 1 + skew x sqrt(2 ln R / held).
    """
    ranks = e.experts / e.held
    return 1 + speed.e.expert_skew * sqrt(2 * log(ranks) / e.held)


def _mixer_cost(m: Mixer, speed: Speed) -> MixerCost:
    return MixerCost(
        limit=m.limit,
        stride=m.stride,
        pair_s=m.pair_operations / speed.attention,
        entry_compute_s=m.entry_operations / speed.attention,
        entry_read_s=m.entry_bytes / speed.cache_bytes_per_s,
    )
