"""Smaller runs than the one that was asked for, where no nodes hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sizing.request import Request
from sizing.training.contradictions import is_legal
from sizing.training.job import Job
from sizing.training.options import Checkpointing, Loss, Offload

_SHORTEST = 512


def smaller_runs(request: Request) -> Iterator[tuple[str, Request]]:
    """The request with one thing of its run changed at a time, in words."""
    job = request.training
    if job is None:
        return
    for said, other in _smaller(job):
        if is_legal(other):
            load = request.workload
            training = load.training and load.training.model_copy(
                update={"checkpointing": None, "micro_batch": other.micro_batch}
            )
            changed = load.model_copy(update={"context": other.seq_len, "training": training})
            yield said, replace(request, training=other, workload=changed)


def _smaller(job: Job) -> Iterator[tuple[str, Job]]:
    if job.is_full and job.optimizer.name != "adamw8bit":
        yield "with optimizer adamw8bit", job.with_adamw8bit()
    if job.checkpointing is not Checkpointing.FULL:
        yield "with checkpointing full", job.changed(checkpointing=Checkpointing.FULL)
    if job.loss is Loss.WHOLE:
        yield "with chunked-loss", job.changed(loss=Loss.CHUNKED)
    if job.offload is Offload.NONE:
        yield "with offload optimizer", job.changed(offload=Offload.OPTIMIZER)
    if job.micro_batch > 1:
        yield "with micro-batch 1", job.changed(micro_batch=1)
    if job.seq_len > _SHORTEST:
        length = max(_SHORTEST, job.seq_len // 4)
        yield f"with context {length}", job.changed(seq_len=length)
