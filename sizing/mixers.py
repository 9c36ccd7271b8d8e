"""Facts of one layer's parts: token mixers, FFNs and odd tensors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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


class FactModel(BaseModel):
    """Frozen, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Tensor(FactModel):
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


class Gqa(FactModel):
    """Softmax attention with one K and V per KV head (MHA, GQA and MQA alike)."""

    kind: Literal["gqa"]
    heads: Size
    kv_heads: Size
    head_dim: Size
    v_head_dim: Size | None = None
    qkv_bias: bool = False
    o_bias: bool = False
    qk_norm: QkNorm = "none"
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


class Mla(FactModel):
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


class Indexer(FactModel):
    """Sparse attention's token selector (DeepSeek V3.2, V4): its keys are cached beside the KV."""

    heads: Size
    head_dim: Size
    topk: Size


class Compressed(FactModel):
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


class GatedDeltaNet(FactModel):
    """Linear attention with a convolution and a matrix state per value head."""

    kind: Literal["gated_delta_net"]
    key_heads: Size
    value_heads: Size
    key_head_dim: Size
    value_head_dim: Size
    conv_kernel: Size


class Lightning(FactModel):
    """Linear attention with a head_dim x head_dim state per head (MiniMax Text-01, M1)."""

    kind: Literal["lightning"]
    heads: Size
    head_dim: Size


class Mamba1(FactModel):
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


class Mamba2(FactModel):
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


class CrossAttention(FactModel):
    """Attention to another modality's tokens: cached once per image, nothing per text token."""

    kind: Literal["cross"]
    heads: Size
    kv_heads: Size
    head_dim: Size


class NoAttention(FactModel):
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


class Dense(FactModel):
    """One MLP: gated (three matrices) or not (two)."""

    kind: Literal["dense"]
    intermediate: Size
    gated: bool = True
    bias: bool = False


class Moe(FactModel):
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


class NoFfn(FactModel):
    """A layer without an MLP."""

    kind: Literal["none"]


Ffn = Annotated[Dense | Moe | NoFfn, Field(discriminator="kind")]
