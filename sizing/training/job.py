"""One training run as asked: model, method, what is trained, how it is cut and what it uses."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sizing.gpu import Gpu
from sizing.model import ModelSpec
from sizing.plan import Layout
from sizing.precision import Precision
from sizing.training.framework import Framework, MasterWeights
from sizing.training.optimizers import OPTIMIZERS, Optimizer
from sizing.training.options import Checkpointing, Loss, Offload, Schedule, Sharding
from sizing.workload import Purpose


@dataclass(frozen=True, slots=True)
class Cut:
    """Degrees of parallelism; `dp` x `tp` x `pp` x `cp` GPUs. Experts spread over `ep` of them."""

    dp: int = 1
    tp: int = 1
    pp: int = 1
    cp: int = 1
    ep: int = 1

    @property
    def gpus(self) -> int:
        """GPUs of the run."""
        return self.dp * self.tp * self.pp * self.cp

    @property
    def shards(self) -> int:
        """Ranks that hold the same dense weights, and so may share them out."""
        return self.dp * self.cp

    @property
    def expert_shards(self) -> int:
        """Ranks that hold the same experts."""
        return max(1, self.shards * self.tp // self.ep) if self.ep > 1 else self.shards

    @property
    def layout(self) -> Layout:
        """The part that cuts the model itself."""
        return Layout(tp=self.tp, pp=self.pp, ep=self.ep)

    def __str__(self) -> str:
        named = (("DP", self.dp), ("TP", self.tp), ("PP", self.pp), ("CP", self.cp))
        parts = [f"{name} {degree}" for name, degree in named if degree > 1]
        parts += [f"EP {self.ep}"] if self.ep > 1 else []
        return " x ".join(parts) or "one GPU"


@dataclass(frozen=True, slots=True)
class Adapters:
    """LoRA: the rank, the adapted linear layers by the end of their name, dropout, and whether
    embedding and head are trained beside them."""

    rank: int
    targets: tuple[str, ...]
    dropout: bool = False
    train_embeddings: bool = False

    def adapts(self, name: str) -> bool:
        """Whether the tensor of this name gets an adapter."""
        return name.endswith(self.targets)


@dataclass(frozen=True, slots=True)
class Job:
    """A checked training run. `seq_len` tokens in each of `micro_batch` sequences a step and rank.

    `micro_batches` are run before an optimiser step (gradient accumulation; a pipeline's own).
    `precision` is how weights that do not train are stored, and the weights' compute dtype.
    """

    named: str
    spec: ModelSpec
    method: Purpose
    precision: Precision
    gpu: Gpu
    framework: Framework
    cut: Cut
    seq_len: int
    micro_batch: int
    micro_batches: int
    sharding: Sharding
    optimizer: Optimizer
    checkpointing: Checkpointing
    offload: Offload
    loss: Loss
    adapters: Adapters | None = None
    offload_activations: bool = False
    fused: bool = False
    schedule: Schedule = Schedule.ONE_F_ONE_B
    virtual_stages: int = 1
    master_weights: MasterWeights = MasterWeights.SHARDED

    @property
    def tokens(self) -> float:
        """Tokens of one micro-batch on one rank, context parallelism applied."""
        return self.micro_batch * self.seq_len / self.cut.cp

    @property
    def tokens_per_step(self) -> int:
        """Tokens of the global batch, all ranks and micro-batches."""
        return self.seq_len * self.micro_batch * self.micro_batches * self.cut.dp

    @property
    def is_full(self) -> bool:
        """Whether every weight trains."""
        return self.method is Purpose.FULL

    @property
    def compute_bytes(self) -> float:
        """Bytes of a weight or an activation while it is computed with."""
        return 4.0 if self.precision.name == "fp32" else 2.0

    @property
    def keeps_float32_parameters(self) -> bool:
        """Whether trained weights are float32 that each layer casts down as it runs."""
        return self.master_weights is MasterWeights.SHARDED

    @property
    def moment_bytes(self) -> float:
        """Bytes of an optimiser moment that is not quantised: the trained weight's own dtype."""
        return self.compute_bytes if self.master_weights is MasterWeights.IN_PLACE else 4.0

    @property
    def frozen_float32(self) -> bool:
        """Whether weights that do not train are kept in float32 all the same."""
        return self.framework.fsdp_float32 and self.sharding is Sharding.FSDP and not self.is_full

    @property
    def accumulates(self) -> bool:
        """Whether gradients of earlier micro-batches are there while one runs."""
        return self.micro_batches > 1

    def with_adamw8bit(self) -> Job:
        """The same run with 8-bit optimiser states, and so without float32 weights."""
        eight = OPTIMIZERS["adamw8bit"]
        return self.changed(optimizer=eight, master_weights=MasterWeights.IN_PLACE)

    def changed(self, **values: object) -> Job:
        """The same run with some things different; nothing is checked again."""
        return replace(self, **values)  # pyright: ignore[reportArgumentType]
