"""The closed lists that a training run chooses from."""

from __future__ import annotations

from enum import StrEnum


class Sharding(StrEnum):
    """What data-parallel ranks share out among themselves.

    ZeRO-1 shards optimiser states, ZeRO-2 gradients too, ZeRO-3 and FSDP weights too.
    """

    NONE = "none"
    ZERO1 = "zero1"
    ZERO2 = "zero2"
    ZERO3 = "zero3"
    FSDP = "fsdp"

    @property
    def shards_weights(self) -> bool:
        """Whether each rank keeps a part of the weights."""
        return self in (Sharding.ZERO3, Sharding.FSDP)

    @property
    def shards_gradients(self) -> bool:
        """Whether each rank keeps a part of the gradients."""
        return self.shards_weights or self is Sharding.ZERO2

    @property
    def shards_states(self) -> bool:
        """Whether each rank keeps a part of the optimiser's states."""
        return self is not Sharding.NONE


class Checkpointing(StrEnum):
    """Which activations are kept for the backward pass; the others are computed again.

    `full` keeps each layer's input. `selective` keeps attention's output and every other matrix
    product beside it (torch's per-operator policy). `none` keeps all.
    """

    NONE = "none"
    SELECTIVE = "selective"
    FULL = "full"


class Offload(StrEnum):
    """What lives in the host's memory: nothing, optimiser states and gradients, or weights too."""

    NONE = "none"
    OPTIMIZER = "optimizer"
    ALL = "all"


class Loss(StrEnum):
    """How the loss sees the vocabulary: whole logits, or never all of them at once."""

    WHOLE = "whole"
    CHUNKED = "chunked"


class Schedule(StrEnum):
    """The pipeline's order of forward and backward passes."""

    GPIPE = "gpipe"
    ONE_F_ONE_B = "1f1b"
    INTERLEAVED = "interleaved-1f1b"
