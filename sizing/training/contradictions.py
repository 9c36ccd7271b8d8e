"""Combinations that no framework runs, refused by name."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.errors import InputError
from sizing.training.job import Job
from sizing.training.options import Offload, Schedule, Sharding
from sizing.workload import Purpose


def check_contradictions(job: Job) -> None:
    """Raise InputError for the first contradiction in the run."""
    error = next(_contradictions(job), None)
    if error:
        raise error


def is_legal(job: Job) -> bool:
    """Whether some framework runs it."""
    return next(_contradictions(job), None) is None


def _contradictions(job: Job) -> Iterator[InputError]:
    yield from _offloading(job)
    yield from _pipelines(job)
    yield from _optimizers(job)


def _offloading(job: Job) -> Iterator[InputError]:
    offload, sharding = job.offload, job.sharding
    if offload is Offload.NONE:
        return
    zero3 = sharding is Sharding.ZERO3
    if job.method is Purpose.QLORA and zero3:
        allowed = (
            "none with qlora under zero3, whose offload cannot hold quantised weights; fsdp can"
        )
        yield InputError("offload", offload.value, allowed, "none")
    if offload is Offload.ALL and not sharding.shards_weights:
        allowed = f"none or optimizer with sharding {sharding}: weights leave under zero3 or fsdp"
        yield InputError("offload", offload.value, allowed, "optimizer")
    if job.optimizer.paged:
        allowed = f"none with {job.optimizer.name}, whose states the driver moves to the host"
        yield InputError("offload", offload.value, allowed, "none")
    if job.cut.pp > 1:
        yield InputError("offload", offload.value, "none in a pipeline (pp above 1)", "none")


def _pipelines(job: Job) -> Iterator[InputError]:
    if job.cut.pp == 1:
        if job.virtual_stages > 1:
            yield InputError("virtual-stages", job.virtual_stages, "1 without a pipeline (pp 1)", 1)
        return
    if job.sharding in (Sharding.ZERO2, Sharding.ZERO3):
        allowed = "none, zero1 or fsdp in a pipeline (pp above 1)"
        yield InputError("sharding", job.sharding.value, allowed, "zero1")
    if job.virtual_stages > 1 and job.schedule is not Schedule.INTERLEAVED:
        allowed = f"{Schedule.INTERLEAVED} with virtual stages"
        yield InputError("schedule", job.schedule.value, allowed, Schedule.INTERLEAVED.value)
    chunks = job.cut.pp * job.virtual_stages
    if chunks > job.spec.layers:
        allowed = f"pp x virtual stages up to the {job.spec.layers} layers"
        yield InputError("virtual-stages", job.virtual_stages, allowed, 1)


def _optimizers(job: Job) -> Iterator[InputError]:
    optimizer = job.optimizer
    if not optimizer.fused_backward:
        return
    if job.accumulates:
        allowed = f"1 with {optimizer.name}, which steps in each backward pass"
        yield InputError("micro-batches", job.micro_batches, allowed, 1)
    if job.sharding not in (Sharding.NONE, Sharding.FSDP):
        allowed = f"none or fsdp with {optimizer.name}"
        yield InputError("sharding", job.sharding.value, allowed, "fsdp")
