"""One rank's bytes by what they are for."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sizing.evidence import Evidence

_ESTIMATED = ("logits_and_loss", "communication", "fragmentation")


def part_evidence(name: str) -> Evidence:
    """How a part is known: from the architecture, or judged from what frameworks do."""
    return Evidence.ESTIMATED if name in _ESTIMATED else Evidence.DERIVED


@dataclass(frozen=True, slots=True)
class Parts:
    """Bytes of one rank. `fragmentation` is what the allocator holds beyond live tensors."""

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

    @property
    def passing(self) -> float:
        """Bytes of what comes and goes within a step, which is what fragments a pool."""
        lasting = self.weights + self.adapters + self.optimizer_states + self.master_weights
        return self.total - lasting

    def plus(self, **more: float) -> Parts:
        """These with more of some."""
        values = {f.name: getattr(self, f.name) + more.get(f.name, 0.0) for f in fields(self)}
        return Parts(**values)
