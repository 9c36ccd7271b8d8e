"""A model's architecture facts, never totals: `sizing.census` counts from them.

Serialised with `ModelSpec.to_catalogue()`, it is the project's own catalogue format.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, TypeVar, cast
from weakref import ref

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from sizing.evidence import Evidence

Dtype = Literal["float32", "bfloat16", "float16"]
Group = Literal[
    "linear",
    "expert",
    "router",
    "embedding",
    "lm_head",
    "norm",
    "bias",
    "position",
    "vision",
    "buffer",
    "other",
]
Shard = Literal["column", "row", "vocab", "kv_heads", "replicated"]
Scaling = Literal["none", "tensor", "channel", "group", "block"]
QkNorm = Literal["none", "head", "full", "per_head"]

Size = Annotated[int, Field(ge=1, le=10**9)]
Count = Annotated[int, Field(ge=0, le=10**9)]
_T = TypeVar("_T")


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Tensor(_Facts):
    """An odd parameter that the regular facts do not imply: `copies` matrices of rows x cols."""

    name: str
    group: Group
    rows: Size
    cols: Size = 1
    copies: Size = 1
    shard: Shard = "replicated"
    unit: Size = 1
    width: Size | None = None
    """Bytes per element where it does not follow the model's dtype."""


class Gqa(_Facts):
    """Softmax attention with one K and V per KV head (MHA, GQA and MQA alike)."""

    kind: Literal["gqa"]
    heads: Size
    kv_heads: Size
    head_dim: Size
    v_head_dim: Size | None = None
    qkv_bias: bool = False
    o_bias: bool = False
    qk_norm: QkNorm = "none"
    v_norm: bool = False
    output_gate: bool = False
    sinks: bool = False
    v_from_k: bool = False
    """V is the K projection's output (no v_proj); both are still cached."""
    kv_shared: bool = False
    """K and V come from an earlier layer: no K/V projection, no cache of its own."""
    window: Size | None = None
    chunk: Size | None = None

    @property
    def v_dim(self) -> int:
        """Width of one V head."""
        return self.v_head_dim or self.head_dim


class Mla(_Facts):
    """Multi-head latent attention: one latent of `kv_lora_rank + qk_rope_head_dim` is cached."""

    kind: Literal["mla"]
    heads: Size
    q_lora_rank: Size | None = None
    kv_lora_rank: Size
    qk_nope_head_dim: Size
    qk_rope_head_dim: Size
    v_head_dim: Size
    bias: bool = False
    indexer: Indexer | None = None


class Indexer(_Facts):
    """Sparse attention's token selector (DeepSeek V3.2, V4): its keys are cached beside the KV."""

    heads: Size
    head_dim: Size
    topk: Size


class Compressed(_Facts):
    """DeepSeek V4: a window of one shared KV plus one compressed entry per `ratio` tokens."""

    kind: Literal["compressed"]
    heads: Size
    head_dim: Size
    q_lora_rank: Size
    o_lora_rank: Size
    o_groups: Size
    window: Size
    ratio: Count = 0
    """Tokens per compressed entry; 0 for a layer with the window alone."""
    indexer: Indexer | None = None


class GatedDeltaNet(_Facts):
    """Linear attention with a convolution and a matrix state per value head."""

    kind: Literal["gated_delta_net"]
    key_heads: Size
    value_heads: Size
    key_head_dim: Size
    value_head_dim: Size
    conv_kernel: Size


class Lightning(_Facts):
    """Linear attention with a head_dim x head_dim state per head (MiniMax Text-01, M1)."""

    kind: Literal["lightning"]
    heads: Size
    head_dim: Size


class Mamba1(_Facts):
    """Selective state space, one state vector per channel."""

    kind: Literal["mamba1"]
    inner: Size
    state: Size
    conv_kernel: Size
    dt_rank: Size
    conv_bias: bool = True
    proj_bias: bool = False
    inner_norms: bool = False
    """Jamba normalises dt, B and C."""


class Mamba2(_Facts):
    """State space duality: heads share one decay each."""

    kind: Literal["mamba2"]
    heads: Size
    head_dim: Size
    groups: Size
    state: Size
    conv_kernel: Size
    conv_bias: bool = True
    proj_bias: bool = False
    gated_norm: bool = True


class CrossAttention(_Facts):
    """Attention to another modality's tokens: cached once per image, nothing per text token."""

    kind: Literal["cross"]
    heads: Size
    kv_heads: Size
    head_dim: Size


class NoAttention(_Facts):
    """A layer without a token mixer (Nemotron-H keeps mixer and FFN in layers of their own)."""

    kind: Literal["none"]


Attention = Annotated[
    Gqa
    | Mla
    | Compressed
    | GatedDeltaNet
    | Lightning
    | Mamba1
    | Mamba2
    | CrossAttention
    | NoAttention,
    Field(discriminator="kind"),
]


class Dense(_Facts):
    """One MLP: gated (three matrices) or not (two)."""

    kind: Literal["dense"]
    intermediate: Size
    gated: bool = True
    bias: bool = False


class Moe(_Facts):
    """Routed experts, optional shared experts, optional dense branch beside them."""

    kind: Literal["moe"]
    experts: Size
    top_k: Size
    intermediate: Size
    gated: bool = True
    expert_bias: bool = False
    router_bias: bool = False
    router_scales: tuple[Size, ...] = ()
    """Lengths of further learned vectors in the router (Gemma 4)."""
    correction_bias: bool = False
    """A load-balancing bias per expert, stored as a float32 buffer."""
    shared_intermediate: Count = 0
    """Width of all shared experts together; 0 for none."""
    shared_gate: bool = False
    latent: Size | None = None
    """Experts work at this width, with a projection down and up (Nemotron-H)."""
    parallel_dense: Size | None = None
    """Intermediate size of an MLP that runs beside the experts in the same layer."""

    @model_validator(mode="after")
    def _routes_to_what_exists(self) -> Moe:
        if self.top_k > self.experts:
            raise ValueError(f"top_k {self.top_k} is more than the {self.experts} experts")
        return self


class NoFfn(_Facts):
    """A layer without an MLP."""

    kind: Literal["none"]


Ffn = Annotated[Dense | Moe | NoFfn, Field(discriminator="kind")]


class Block(_Facts):
    """One kind of layer. `norms` counts normalisations of the hidden width."""

    attention: Attention
    ffn: Ffn
    norms: Count = 2
    tensors: tuple[Tensor, ...] = ()


class Run(_Facts):
    """`count` layers of the same block, in the model's order."""

    block: str
    count: Size


class Tower(_Facts):
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


class Mtp(_Facts):
    """Multi-token prediction modules: in the checkpoint, loaded only for speculation."""

    modules: Size
    block: Block
    tensors: tuple[Tensor, ...] = ()
    copies_embedding: bool = False
    """The checkpoint repeats the embedding and the head for each module."""


class Quantization(_Facts):
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


class ModelSpec(_Facts):
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
        if self._memo.owner is None or self._memo.owner() is not self:
            # A changed copy starts with the original's memo, which is not its own.
            self._memo = Memo(ref(self))
        values = self._memo.values
        if key not in values:
            values[key] = make()
        return cast(_T, values[key])

    def to_catalogue(self) -> dict[str, object]:
        """The facts that differ from the defaults, ready for JSON."""
        return self.model_dump(mode="json", exclude_defaults=True)
