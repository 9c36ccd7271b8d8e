"""A pipeline's stages: the layers of each, and how many micro-batches wait in it for their turn."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.memory import stage_blocks
from sizing.training.job import Job
from sizing.training.options import Schedule


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: layers by block, and the micro-batches whose activations it holds at its peak."""

    index: int
    blocks: dict[str, int]
    is_first: bool
    is_last: bool
    in_flight: float

    @property
    def layers(self) -> int:
        """Layers of this stage."""
        return sum(self.blocks.values())


def stages(job: Job) -> list[Stage]:
    """Every stage of the run's pipeline, one where there is none."""
    count = job.cut.pp
    return [
        Stage(index, blocks, index == 0, index == count - 1, in_flight(job, index))
        for index, blocks in enumerate(stage_blocks(job.spec, count))
    ]


def in_flight(job: Job, index: int) -> float:
    """Micro-batches that a stage has run forward and not yet backward, at most.

    GPipe runs all forward first. 1F1B starts as many as stages follow (Narayanan et al.,
    arXiv:2104.04473); interleaved, a rank starts chunks of 1/v of its layers: twice as many as
    ranks follow, plus one round per further chunk.
    """
    stages_after, batches = job.cut.pp - index - 1, job.micro_batches
    if job.cut.pp == 1:
        return 1
    match job.schedule:
        case Schedule.GPIPE:
            return batches
        case Schedule.ONE_F_ONE_B:
            return min(stages_after + 1, batches)
        case Schedule.INTERLEAVED:
            virtual = job.virtual_stages
            chunks = 2 * stages_after + (virtual - 1) * job.cut.pp + 1
            return min(chunks, batches * virtual) / virtual
