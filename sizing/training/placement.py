"""The fewest nodes of a kind that hold a training run."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import ceil

from sizing.capacity import Capacity
from sizing.gpu import Gpu
from sizing.placement import Placement, Refusal
from sizing.training.answer import MARGIN, fullest_gpu
from sizing.training.choice import Ways, best_job, holds
from sizing.training.job import Cut, Job
from sizing.training.options import Checkpointing, Offload, Sharding
from sizing.training.pipeline import stages
from sizing.training.states import States
from sizing.training.tensors import held_tensors
from sizing.units import gib
from sizing.workload import TrainingLoad

MAX_NODES = 128
_EVERY = 8


@dataclass(frozen=True, slots=True)
class TrainingPlacement(Placement):
    """A run over `nodes_per_copy` nodes; it is one copy, and fills every GPU."""

    job: Job
    can_be_joined: bool


def fewest_nodes(
    capacity: Capacity,
    base: Job,
    load: TrainingLoad,
    gpu: Gpu,
    per_node: int,
    most: int = MAX_NODES,
) -> TrainingPlacement | Refusal:
    """The run on the fewest nodes of `per_node` GPUs, at most `most` (1: they cannot be joined)."""
    numbers = _numbers(at_least_nodes(base, gpu, per_node), most)
    # Twice the nodes hold what the nodes hold, so the smallest number is found by halving.
    place = bisect_left(numbers, True, key=lambda n: holds(base, load, Ways(gpu, per_node, n)))
    for nodes in numbers[place : place + 1]:
        job = best_job(base, load, Ways(gpu, per_node, nodes))
        if job:
            return _placed(capacity, gpu, per_node, nodes, job, most > 1)
    return _refusal(base, gpu, per_node, most)


def at_least_nodes(base: Job, gpu: Gpu, per_node: int) -> int:
    """No fewer nodes could hold it: lasting tensors alone, perfectly shared out."""
    return max(1, ceil(_lasting_bytes(base) / (per_node * gpu.cuda_bytes)))


def _numbers(least: int, most: int) -> list[int]:
    """Numbers of nodes that may be tried: every one up to eight, then even ones."""
    return [n for n in range(least, most + 1) if n <= _EVERY or n % 2 == 0]


def _placed(
    capacity: Capacity, gpu: Gpu, per_node: int, nodes: int, job: Job, can_be_joined: bool
) -> TrainingPlacement:
    return TrainingPlacement(
        capacity=capacity,
        gpu=gpu,
        node_gpus=per_node,
        layout=job.cut.layout.model_copy(update={"dp": job.cut.shards}),
        nodes_per_copy=nodes,
        held=1,
        copies=1,
        gpus_required=job.cut.gpus,
        job=job,
        can_be_joined=can_be_joined,
    )


def _lasting_bytes(base: Job) -> float:
    """Weights, adapters and what of the optimiser stays on GPUs, the whole model's, one copy."""
    job = base.changed(cut=Cut(), sharding=Sharding.NONE)
    states = States(job, held_tensors(job, stages(job)[0]))
    if job.offload is Offload.ALL:
        return 0.0
    lasting = states.weights() + states.adapters()
    if job.offload is Offload.NONE and not job.optimizer.paged:
        lasting += states.optimizer_states() + states.master_weights()
    return lasting


def _refusal(base: Job, gpu: Gpu, per_node: int, most: int) -> Refusal:
    """How much is missing on one node, all shared out and activations computed again."""
    cut = Cut(dp=per_node)
    sharding = Sharding.FSDP if per_node > 1 else Sharding.NONE
    job = base.changed(gpu=gpu, cut=cut, sharding=sharding, checkpointing=Checkpointing.FULL)
    needed = fullest_gpu(job) * (1 + MARGIN)
    short = gib(needed - gpu.cuda_bytes)
    joined = f"; {most} nodes do not hold it either" if most > 1 else ""
    return Refusal("memory", f"{short:,.1f} GiB short per GPU on one node{joined}", short)
