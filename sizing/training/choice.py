"""How a run is best cut over a given number of GPUs: the fastest way that fits.

The order is by work per token: recomputation adds passes, tensor parallelism adds an exchange in
every layer, a pipeline leaves GPUs idle at its ends. What was asked for is never changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sizing.gpu import Gpu
from sizing.model import Moe
from sizing.precision import PRECISIONS
from sizing.sharding import violation
from sizing.training.answer import fits_with_room
from sizing.training.compute import flops_per_token
from sizing.training.contradictions import is_legal
from sizing.training.job import Cut, Job
from sizing.training.options import Checkpointing, Loss, Sharding
from sizing.workload import Purpose, TrainingLoad

LARGEST_MICRO_BATCH = 8
_ROUNDS = 4
"""Micro-batches for each stage of a pipeline, so that its ends idle for a fifth of the time."""
_TENSOR_COST = {True: 1.1, False: 1.6}
"""Work per token with tensor parallelism, with and without NVLink (estimated, for the order)."""
_EXPERT_COST = 1.15
"""Work per token with experts spread over ranks, for the exchange of tokens (estimated)."""


@dataclass(frozen=True, slots=True)
class Ways:
    """A kind of node to train on: `per_node` GPUs in each of `nodes`."""

    gpu: Gpu
    per_node: int
    nodes: int

    @property
    def gpus(self) -> int:
        """GPUs in all."""
        return self.per_node * self.nodes


def best_job(base: Job, load: TrainingLoad, ways: Ways) -> Job | None:
    """The run cut for these GPUs with the least work per token, None where nothing fits."""
    found = next((job for job in _candidates(base, load, ways) if fits_with_room(job)), None)
    return found and _with_larger_batch(found, load)


def holds(base: Job, load: TrainingLoad, ways: Ways) -> bool:
    """Whether some cut fits these GPUs, at the least that each takes."""
    return next(_leanest_cuts(base, load, ways), None) is not None


def _with_larger_batch(job: Job, load: TrainingLoad) -> Job:
    """As many sequences at once as fit, where nobody said how many."""
    if load.micro_batch is not None:
        return job
    size = job.micro_batch
    while size < LARGEST_MICRO_BATCH and fits_with_room(job.changed(micro_batch=size * 2)):
        size *= 2
    return job.changed(micro_batch=size)


def _candidates(base: Job, load: TrainingLoad, ways: Ways) -> Iterator[Job]:
    """Every way that some framework runs, least work first, in cuts of which some way fits."""
    found = [
        job
        for cut in _leanest_cuts(base, load, ways)
        for sharding in _shardings(base, load, cut)
        for job in _checkpointed(base, load, ways, cut, sharding)
        if _runs(job)
    ]
    yield from sorted(found, key=lambda job: (_work(job), _plainness(job)))


def _leanest_cuts(base: Job, load: TrainingLoad, ways: Ways) -> Iterator[Cut]:
    """The cuts that fit where everything is shared out and activations are computed again."""
    for cut in _cuts(base, ways):
        sharding = _shardings(base, load, cut)[-1]
        jobs = list(_checkpointed(base, load, ways, cut, sharding))
        leanest = (job for job in jobs if job.checkpointing is jobs[-1].checkpointing)
        # On short sequences a chunked loss takes more: it sums the head's gradient apart.
        if any(_runs(job) and fits_with_room(job) for job in leanest):
            yield cut


def _checkpointed(
    base: Job, load: TrainingLoad, ways: Ways, cut: Cut, sharding: Sharding
) -> Iterator[Job]:
    """The run at each checkpointing and loss that may be chosen, what keeps least last."""
    modes = [base.checkpointing] if load.checkpointing else list(Checkpointing)
    losses = (
        [base.loss]
        if load.chunked_loss is not None
        else list(dict.fromkeys([base.loss, Loss.CHUNKED]))
    )
    batches = base.micro_batches if load.micro_batches else 1
    if cut.pp > 1 and not load.micro_batches:
        batches = cut.pp * _ROUNDS
    shared = base.changed(gpu=ways.gpu, cut=cut, sharding=sharding, micro_batches=batches)
    for mode in modes:
        for loss in losses:
            yield shared.changed(checkpointing=mode, loss=loss)


def _shardings(base: Job, load: TrainingLoad, cut: Cut) -> list[Sharding]:
    if load.sharding:
        return [base.sharding]
    if cut.shards == 1:
        return [Sharding.NONE]
    # Whole copies talk least; where they do not fit, they are shared out.
    return [Sharding.NONE, base.framework.default_sharding]


def _cuts(base: Job, ways: Ways) -> list[Cut]:
    experts = {b.ffn.experts for b in base.spec.blocks.values() if isinstance(b.ffn, Moe)}
    found: list[Cut] = []
    # Quantised weights are shared out by FSDP or not at all.
    widths = (1,) if base.method is Purpose.QLORA else _powers(ways.per_node)
    for tp in widths:
        for pp in _powers(ways.nodes) if tp == ways.per_node > 1 else (1,):
            dp = ways.gpus // (tp * pp)
            if dp * tp * pp != ways.gpus:
                continue
            for ep in (1, *(_expert_degrees(min(experts), dp * tp) if experts else ())):
                cut = Cut(dp=dp, tp=tp, pp=pp, ep=ep)
                if not violation(base.spec, PRECISIONS["bf16"], cut.layout):
                    found.append(cut)
    return found


@cache
def _powers(most: int) -> tuple[int, ...]:
    """1, 2, 4, ... up to `most`, those that divide it."""
    return tuple(n for n in (1, 2, 4, 8, 16, 32, 64) if n <= most and most % n == 0)


def _expert_degrees(experts: int, ranks: int) -> Iterator[int]:
    return (n for n in (8, 16, 32, 64) if experts % n == 0 and ranks % n == 0)


def _runs(job: Job) -> bool:
    if job.seq_len % (job.cut.tp * job.cut.cp):
        return False
    return is_legal(job)


def _work(job: Job) -> float:
    cut = job.cut
    tensor = _TENSOR_COST[job.gpu.nvlink_gb_s is not None] if cut.tp > 1 else 1.0
    idle = (job.micro_batches + cut.pp - 1) / job.micro_batches
    experts = _EXPERT_COST if cut.ep > 1 else 1.0
    return flops_per_token(job) * tensor * idle * experts


def _plainness(job: Job) -> tuple[int, ...]:
    cut = job.cut
    shared, chunked = job.sharding is not Sharding.NONE, job.loss is Loss.CHUNKED
    return (cut.pp, cut.tp, cut.ep, int(shared), int(chunked))
