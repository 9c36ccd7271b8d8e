"""What the chosen run would take if one thing were done otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.candidates import Candidate
from sizing.training.answer import fullest_gpu, has_room
from sizing.training.choice import Ways, best_job
from sizing.training.compute import run_time
from sizing.training.contradictions import is_legal
from sizing.training.job import Job
from sizing.training.options import Checkpointing, Loss, Offload, Sharding
from sizing.training.outcome import RunEstimate, TradeOff
from sizing.training.placement import MAX_NODES, TrainingPlacement
from sizing.units import gib
from sizing.workload import TrainingLoad


def trade_offs(
    candidate: Candidate,
    placement: TrainingPlacement,
    base: Job,
    load: TrainingLoad,
    run: RunEstimate,
) -> tuple[TradeOff, ...]:
    """One row for the plan, one a change; those that no framework runs are left out."""
    rows = [
        ("as planned", placement.nodes, placement.job),
        *((said, placement.nodes, job) for said, job in _changes(placement.job) if is_legal(job)),
        *_more_nodes(placement, base, load),
    ]
    return tuple(_row(candidate, said, nodes, job, run) for said, nodes, job in rows)


def _changes(job: Job) -> Iterator[tuple[str, Job]]:
    for mode in Checkpointing:
        if mode is not job.checkpointing:
            yield f"checkpointing {mode}", job.changed(checkpointing=mode)
    for sharding in (Sharding.NONE, job.framework.default_sharding):
        if job.cut.shards > 1 and sharding is not job.sharding:
            yield f"sharding {sharding}", job.changed(sharding=sharding)
    if job.is_full and job.optimizer.name == "adamw":
        yield "optimizer adamw8bit, no float32 weights", job.with_adamw8bit()
    if job.loss is Loss.WHOLE:
        yield "chunked loss", job.changed(loss=Loss.CHUNKED)
    if job.offload is Offload.NONE and job.is_full:
        yield "offload optimizer (slower: time unknown)", job.changed(offload=Offload.OPTIMIZER)
    yield f"micro-batch {job.micro_batch * 2}", job.changed(micro_batch=job.micro_batch * 2)


def _more_nodes(
    placement: TrainingPlacement, base: Job, load: TrainingLoad
) -> Iterator[tuple[str, int, Job]]:
    """Twice and four times the nodes: the run takes less time for nearly the same money."""
    for times in (2, 4):
        nodes = placement.nodes * times
        if not placement.can_be_joined or nodes > MAX_NODES:
            continue
        job = best_job(base, load, Ways(placement.gpu, placement.node_gpus, nodes))
        if job:
            yield f"{nodes} nodes: checkpointing {job.checkpointing}", nodes, job


def _row(candidate: Candidate, said: str, nodes: int, job: Job, run: RunEstimate) -> TradeOff:
    needed = fullest_gpu(job)
    # How long the host's step takes is not modelled.
    timed = job.offload is Offload.NONE
    hours = run_time(job, run.tokens, run.utilization).hours if timed else None
    rate = candidate.lot.offer.usd_per_hour
    return TradeOff(
        change=said,
        nodes=nodes,
        device_memory_gib_per_gpu=gib(needed),
        fits=has_room(job, needed),
        hours=hours,
        usd=None if rate is None or hours is None else rate * nodes * hours,
    )
