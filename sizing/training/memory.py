"""One rank's memory in a training step: what is held, and at which moment it is most.

A step has four moments that can be the worst: while the model is put together, at the loss (all
activations and the vocabulary's logits, no gradients yet), where the backward pass starts on the
last layer or ends on the first (activations against gradients), and in the optimiser's step.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from sizing.training.activations import LayerActivations, layer_activations
from sizing.training.framework import MasterWeights
from sizing.training.job import Job
from sizing.training.options import Loss, Offload, Sharding
from sizing.training.pipeline import Stage, stages
from sizing.training.tensors import Held, held_tensors, trained_bytes

_FLOAT32 = 4.0
_SHARDED_LOSS_BYTES = 16.0
"""Vocabulary-parallel cross entropy keeps shifted scores and their exponentials beside the rest."""
_FLOAT16_KERNELS = ("gptq", "awq", "int4")
_FLAT_BLOCKS = 4
"""Blocks that LitGPT's FSDP holds beside the whole model: 3.8 to 4.1 on four models (2023-10)."""
_TABLES = ("embedding", "lm_head")
_GATHERED_BLOCKS = 2
"""The block that runs and the one fetched ahead."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Bytes of one rank by what they are for. `fragmentation` is what the allocator holds beyond
    live tensors."""

    weights: float = 0.0
    adapters: float = 0.0
    gradients: float = 0.0
    optimizer_states: float = 0.0
    master_weights: float = 0.0
    activations: float = 0.0
    recomputation: float = 0.0
    logits_and_loss: float = 0.0
    gathered_weights: float = 0.0
    communication: float = 0.0
    fragmentation: float = 0.0

    @property
    def total(self) -> float:
        """Bytes of all of them."""
        return sum(getattr(self, f.name) for f in fields(self))

    def plus(self, **more: float) -> Parts:
        """These with more of some."""
        values = {f.name: getattr(self, f.name) + more.get(f.name, 0.0) for f in fields(self)}
        return Parts(**values)


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
    rank = _Rank(job, stage, held_tensors(job, stage))
    moments = {name: _with_fragmentation(job, parts) for name, parts in rank.moments().items()}
    worst = max(moments, key=lambda name: moments[name].total)
    return RankMemory(stage.index, worst, moments[worst], rank.host())


def _with_fragmentation(job: Job, parts: Parts) -> Parts:
    return parts.plus(fragmentation=job.framework.fragmentation * parts.total)


