"""What a rank holds from step to step: weights, adapters, optimiser states, and gradients."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.training.framework import MasterWeights
from sizing.training.job import Job
from sizing.training.options import Offload, Sharding
from sizing.training.tensors import Held, trained_bytes

_FLOAT32 = 4.0
_TABLES = ("embedding", "lm_head")


@dataclass(frozen=True, slots=True)
class States:
    """Bytes of one rank's lasting tensors, shared out as the run's sharding says."""

    job: Job
    held: tuple[Held, ...]

    def weights(self) -> float:
        """The model's weights as kept, and trained copies of frozen ones."""
        width = trained_bytes(self.job)
        copies = sum(h.elements * width / self._weight_ranks(h) for h in self.held if h.copied)
        return copies + sum(h.count * h.stored / self._weight_ranks(h) for h in self.held)

    def adapters(self) -> float:
        """LoRA's matrices."""
        width = self.job.framework.adapter_bytes
        return sum(h.count * h.adapter * width / self._weight_ranks(h) for h in self.held)

    def optimizer_states(self) -> float:
        """The optimiser's moments of everything that trains."""
        job, total = self.job, 0.0
        for h in self.held:
            ranks = h.shards if job.sharding.shards_states else 1
            if h.trains:
                total += h.count * job.optimizer.state_bytes(h.weight, job.moment_bytes) / ranks
            moment = job.optimizer.moment_bytes or job.framework.adapter_bytes
            total += h.count * h.adapter * job.optimizer.moments * moment / ranks
        return total

    def master_weights(self) -> float:
        """The optimiser's float32 copy of 16-bit weights, where it keeps one."""
        if self.job.master_weights is not MasterWeights.COPY:
            return 0.0
        return self.trained_elements() * _FLOAT32

    def trained_elements(self) -> float:
        """Trained weights whose states are this rank's."""
        shared = self.job.sharding.shards_states
        return sum(h.elements / (h.shards if shared else 1) for h in self.held if h.trains)

    def gradients(self) -> float:
        """Gradients on the GPU when the backward pass has ended."""
        if self.job.optimizer.fused_backward:
            return self._largest_gradient()
        return 0.0 if self.job.offload is not Offload.NONE else self.all_gradients()

    def all_gradients(self) -> float:
        """Gradients of everything that trains, wherever they lie."""
        width, adapter = self._gradient_bytes(), self.job.framework.adapter_bytes
        total = 0.0
        for h in self.held:
            trained = h.elements * width if h.trains else 0.0
            total += (trained + h.count * h.adapter * adapter) / self._gradient_ranks(h)
        return total

    def head_gradient(self) -> float:
        """The head's own gradient, the first that is there, before it is reduced to shards."""
        tables = [h for h in self.held if h.trains and h.weight.group in _TABLES]
        heads = tables[:1] if self.job.spec.tied else [h for h in tables if h.unit == "head"]
        return sum(h.elements for h in heads) * self.job.compute_bytes

    def whole_model(self) -> float:
        """Every weight of the rank's stage, not shared out."""
        return sum(h.count * h.stored for h in self.held)

    def _largest_gradient(self) -> float:
        width = self._gradient_bytes()
        return max((h.weight.elements * width for h in self.held if h.trains), default=0.0)

    def _gradient_bytes(self) -> float:
        match self.job.master_weights:
            case MasterWeights.SHARDED:
                return _FLOAT32
            case MasterWeights.COPY:
                return self.job.framework.gradient_bytes
            case MasterWeights.IN_PLACE:
                return self.job.compute_bytes

    def _weight_ranks(self, held: Held) -> int:
        return held.shards if self.job.sharding.shards_weights else 1

    def _gradient_ranks(self, held: Held) -> int:
        shared = self.job.sharding.shards_gradients and not keeps_whole_gradients(self.job)
        return held.shards if shared else 1


def keeps_whole_gradients(job: Job) -> bool:
    """FSDP in a pipeline gathers once a step and reduces gradients after the last micro-batch."""
    return job.sharding is Sharding.FSDP and job.cut.pp > 1
