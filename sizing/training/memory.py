"""One rank's memory in a training step: what is held, and at which moment it is most.

A step has four moments that can be the worst: the loss (all activations and the vocabulary's
logits, no gradients yet), the backward pass where it starts on the last layer and where it ends on
the first (activations against gradients), and the optimiser's step.
"""

from __future__ import annotations

from dataclasses import dataclass

from sizing.training.activations import LayerActivations, layer_activations
from sizing.training.gathering import Gathering
from sizing.training.job import Job
from sizing.training.options import Loss, Offload, Sharding
from sizing.training.parts import Parts
from sizing.training.pipeline import Stage, stages
from sizing.training.states import States
from sizing.training.tensors import held_tensors

__all__ = ["Parts", "RankMemory", "training_memory"]

_SHARDED_LOSS_BYTES = 16.0
"""Vocabulary-parallel cross entropy keeps shifted scores and their exponentials beside the rest."""
_FLOAT16_KERNELS = ("gptq", "awq", "int4")
_GATHERED_BLOCKS = 3
"""The block that runs, the one fetched ahead, and the flat buffer that it is copied out of."""


@dataclass(frozen=True, slots=True)
class RankMemory:
    """The worst moment of one pipeline stage's ranks; `host` bytes lie in the host's memory."""

    stage: int
    moment: str
    parts: Parts
    host: float


def training_memory(job: Job) -> tuple[RankMemory, ...]:
    """Each pipeline stage's worst moment, the worst stage first."""
    found = [_stage_memory(job, stage) for stage in stages(job)]
    return tuple(sorted(found, key=lambda m: (-m.parts.total, m.stage)))


def _stage_memory(job: Job, stage: Stage) -> RankMemory:
    held = held_tensors(job, stage)
    layers = [
        (layer_activations(job, job.spec.blocks[name]), count)
        for name, count in stage.blocks.items()
    ]
    rank = _Rank(job, stage, States(job, held), Gathering(job, stage, held), layers)
    moments = rank.moments()
    worst = max(moments, key=lambda name: moments[name].total)
    parts = moments[worst]
    reserved = parts.plus(fragmentation=job.framework.fragmentation * parts.passing)
    return RankMemory(stage.index, worst, reserved, rank.host())


@dataclass(frozen=True, slots=True)
class _Rank:
    job: Job
    stage: Stage
    states: States
    gathering: Gathering
    layers: list[tuple[LayerActivations, int]]

    def moments(self) -> dict[str, Parts]:
        """Live tensors at each moment that can be the worst."""
        held, states = self._always(), self.states
        all_gradients = states.gradients()
        earlier = all_gradients if self.job.accumulates else 0.0
        head = states.head_gradient()
        # A chunk's gradient of the head, and the sum that it is added to.
        in_chunks = 2 * head if self.job.loss is Loss.CHUNKED else 0.0
        found = {
            "the loss": held.plus(gradients=max(earlier, in_chunks), **self._loss()),
            "the last layer's backward pass": held.plus(
                gradients=max(earlier, head), **self._backward(self._kept())
            ),
            "the first layer's backward pass": held.plus(
                gradients=all_gradients, **self._backward(self._kept_of_one_layer())
            ),
            "the optimiser's step": held.plus(
                gradients=all_gradients,
                communication=self.gathering.step_buffers(states.trained_elements()),
            ),
        }
        if self.job.framework.whole_model and self.job.sharding is Sharding.FSDP:
            gathered = states.whole_model() + self.gathering.flat_blocks()
            found["the whole model gathered"] = held.plus(
                activations=self._kept(), gathered_weights=gathered
            )
        return found

    def host(self) -> float:
        """Bytes that offloading, or a paged optimiser, puts into the host's memory."""
        states, job = self.states, self.job
        if job.offload is Offload.NONE:
            return states.optimizer_states() if job.optimizer.paged else 0.0
        moved = states.optimizer_states() + states.master_weights() + states.all_gradients()
        weights = states.weights() + states.adapters() if job.offload is Offload.ALL else 0.0
        return moved + weights

    def _always(self) -> Parts:
        job, states = self.job, self.states
        kept = job.offload is not Offload.ALL
        stepped_here = job.offload is Offload.NONE
        return Parts(
            weights=states.weights() if kept else 0.0,
            adapters=states.adapters() if kept else 0.0,
            optimizer_states=(
                states.optimizer_states() if stepped_here and not job.optimizer.paged else 0.0
            ),
            master_weights=states.master_weights() if stepped_here else 0.0,
            communication=self.gathering.buckets(),
        )

    def _loss(self) -> dict[str, float]:
        return {
            "activations": self._kept(),
            "logits_and_loss": self._logits(),
            "gathered_weights": self.gathering.gathered(blocks=1, head=True),
        }

    def _backward(self, activations: float) -> dict[str, float]:
        layers = (a.recomputed + a.working for a, _ in self.layers)
        return {
            "activations": activations,
            "recomputation": max(layers, default=0.0) * self.job.tokens,
            "gathered_weights": self.gathering.gathered(blocks=_GATHERED_BLOCKS, head=False),
            "communication": self.gathering.reduced_block(),
        }

    def _kept(self) -> float:
        """Activations of every layer, as many micro-batches as wait."""
        one_token = sum(a.kept * count for a, count in self.layers)
        return one_token * self.job.tokens * self.stage.in_flight

    def _kept_of_one_layer(self) -> float:
        """What is left when the first layer of the last waiting micro-batch runs backward."""
        return max((a.kept for a, _ in self.layers), default=0.0) * self.job.tokens

    def _logits(self) -> float:
        job = self.job
        if not self.stage.is_last:
            return 0.0
        entries = job.tokens * job.spec.vocab / job.cut.tp
        if job.loss is Loss.CHUNKED:
            return entries * job.framework.chunked_loss_bytes
        in_float16 = job.framework.float16_loss_bytes
        if job.precision.name in _FLOAT16_KERNELS and in_float16:
            return entries * in_float16
        sharded = _SHARDED_LOSS_BYTES if job.cut.tp > 1 else 0.0
        return entries * max(job.framework.loss_bytes, sharded)
