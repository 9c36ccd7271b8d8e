"""What one rank of a training run holds of each tensor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sizing.census import LayerWeights, weights
from sizing.precision import stored_bytes
from sizing.sharding import shard
from sizing.training.adapters import adapter_elements
from sizing.training.job import Job
from sizing.training.pipeline import Stage
from sizing.weight import Weight

_FLOAT32 = 4.0


@dataclass(frozen=True, slots=True)
class Held:
    """Equal tensors of a rank after tensor and expert parallelism, before ZeRO shares them out.

    `unit` is what is gathered at once (a block's name, `embedding` or `head`), `count` how many
    such tensors there are. `stored` are one tensor's bytes as kept, `adapter` its adapter's
    elements, `copy` whether a trainable copy is kept beside a frozen original.
    """

    unit: str
    count: int
    weight: Weight
    stored: float
    trains: bool
    adapter: int
    copied: bool
    shards: int

    @property
    def elements(self) -> int:
        """Elements of all these tensors."""
        return self.count * self.weight.elements


def held_tensors(job: Job, stage: Stage) -> tuple[Held, ...]:
    """Every tensor of this pipeline stage's ranks."""
    return tuple(_held(job, stage))


def _held(job: Job, stage: Stage) -> Iterator[Held]:
    for layer in weights(job.spec):
        count = _count(layer, stage, tied=job.spec.tied)
        if count:
            unit = layer.block if layer.section == "stack" else layer.section
            for weight in layer.weights:
                yield _one(job, unit, count, weight)


def _count(layer: LayerWeights, stage: Stage, *, tied: bool) -> int:
    match layer.section:
        case "stack":
            return stage.blocks.get(layer.block, 0)
        case "embedding":
            # A tied embedding is the last stage's head too.
            return layer.count if stage.is_first or (tied and stage.is_last) else 0
        case "head":
            return layer.count if stage.is_last else 0
        case "tower":
            return layer.count if stage.is_first else 0
        case _:
            return 0


def _one(job: Job, unit: str, count: int, weight: Weight) -> Held:
    part = shard(weight, job.cut.layout)
    lora = job.adapters
    table = weight.group in ("embedding", "lm_head")
    tower = weight.group == "vision"
    copied = lora is not None and lora.train_embeddings and table
    buffer = weight.group == "buffer"
    trains = (job.is_full and not tower and not buffer) or copied
    adapts = lora is not None and weight.cols > 1 and lora.adapts(weight.name)
    routed = weight.group == "expert"
    return Held(
        unit=unit,
        count=count,
        weight=part,
        stored=_stored(job, part, trains=trains and not copied),
        trains=trains,
        adapter=adapter_elements(part, lora.rank) if adapts and lora else 0,
        copied=copied,
        shards=job.cut.expert_shards if routed else job.cut.shards,
    )


def _stored(job: Job, weight: Weight, *, trains: bool) -> float:
    """Bytes of one tensor as it is kept; a trained one is kept by the training state's rule."""
    if trains:
        return weight.elements * trained_bytes(job)
    precision = job.precision
    quantised = weight.group in precision.covers and precision.bits < 16
    if precision.bits < 16 and not quantised and job.framework.upcast_rest:
        return weight.elements * _FLOAT32
    if precision.bits >= 16 and job.frozen_float32:
        return weight.elements * _FLOAT32
    return float(stored_bytes(weight, precision))


def trained_bytes(job: Job) -> float:
    """Bytes of a trained parameter's weight as the model keeps it."""
    return _FLOAT32 if job.keeps_float32_parameters else job.compute_bytes
