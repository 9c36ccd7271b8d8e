"""A model's architecture facts, never totals: `sizing.census` counts from them.

Serialised with `ModelSpec.to_catalogue()`, it is the project's own catalogue format.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar, cast
from weakref import ref

from pydantic import PrivateAttr, model_validator

from sizing.evidence import Evidence
from sizing.mixers import (
    Attention,
    Compressed,
    Count,
    CrossAttention,
    Dense,
    Dtype,
    FactModel,
    Ffn,
    GatedDeltaNet,
    Gqa,
    Group,
    Indexer,
    Lightning,
    Mamba1,
    Mamba2,
    Mla,
    Moe,
    NoAttention,
    NoFfn,
    QkNorm,
    Scaling,
    Shard,
    Size,
    Tensor,
)

__all__ = [
    "Attention",
    "Block",
    "Compressed",
    "CrossAttention",
    "Dense",
    "Dtype",
    "Ffn",
    "GatedDeltaNet",
    "Gqa",
    "Group",
    "Indexer",
    "Lightning",
    "Mamba1",
    "Mamba2",
    "Memo",
    "Mla",
    "ModelSpec",
    "Moe",
    "Mtp",
    "NoAttention",
    "NoFfn",
    "QkNorm",
    "Quantization",
    "Run",
    "Scaling",
    "Shard",
    "Tensor",
    "Tower",
]

_T = TypeVar("_T")

_NO_LIMIT = 10**7


class Block(FactModel):
    """One kind of layer. `norms` counts normalisations of the hidden width."""

    attention: Attention
    ffn: Ffn
    norms: Count = 2
    tensors: tuple[Tensor, ...] = ()


class Run(FactModel):
    """`count` layers of the same block, in the model's order."""

    block: str
    count: Size


class Tower(FactModel):
    """A vision or audio encoder with its projector; tensors are one layer's and the rest."""

    kind: str
    hidden: Size
    layers: Size
    heads: Size
    intermediate: Size
    image_size: Size | None = None
    patch_size: Size | None = None
    tokens_per_image: Size | None = None
    per_layer: tuple[Tensor, ...] = ()
    once: tuple[Tensor, ...] = ()


class Mtp(FactModel):
    """Multi-token prediction modules: in the checkpoint, loaded only for speculation."""

    modules: Size
    block: Block
    tensors: tuple[Tensor, ...] = ()
    copies_embedding: bool = False
    """The checkpoint repeats the embedding and the head for each module."""


class Quantization(FactModel):
    """How the published checkpoint stores its weights (its `quantization_config`)."""

    method: str
    format: str
    """A precision's name in `sizing.precision`."""
    bits: Size | None = None
    scaling: Scaling | None = None
    group_size: Size | None = None
    block: tuple[Size, Size] | None = None
    zero_points: bool | None = None
    double_quant: bool = False
    experts: str | None = None
    """The routed experts' own format, where it differs."""
    keep: tuple[str, ...] = ()
    """Modules left in 16 bits: part of a name, `*` for any text, a leading `re:` for a pattern."""
    kv_cache: str | None = None


class Memo:
    """Derived facts of one spec; no part of its identity."""

    __slots__ = ("owner", "values")

    def __init__(self, owner: ref[ModelSpec] | None = None) -> None:
        self.owner = owner
        self.values: dict[str, Any] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Memo)

    def __hash__(self) -> int:
        return 0


class ModelSpec(FactModel):
    """One model: its layers, widths and what surrounds them."""

    name: str
    hf_id: str | None = None
    aliases: tuple[str, ...] = ()
    family: str
    architecture: str
    hidden: Size
    vocab: Size
    tied: bool
    max_context: Size | None = None
    blocks: dict[str, Block]
    stack: tuple[Run, ...]
    norm_bias: bool = False
    """Normalisations carry a bias vector beside the scale (LayerNorm)."""
    final_norm: bool = True
    lm_head_bias: bool = False
    positions: Count = 0
    """Rows of a learned position table."""
    tensors: tuple[Tensor, ...] = ()
    towers: tuple[Tower, ...] = ()
    mtp: Mtp | None = None
    dtype: Dtype = "bfloat16"
    state_dtype: Dtype = "float32"
    quantization: Quantization | None = None
    nominal_params: float | None = None
    """The marketed size (405e9): for the rule of thumb only."""
    source: str = ""
    as_of: date | None = None
    evidence: Evidence = Evidence.DERIVED
    notes: tuple[str, ...] = ()
    unsupported_reason: str | None = None

    _memo: Memo = PrivateAttr(default_factory=Memo)

    @model_validator(mode="after")
    def _stack_names_blocks(self) -> ModelSpec:
        missing = {run.block for run in self.stack} - self.blocks.keys()
        if missing:
            raise ValueError(f"stack names unknown blocks {sorted(missing)}")
        return self

    @property
    def context_limit(self) -> int:
        """The longest sequence in tokens; a bound beyond any use where the config states none."""
        return self.max_context or _NO_LIMIT

    @property
    def has_experts(self) -> bool:
        """Whether some layer routes tokens to experts."""
        return any(isinstance(block.ffn, Moe) for block in self.blocks.values())

    @property
    def layers(self) -> int:
        """Number of layers in the stack."""
        return sum(run.count for run in self.stack)

    @property
    def layer_counts(self) -> dict[str, int]:
        """How many layers use each block."""
        return dict(self.once("layer_counts", self._count_layers))

    def _count_layers(self) -> dict[str, int]:
        counts = dict.fromkeys(self.blocks, 0)
        for run in self.stack:
            counts[run.block] += run.count
        return counts

    def layer_order(self) -> list[str]:
        """The block of every layer, first to last."""
        return [run.block for run in self.stack for _ in range(run.count)]

    def once(self, key: str, make: Callable[[], _T]) -> _T:
        """`make()` computed once per spec: a frozen spec's derived facts never change."""
        memo = self._memo  # read once: pydantic looks private attributes up the slow way
        if memo.owner is None or memo.owner() is not self:
            # A changed copy starts with the original's memo, which is not its own.
            memo = self._memo = Memo(ref(self))
        values = memo.values
        if key not in values:
            values[key] = make()
        return cast(_T, values[key])

    def to_catalogue(self) -> dict[str, object]:
        """The facts that differ from the defaults, ready for JSON."""
        return self.model_dump(mode="json", exclude_defaults=True)
