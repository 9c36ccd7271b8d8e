"""Changes that make a run fit, the cheapest in speed first: one alone, else several together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sizing.training.contradictions import is_legal
from sizing.training.job import Cut, Job
from sizing.training.options import Checkpointing, Loss, Offload, Sharding

_MOST_GPUS = 1024


def changes_that_fit(job: Job, needed: Callable[[Job], float]) -> tuple[str, ...]:
    """Each change that alone is enough, in words; else those that are together, and how many GPUs.

    `needed` gives the bytes of the fullest GPU.
    """

    def fits(other: Job) -> bool:
        return needed(other) <= other.gpu.cuda_bytes

    found = [said for said, other in _changes(job) if is_legal(other) and fits(other)]
    together = [] if found else _together(job, needed)
    return (*found, *together, *_more_gpus(job, fits))


def _together(job: Job, needed: Callable[[Job], float]) -> list[str]:
    """Changes added one by one, each that helps, until the run fits; none where it never does."""
    said: list[str] = []
    while needed(job) > job.gpu.cuda_bytes:
        least = needed(job)
        helping = (c for c in _changes(job) if is_legal(c[1]) and needed(c[1]) < least)
        change = next(helping, None)
        if change is None:
            return []
        said, job = _with(said, change[0]), change[1]
    return [" ".join(said)]


def _with(said: list[str], change: str) -> list[str]:
    """The changes so far and one more, which takes the place of an earlier one of its kind."""
    option = change.split()[0]
    return [*(s for s in said if s.split()[0] != option), change]


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
    if job.is_full and job.optimizer.name != "adamw8bit":
        yield "--optimizer adamw8bit", job.with_adamw8bit()
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
