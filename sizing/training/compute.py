"""Floating-point operations of a training run, and the time and money they take."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.census import params_active
from sizing.errors import InputError
from sizing.gpu import Gpu
from sizing.model import Block, Gqa, Mla
from sizing.training.job import Job
from sizing.training.options import Checkpointing

DEFAULT_UTILIZATION = 0.40
"""Share of the dense peak that a run's operations reach, recomputation included: Llama 3 reports 38
to 43% on 8,192 to 16,384 H100s (arXiv:2407.21783), torchtitan 33 to 39% on 8 to 128 (2024-12)."""
_FORWARD = 2.0
"""Operations per parameter and token forward: a product and a sum (Kaplan et al., 2001.08361)."""
_RECOMPUTED = {Checkpointing.NONE: 0.0, Checkpointing.SELECTIVE: 0.5, Checkpointing.FULL: 1.0}
"""The share of the forward pass that runs again in the backward pass."""


@dataclass(frozen=True, slots=True)
class RunTime:
    """Hours of a run over `tokens` on all its GPUs, and the rate."""

    tokens: float
    flops_per_token: float
    tokens_per_second: float
    hours: float


def flops_per_token(job: Job) -> float:
    """Operations of one token in a step, recomputation included.

    The forward pass once, the backward pass for the inputs once more, and for the weights once more
    where they train: three forward passes in full training, two with adapters.
    """
    weights = _FORWARD * params_active(job.spec, embedding=False)
    attention = _attention(job)
    backward = 2.0 if job.is_full else 1.0
    again = _RECOMPUTED[job.checkpointing]
    return weights * (1 + backward + again) + attention * (1 + 2 + again)


def peak_tflops(gpu: Gpu, job: Job) -> float:
    """The GPU's dense peak in the format that the run computes in, TFLOPS.

    Raises InputError for a GPU without it.
    """
    names = ("fp8", "bf16") if job.precision.name == "fp8" else ("bf16", "fp16")
    for name in names:
        if name in gpu.dense_tflops:
            return gpu.dense_tflops[name]
    raise InputError("gpu", gpu.name, "a GPU with a known peak in 16 bits", "H100")


def run_time(job: Job, tokens: float, utilization: float = DEFAULT_UTILIZATION) -> RunTime:
    """How long a run over `tokens` takes at this share of the peak."""
    each = flops_per_token(job)
    rate = job.cut.gpus * peak_tflops(job.gpu, job) * 1e12 * utilization / each
    return RunTime(tokens, each, rate, tokens / rate / 3600)


def _attention(job: Job) -> float:
    """Forward operations of scores and values per token, causal: half the sequence on average."""
    spec = job.spec
    return sum(
        count * _block_attention(spec.blocks[name], job.seq_len)
        for name, count in spec.layer_counts.items()
    )


def _block_attention(block: Block, seq_len: int) -> float:
    a = block.attention
    match a:
        case Gqa():
            seen = min(seq_len / 2, a.window or seq_len, a.chunk or seq_len)
            return _FORWARD * a.heads * (a.head_dim + a.v_dim) * seen
        case Mla():
            width = a.qk_nope_head_dim + a.qk_rope_head_dim + a.v_head_dim
            return _FORWARD * a.heads * width * seq_len / 2
        case _:
            return 0.0
