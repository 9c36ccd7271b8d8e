"""What sharding holds for a while: gathered weights, reduced gradients, and their buffers."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.training.framework import MasterWeights
from sizing.training.job import Job
from sizing.training.options import Offload, Sharding
from sizing.training.pipeline import Stage
from sizing.training.states import keeps_whole_gradients
from sizing.training.tensors import Held

_FLOAT32 = 4.0
_FLAT_BLOCKS = 4
"""Blocks that LitGPT's FSDP holds beside the whole model: 3.8 to 4.1 on four models (2023-10)."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """Bytes of one rank's passing copies."""

    job: Job
    stage: Stage
    held: tuple[Held, ...]

    def gathered(self, *, blocks: int, head: bool) -> float:
        """Weights gathered from their shards: `blocks` layers at once, and the head where used.

        A quantised matrix is also unpacked to be multiplied, one at a time.
        """
        job = self.job
        alone = job.cut.shards == 1 and job.offload is not Offload.ALL
        if not job.sharding.shards_weights or alone:
            return self._unpacked()
        if job.sharding is Sharding.ZERO3:
            return self._live() + self._unpacked()
        units = self._units()
        if keeps_whole_gradients(job):
            return sum(units[name] * layers for name, layers in self.stage.blocks.items())
        found = blocks * self._widest_block(units) + self._unpacked()
        tables = units.get("embedding", 0.0) + units.get("head", 0.0)
        if job.framework.root_unit:
            return found + tables
        return found + ((units.get("head") or tables) if head else 0.0)

    def reduced_block(self) -> float:
        """FSDP: a unit's whole gradient, and its copy on the way to the shards."""
        job = self.job
        if job.sharding is not Sharding.FSDP or job.cut.shards == 1:
            return 0.0
        layers = self.stage.blocks.items()
        widest = max((self._trained(name) / count for name, count in layers), default=0.0)
        if job.framework.root_unit:
            widest = max(widest, self._trained("embedding") + self._trained("head"))
        return widest * (job.compute_bytes + job.framework.reduce_bytes)

    def buckets(self) -> float:
        """ZeRO: two buckets of gradients, one filled while the other is reduced."""
        job = self.job
        if job.sharding in (Sharding.NONE, Sharding.FSDP) or job.cut.shards == 1:
            return 0.0
        trained = sum((h.elements if h.trains else 0) + h.count * h.adapter for h in self.held)
        size = min(trained, job.framework.bucket_elements)
        return 2 * size * job.framework.gradient_bytes

    def step_buffers(self, trained: float) -> float:
        """The optimiser's step over `trained` elements: ZeRO casts a group of gradients to float32,
        a step over all tensors at once has a temporary of each."""
        job = self.job
        if job.offload is not Offload.NONE:
            return 0.0
        if job.master_weights is MasterWeights.COPY:
            return min(trained, job.framework.sub_group_elements) * _FLOAT32
        return trained * job.moment_bytes if job.framework.foreach_step else 0.0

    def flat_blocks(self) -> float:
        """The flat copies that LitGPT's FSDP keeps beside a whole model."""
        return _FLAT_BLOCKS * self._widest_block(self._units())

    def _units(self) -> dict[str, float]:
        """Bytes of each unit while gathered: as stored if quantised, else to compute with."""
        found: dict[str, float] = {}
        for h in self.held:
            layers = self.stage.blocks.get(h.unit, 1)
            computed = h.weight.elements * self.job.compute_bytes
            found[h.unit] = found.get(h.unit, 0.0) + h.count / layers * min(h.stored, computed)
        return found

    def _widest_block(self, units: dict[str, float]) -> float:
        return max((units.get(name, 0.0) for name in self.stage.blocks), default=0.0)

    def _live(self) -> float:
        """ZeRO-3 keeps so many parameters gathered at once."""
        units = self._units()
        layers = self.stage.blocks.items()
        stack = sum(h.elements for h in self.held if h.unit in self.stage.blocks)
        width = sum(units.get(name, 0.0) * count for name, count in layers) / max(1, stack)
        every = sum(h.elements for h in self.held)
        return min(every, self.job.framework.live_parameters) * width

    def _unpacked(self) -> float:
        job = self.job
        if job.precision.bits >= 16:
            return 0.0
        covered = (h.weight for h in self.held if h.weight.group in job.precision.covers)
        return max((w.rows * w.cols for w in covered), default=0) * job.compute_bytes

    def _trained(self, unit: str) -> float:
        return sum(h.elements for h in self.held if h.trains and h.unit == unit)
