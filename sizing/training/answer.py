"""What a training run takes on each GPU, and whether it fits."""

from __future__ import annotations

from dataclasses import fields

from pydantic import BaseModel, ConfigDict

from sizing.census import params_total
from sizing.evidence import Evidence
from sizing.training.changes import changes_that_fit
from sizing.training.framework import Measures
from sizing.training.job import Job
from sizing.training.memory import Parts, RankMemory, training_memory
from sizing.training.parameters import trained_parameters
from sizing.training.parts import part_evidence
from sizing.units import GIB, gib

MARGIN = 0.08
"""Room that a plan keeps of a GPU's memory: the model's own error on most published runs."""
_ALONE, _WITH_OTHERS = 0.6 * GIB, 1.6 * GIB
"""CUDA's context and libraries; with other GPUs NCCL's channels and buffers too (estimated from
nvidia-smi against PyTorch's own count in public training logs)."""


class TrainingCut(BaseModel):
    """Degrees of data, tensor, pipeline, context and expert parallelism."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dp: int
    tp: int
    pp: int
    cp: int
    ep: int


class TrainingFit(BaseModel):
    """The verdict on one training run. GiB are 2^30 bytes, of one GPU of the worst stage.

    `peak_memory_gib_per_gpu` is what PyTorch's allocator reserves at the worst moment, and the sum
    of `breakdown_gib`; `device_memory_gib_per_gpu` adds what CUDA and NCCL hold outside it, which
    is what must fit into `gpu_memory_gib`. `host_memory_gib_per_gpu` lies in the host's memory.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    method: str
    fits: bool
    reason: str
    peak_memory_gib_per_gpu: float
    breakdown_gib: dict[str, float]
    device_memory_gib_per_gpu: float
    gpu_memory_gib: float
    free_gib: float
    host_memory_gib_per_gpu: float
    worst_moment: str
    worst_stage: int
    gpu: str
    gpus: int
    layout: TrainingCut
    precision: str
    params_total: int
    params_trained: int
    framework: str
    framework_reports: str
    sharding: str
    optimizer: str
    checkpointing: str
    offload: str
    loss: str
    seq_len: int
    micro_batch: int
    micro_batches: int
    tokens_per_step: int
    suggestions: tuple[str, ...]
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    evidence: dict[str, Evidence]


def train(job: Job) -> TrainingFit:
    """The memory of a run and whether it fits its GPUs."""
    worst = training_memory(job)[0]
    needed, visible = device_bytes(job, worst), job.gpu.cuda_bytes
    fits = needed <= visible
    return TrainingFit(
        model=job.spec.name,
        method=job.method.value,
        fits=fits,
        reason=_reason(job, worst, needed),
        peak_memory_gib_per_gpu=gib(worst.parts.total),
        breakdown_gib=breakdown(worst.parts),
        device_memory_gib_per_gpu=gib(needed),
        gpu_memory_gib=gib(visible),
        free_gib=gib(visible - needed),
        host_memory_gib_per_gpu=gib(worst.host),
        worst_moment=worst.moment,
        worst_stage=worst.stage,
        gpu=job.gpu.name,
        gpus=job.cut.gpus,
        layout=TrainingCut(
            dp=job.cut.dp, tp=job.cut.tp, pp=job.cut.pp, cp=job.cut.cp, ep=job.cut.ep
        ),
        precision=job.precision.name,
        params_total=params_total(job.spec),
        params_trained=trained_parameters(job),
        framework=job.framework.name,
        framework_reports=job.framework.measures.value,
        sharding=job.sharding.value,
        optimizer=job.optimizer.name,
        checkpointing=job.checkpointing.value,
        offload=job.offload.value,
        loss=job.loss.value,
        seq_len=job.seq_len,
        micro_batch=job.micro_batch,
        micro_batches=job.micro_batches,
        tokens_per_step=job.tokens_per_step,
        suggestions=() if fits else changes_that_fit(job, fullest_gpu),
        assumptions=_assumptions(job),
        warnings=_warnings(job, needed),
        evidence={
            **{part.name: part_evidence(part.name) for part in fields(worst.parts)},
            "cuda_visible_memory": job.gpu.cuda_evidence,
        },
    )


def fits_with_room(job: Job) -> bool:
    """Whether every GPU holds its part and `MARGIN` more, as a plan asks."""
    return has_room(job, fullest_gpu(job))


def has_room(job: Job, needed: float) -> bool:
    """Whether `needed` bytes and `MARGIN` more are there on a GPU."""
    return needed * (1 + MARGIN) <= job.gpu.cuda_bytes


def device_bytes(job: Job, worst: RankMemory) -> float:
    """Bytes that a GPU must have: PyTorch's share and what lies outside it."""
    return worst.parts.total + outside_bytes(job)


def outside_bytes(job: Job) -> float:
    """Bytes that CUDA and NCCL hold outside PyTorch's allocator."""
    return _ALONE if job.cut.gpus == 1 else _WITH_OTHERS


def fullest_gpu(job: Job) -> float:
    """Bytes that the fullest GPU must have."""
    return device_bytes(job, training_memory(job)[0])


def job_fits(job: Job) -> bool:
    """Whether every GPU holds its part."""
    return fullest_gpu(job) <= job.gpu.cuda_bytes


def reported_bytes(job: Job, worst: RankMemory) -> float:
    """What the framework itself would report as its peak."""
    on_device = job.framework.measures is Measures.DEVICE
    return device_bytes(job, worst) if on_device else worst.parts.total


def breakdown(parts: Parts) -> dict[str, float]:
    """GiB of each part that is there."""
    found = {f.name: getattr(parts, f.name) for f in fields(parts)}
    return {name: gib(value) for name, value in found.items() if value}


def _reason(job: Job, worst: RankMemory, needed: float) -> str:
    visible = job.gpu.cuda_bytes
    where = f"stage {worst.stage}, " if job.cut.pp > 1 else ""
    room = f"{gib(visible):.1f} GiB that CUDA sees"
    if needed <= visible:
        return f"{gib(needed):.1f} GiB of {room}, fullest at {where}{worst.moment}"
    short = gib(needed - visible)
    return f"{gib(needed):.1f} GiB, {short:.1f} more than the {room}, at {where}{worst.moment}"


def _assumptions(job: Job) -> tuple[str, ...]:
    said = [f"{job.framework.label}: {job.framework.source}"]
    if job.cut.tp > 1:
        said.append("sequence parallelism with tensor parallelism: activations are cut by TP")
    if job.spec.towers:
        said.append("its towers (images, sound) are frozen and see no input")
    said.append(
        f"{job.framework.fragmentation:.0%} of passing tensors for the allocator's fragmentation, "
        f"{gib(outside_bytes(job)):.1f} GiB for CUDA and NCCL outside it (estimated)"
    )
    return tuple(said)


def _warnings(job: Job, needed: float) -> tuple[str, ...]:
    said: list[str] = []
    visible = job.gpu.cuda_bytes
    if needed <= visible < needed * (1 + MARGIN):
        said.append(
            f"only {(visible - needed) / visible:.0%} of the GPU is free: published runs differ by "
            f"{MARGIN:.0%} from what is said here"
        )
    if job.seq_len > job.spec.context_limit:
        said.append(
            f"{job.seq_len:,} tokens are beyond the model's context of {job.spec.context_limit:,}: "
            "its positions must be extended"
        )
    return tuple(said)
