"""What nodes draw while they serve a load: GPUs, the rest of the node, and the data centre.

Every constant is an assumption with its source; `benchmarks/power.py` holds the GPUs' part against
measured power.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from sizing.gpu import Gpu
from sizing.performance.records import Energy
from sizing.performance.step import StepModel

# Shares of a GPU's TDP. While a step runs: a base, and what reading memory and computing add while
# they last: least squares over 57 runs of 12 models on H100 and B200 of the ML.ENERGY leaderboard
# (read 2026-11-23); a model that the fit did not see is off by 14% on average. Idle with a model
# loaded, clocks up: about 105 of an H100's 700 W.
BUSY, READING, COMPUTING, IDLE = 0.38, 0.36, 1.0, 0.15
# A DGX H100 draws 10.2 kW at most (NVIDIA's data sheet), 4.6 kW of them beside its GPUs' 5.6 kW:
# processors, network cards, switches, fans. Half of that is taken on average.
HOST_SHARE = 4.6 / 5.6 / 2
PUE = 1.15
"""Amazon's average of 2024 over its data centres, as published by it in 2025."""
_KWH_PER_JOULE = 1 / 3.6e6
_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class MeanStep:
    """An average step: prompt tokens, decoding sequences and what they attend to, in tokens."""

    prompt_tokens: float
    prompt_pairs: float
    sequences: float
    attended: float


def busy_share(model: StepModel, step: MeanStep, seconds: float | None = None) -> float:
    """What a GPU draws of its TDP while such steps run, each of `seconds`."""
    reading, computing = shares(model, step, seconds)
    return min(1.0, BUSY + READING * reading + COMPUTING * computing)


def shares(model: StepModel, step: MeanStep, seconds: float | None = None) -> tuple[float, float]:
    """The time that a step would take if it only read memory, and if it only computed, as shares of
    its `seconds` (default: the model's)."""
    of = (step.prompt_tokens, step.prompt_pairs, step.sequences, step.attended)
    took = model.seconds(*of) if seconds is None else seconds
    reading, computing = _apart(model, step)
    return min(1.0, reading / took), min(1.0, computing / took)


def energy(
    gpu: Gpu,
    nodes: int,
    node_gpus: int,
    serving_gpus: int,
    share: float,
    utilization: float,
    output_per_s: float,
    total_per_s: float,
) -> Energy:
    """Of `nodes` nodes with `node_gpus` GPUs each, of which `serving_gpus` in all hold copies that
    compute for `utilization` of the time, drawing `share` of their TDP then."""
    serving = utilization * share + (1 - utilization) * IDLE
    gpus = nodes * node_gpus
    drawn = gpu.tdp_w * (serving * serving_gpus + IDLE * (gpus - serving_gpus))
    host = gpu.tdp_w * HOST_SHARE
    watts = (drawn + host * gpus) * PUE
    return Energy(
        kw_per_node=round(watts / nodes / 1000, 2),
        kw=round(watts / 1000, 2),
        kwh_per_million_output_tokens=_per_million(watts, output_per_s),
        kwh_per_million_total_tokens=_per_million(watts, total_per_s),
        gpu_power_share=round(serving, 3),
        host_w_per_gpu=round(host, 1),
        pue=PUE,
    )


def _apart(model: StepModel, step: MeanStep) -> tuple[float, float]:
    """Seconds that a step would take if it only read memory, and if it only computed."""
    share = 1 / model.stages
    mine = share / model.ranks
    tokens = step.prompt_tokens + step.sequences
    reading = model.head_read_s + model.moved_token_s * tokens * mine
    computing = model.head_sequence_s * step.sequences * mine
    for product in model.dense:
        reading += product.read_s
        computing += product.token_s * tokens * mine
    for expert in model.experts:
        reading += expert.held * (1 - expert.miss ** (tokens * share)) * expert.read_s
        computing += tokens * share * expert.share * expert.held * expert.row_s
    for mixer in model.mixers:
        entries = min(step.attended / mixer.stride, step.sequences * mixer.limit)
        pairs = min(step.prompt_pairs / mixer.stride, step.prompt_tokens * mixer.limit)
        reading += entries * mixer.entry_read_s * mine
        computing += (entries * mixer.entry_compute_s + pairs * mixer.pair_s) * mine
    return reading, computing


def _per_million(watts: float, tokens_per_s: float) -> float:
    joules = watts / tokens_per_s * _MILLION if tokens_per_s else inf
    return round(joules * _KWH_PER_JOULE, 4)