@dataclass(frozen=True, slots=True)
class _Rank:
    job: Job
    stage: Stage
    held: tuple[Held, ...]

    def moments(self) -> dict[str, Parts]:
        """Live tensors at each moment that can be the worst."""
        held = self._always()
        accumulated = self._gradients() if self.job.accumulates else 0.0
        found = {
            "the loss": held.plus(
                gradients=max(accumulated, self._chunked_head_gradient()), **self._loss()
            ),
            "the last layer's backward pass": held.plus(
                gradients=max(accumulated, self._head_gradient()), **self._backward(first=False)
            ),
            "the first layer's backward pass": held.plus(
                gradients=self._gradients(), **self._backward(first=True)
            ),
            "the optimiser's step": held.plus(
                gradients=self._gradients(), communication=self._step_buffers()
            ),
        }
        if self.job.framework.whole_model and self.job.sharding is Sharding.FSDP:
            found["the whole model gathered"] = held.plus(
                activations=self._kept(), gathered_weights=self._whole_model()
            )
        return found

    def host(self) -> float:
        """Bytes that offloading puts into the host's memory for this rank."""
        if self.job.offload is Offload.NONE:
            return self._states() if self.job.optimizer.paged else 0.0
        states = self._states() + self._master() + self._all_gradients()
        weights = self._weights() + self._adapters() if self.job.offload is Offload.ALL else 0.0
        return states + weights

    def _always(self) -> Parts:
        job = self.job
        on_host = job.offload is not Offload.NONE
        all_on_host = job.offload is Offload.ALL
        return Parts(
            weights=0.0 if all_on_host else self._weights(),
            adapters=0.0 if all_on_host else self._adapters(),
            optimizer_states=0.0 if on_host or job.optimizer.paged else self._states(),
            master_weights=0.0 if on_host else self._master(),
            communication=self._buckets(),
        )

    def _weights(self) -> float:
        shared = self.job.sharding.shards_weights
        own = (h.count * h.stored / (h.shards if shared else 1) for h in self.held)
        copies = (
            h.elements * trained_bytes(self.job) / (h.shards if shared else 1)
            for h in self.held
            if h.copied
        )
        return sum(own) + sum(copies)

    def _adapters(self) -> float:
        shared = self.job.sharding.shards_weights
        width = self._adapter_bytes()
        return sum(h.count * h.adapter * width / (h.shards if shared else 1) for h in self.held)

    def _adapter_bytes(self) -> float:
        return self.job.framework.adapter_bytes

    def _states(self) -> float:
        job, shared = self.job, self.job.sharding.shards_states
        total = 0.0
        for h in self.held:
            ranks = h.shards if shared else 1
            if h.trains:
                total += h.count * job.optimizer.state_bytes(h.weight, job.moment_bytes) / ranks
            if h.adapter:
                moment = job.optimizer.moment_bytes or self._adapter_bytes()
                total += h.count * h.adapter * job.optimizer.moments * moment / ranks
        return total

    def _master(self) -> float:
        job = self.job
        if job.master_weights is not MasterWeights.COPY:
            return 0.0
        trained = sum(
            (h.elements if h.trains else 0) / (h.shards if job.sharding.shards_states else 1)
            for h in self.held
        )
        return trained * _FLOAT32

    def _gradients(self) -> float:
        """Gradients on the GPU when the backward pass has ended."""
        job = self.job
        if job.optimizer.fused_backward:
            return self._largest_gradient()
        if job.offload is not Offload.NONE:
            return 0.0
        return self._all_gradients()

    def _all_gradients(self) -> float:
        job = self.job
        shared = job.sharding.shards_gradients and not self._keeps_whole_gradients()
        width = self._gradient_bytes()
        total = 0.0
        for h in self.held:
            ranks = h.shards if shared else 1
            trained = h.elements * width if h.trains else 0.0
            total += (trained + h.count * h.adapter * self._adapter_bytes()) / ranks
        return total

    def _gradient_bytes(self) -> float:
        job = self.job
        match job.master_weights:
            case MasterWeights.SHARDED:
                return _FLOAT32
            case MasterWeights.COPY:
                return job.framework.gradient_bytes
            case MasterWeights.IN_PLACE:
                return job.compute_bytes

    def _keeps_whole_gradients(self) -> bool:
        """FSDP in a pipeline reduces gradients after the last micro-batch alone."""
        job = self.job
        return job.sharding is Sharding.FSDP and job.cut.pp > 1

    def _largest_gradient(self) -> float:
        width = self._gradient_bytes()
        own = (h.weight.elements * width for h in self.held if h.trains)
        return max(own, default=0.0)

    def _head_gradient(self) -> float:
        """The head's own gradient, the first that is there, before it is reduced to shards."""
        tables = [h for h in self.held if h.trains and h.weight.group in _TABLES]
        if self.job.spec.tied:
            heads = tables[:1]
        else:
            heads = [h for h in tables if h.unit == "head"]
        return sum(h.elements for h in heads) * self.job.compute_bytes

    def _chunked_head_gradient(self) -> float:
        """A loss on chunks adds to the head's gradient while the next chunk's logits are there."""
        return self._head_gradient() if self.job.loss is Loss.CHUNKED else 0.0

    def _loss(self) -> dict[str, float]:
        return {
            "activations": self._kept(),
            "logits_and_loss": self._logits(),
            "gathered_weights": self._gathered(blocks=1, head=True),
        }

    def _backward(self, *, first: bool) -> dict[str, float]:
        layers = self._layers()
        widest = max((a.recomputed + a.working for a, _ in layers), default=0.0) * self.job.tokens
        left = 0.0 if first else self._kept()
        if first:
            kept = max((a.kept for a, _ in layers), default=0.0)
            left = kept * self.job.tokens * self.stage.in_flight
        return {
            "activations": left,
            "recomputation": widest,
            "gathered_weights": self._gathered(blocks=_GATHERED_BLOCKS, head=False),
            "communication": self._reduced_block(),
        }

    def _layers(self) -> list[tuple[LayerActivations, int]]:
        spec = self.job.spec
        return [
            (layer_activations(self.job, spec.blocks[name]), count)
            for name, count in self.stage.blocks.items()
        ]

    def _kept(self) -> float:
        """Activations of every layer, as many micro-batches as wait."""
        a_token = sum(a.kept * count for a, count in self._layers())
        return a_token * self.job.tokens * self.stage.in_flight

    def _logits(self) -> float:
        job = self.job
        if not self.stage.is_last:
            return 0.0
        entries = job.tokens * job.spec.vocab / job.cut.tp
        if job.loss is Loss.CHUNKED:
            return entries * job.framework.chunked_loss_bytes
        if job.precision.name in _FLOAT16_KERNELS and job.framework.float16_loss_bytes:
            return entries * job.framework.float16_loss_bytes
        sharded = _SHARDED_LOSS_BYTES if job.cut.tp > 1 else 0.0
        return entries * max(job.framework.loss_bytes, sharded)

    def _units(self) -> dict[str, float]:
        """Bytes of each unit while it is gathered: as stored if quantised, else to compute with."""
        found: dict[str, float] = {}
        for h in self.held:
            per_layer = h.count / max(1, self.stage.blocks.get(h.unit, 1))
            quantised = h.stored < h.weight.elements * self.job.compute_bytes
            width = h.stored if quantised else h.weight.elements * self.job.compute_bytes
            found[h.unit] = found.get(h.unit, 0.0) + per_layer * width
        return found

    def _blocks(self) -> list[float]:
        units = self._units()
        return [units[name] for name in self.stage.blocks if name in units]

    def _gathered(self, *, blocks: int, head: bool) -> float:
        """Weights gathered from their shards (none where nothing is shared out)."""
        job = self.job
        if not job.sharding.shards_weights or job.cut.shards == 1 and job.offload is not Offload.ALL:
            return self._dequantised()
        units = self._units()
        if job.sharding is Sharding.ZERO3:
            live = sum(h.elements for h in self.held)
            width = sum(units[n] * c for n, c in self.stage.blocks.items()) / max(
                1, sum(h.elements for h in self.held if h.unit in self.stage.blocks)
            )
            return min(live, job.framework.live_parameters) * width + self._dequantised()
        if self._keeps_whole_gradients():
            return sum(units[n] * c for n, c in self.stage.blocks.items())
        found = blocks * max(self._blocks(), default=0.0) + self._dequantised()
        tables = units.get("embedding", 0.0) + units.get("head", 0.0)
        if job.framework.root_unit:
            return found + tables
        return found + ((units.get("head") or tables) if head else 0.0)

    def _dequantised(self) -> float:
        """The largest quantised matrix in 16 bits, as it is multiplied."""
        job = self.job
        if job.precision.bits >= 16:
            return 0.0
        covered = (
            h.weight.rows * h.weight.cols
            for h in self.held
            if h.weight.group in job.precision.covers
        )
        return max(covered, default=0) * job.compute_bytes

    def _reduced_block(self) -> float:
        """A block's whole gradient and its copy on the way to the shards."""
        job = self.job
        if job.sharding is not Sharding.FSDP or job.cut.shards == 1 or self._keeps_whole_gradients():
            return 0.0
        widest = max((self._trained(name) / n for name, n in self.stage.blocks.items()), default=0.0)
        if job.framework.root_unit:
            widest = max(widest, self._trained("embedding") + self._trained("head"))
        return widest * (job.compute_bytes + job.framework.reduce_bytes)

    def _trained(self, unit: str) -> float:
        """Trained elements of a unit, all its layers."""
        return sum(h.elements for h in self.held if h.trains and h.unit == unit)

    def _buckets(self) -> float:
        """ZeRO's reduction buckets: two, of gradients."""
        job = self.job
        if job.sharding in (Sharding.NONE, Sharding.FSDP) or job.cut.shards == 1:
            return 0.0
        trained = sum((h.elements if h.trains else 0) + h.count * h.adapter for h in self.held)
        size = min(trained, job.framework.bucket_elements)
        return 2 * size * job.framework.gradient_bytes

    def _step_buffers(self) -> float:
        """ZeRO casts a group of gradients to float32 to step; a foreach step has a temporary."""
        job = self.job
        if job.offload is not Offload.NONE:
            return 0.0
        shared = job.sharding.shards_states
        trained = sum((h.elements if h.trains else 0) / (h.shards if shared else 1) for h in self.held)
        if job.master_weights is MasterWeights.COPY:
            return min(trained, job.framework.sub_group_elements) * _FLOAT32
        return trained * job.moment_bytes if job.framework.foreach_step else 0.0

    def _whole_model(self) -> float:
        """Every weight at once, and the flat copies of the blocks in use."""
        whole = sum(h.count * h.stored for h in self.held)
        return whole + _FLAT_BLOCKS * max(self._blocks(), default=0.0)
