"""Single changes that make a run fit, the cheapest in speed first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sizing.training.contradictions import is_legal
from sizing.training.framework import MasterWeights
from sizing.training.job import Cut, Job
from sizing.training.optimizers import OPTIMIZERS
from sizing.training.options import Checkpointing, Loss, Offload, Sharding

_MOST_GPUS = 1024


def changes_that_fit(job: Job, fits: Callable[[Job], bool]) -> tuple[str, ...]:
    """Each change that alone is enough, in words; where none is, how many GPUs are."""
    found = [said for said, other in _changes(job) if is_legal(other) and fits(other)]
    return (*found, *_more_gpus(job, fits))


def _changes(job: Job) -> Iterator[tuple[str, Job]]:
    if job.sharding is not Sharding.FSDP and job.cut.shards > 1:
        yield "--sharding fsdp", job.changed(sharding=Sharding.FSDP)
    if job.loss is Loss.WHOLE:
        yield "--chunked-loss", job.changed(loss=Loss.CHUNKED)
    if job.checkpointing is Checkpointing.NONE:
        yield "--checkpointing selective", job.changed(checkpointing=Checkpointing.SELECTIVE)
    if job.checkpointing is not Checkpointing.FULL:
        yield "--checkpointing full", job.changed(checkpointing=Checkpointing.FULL)
    for size in (job.micro_batch // 2, 1):
        if 1 <= size < job.micro_batch:
            yield f"--micro-batch {size}", job.changed(micro_batch=size)
    if job.is_full:
        eight = OPTIMIZERS["adamw8bit"]
        in_place = MasterWeights.IN_PLACE
        yield "--optimizer adamw8bit", job.changed(optimizer=eight, master_weights=in_place)
    if job.offload is Offload.NONE:
        yield "--offload optimizer", job.changed(offload=Offload.OPTIMIZER)
    if job.offload is not Offload.ALL:
        yield "--offload all", job.changed(offload=Offload.ALL)
    for length in (job.seq_len // 2, job.seq_len // 4):
        if length >= max(256, job.cut.tp * job.cut.cp):
            yield f"--seq-len {length}", job.changed(seq_len=length)


def _more_gpus(job: Job, fits: Callable[[Job], bool]) -> Iterator[str]:
    """The next doubling of data-parallel ranks that fits, where weights or states are shared."""
    if job.sharding is Sharding.NONE and job.cut.shards > 1:
        return
    sharding = job.sharding if job.sharding.shards_states else Sharding.FSDP
    cut, size = job.cut, job.cut.dp * 2
    while size * cut.tp * cut.pp * cut.cp <= _MOST_GPUS:
        wider = Cut(size, cut.tp, cut.pp, cut.cp, cut.ep)
        other = job.changed(cut=wider, sharding=sharding)
        if is_legal(other) and fits(other):
            yield f"--gpus {wider.gpus} --sharding {sharding}"
            return
        size *= 2
