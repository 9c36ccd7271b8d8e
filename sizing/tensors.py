"""The stored matrices and vectors that a block's facts imply, with how parallelism cuts them."""

from __future__ import annotations

from collections.abc import Iterator

from sizing.model import (
    Attention,
    Block,
    Compressed,
    CrossAttention,
    Dense,
    Ffn,
    GatedDeltaNet,
    Gqa,
    Indexer,
    Lightning,
    Mamba1,
    Mamba2,
    Mla,
    Moe,
    Tensor,
)
from sizing.recurrent import gated_delta_net, lightning, mamba1, mamba2
from sizing.weight import Weight

__all__ = ["Weight", "attention_weights", "block_weights", "ffn_weights", "from_tensor"]


def block_weights(block: Block, hidden: int, norm_bias: bool) -> tuple[Weight, ...]:
    """Every tensor of one layer of this block; `hidden` is the model's width."""
    norms = [Weight("norm", "norm", hidden * (2 if norm_bias else 1))] * block.norms
    return (
        *attention_weights(block.attention, hidden, norm_bias),
        *ffn_weights(block.ffn, hidden),
        *norms,
        *map(from_tensor, block.tensors),
    )


def from_tensor(tensor: Tensor) -> Weight:
    """A stored oddity as a weight."""
    return Weight(
        tensor.name,
        tensor.group,
        tensor.rows,
        tensor.cols,
        tensor.copies,
        tensor.shard,
        tensor.unit,
        tensor.width,
    )


def attention_weights(
    attention: Attention, hidden: int, norm_bias: bool = False
) -> Iterator[Weight]:
    """The token mixer's projections, norms and small vectors."""
    match attention:
        case Gqa():
            yield from _gqa(attention, hidden, norm_bias)
        case Mla():
            yield from _mla(attention, hidden)
        case Compressed():
            yield from _compressed(attention, hidden)
        case GatedDeltaNet():
            yield from gated_delta_net(attention, hidden)
        case Lightning():
            yield from lightning(attention, hidden)
        case Mamba1():
            yield from mamba1(attention, hidden)
        case Mamba2():
            yield from mamba2(attention, hidden)
        case CrossAttention():
            yield from _cross(attention, hidden)
        case _:
            return


def ffn_weights(ffn: Ffn, hidden: int) -> Iterator[Weight]:
    """The MLP's or the experts' matrices."""
    match ffn:
        case Dense():
            yield from _mlp("mlp", hidden, ffn.intermediate, ffn.gated, ffn.bias)
        case Moe():
            yield from _moe(ffn, hidden)
        case _:
            return


def _gqa(a: Gqa, hidden: int, norm_bias: bool) -> Iterator[Weight]:
    q_width = a.head_dim * (2 if a.output_gate else 1)
    q_rows, k_rows, v_rows = a.heads * q_width, a.kv_heads * a.head_dim, a.kv_heads * a.v_dim
    yield Weight("self_attn.q_proj", "linear", q_rows, hidden, 1, "column", q_width)
    if not a.kv_shared:
        yield Weight("self_attn.k_proj", "linear", k_rows, hidden, 1, "kv_heads", a.head_dim)
    if not (a.kv_shared or a.v_from_k):
        yield Weight("self_attn.v_proj", "linear", v_rows, hidden, 1, "kv_heads", a.v_dim)
    yield Weight("self_attn.o_proj", "linear", hidden, a.heads * a.v_dim, 1, "row", a.v_dim)
    if a.qkv_bias:
        yield Weight("self_attn.q_proj.bias", "bias", q_rows, 1, 1, "column", q_width)
        yield Weight("self_attn.k_proj.bias", "bias", k_rows, 1, 1, "kv_heads", a.head_dim)
        yield Weight("self_attn.v_proj.bias", "bias", v_rows, 1, 1, "kv_heads", a.v_dim)
    if a.o_bias:
        yield Weight("self_attn.o_proj.bias", "bias", hidden)
    if a.sinks:
        yield Weight("self_attn.sinks", "other", a.heads, 1, 1, "column")
    yield from _qk_norms(a, norm_bias)


def _qk_norms(a: Gqa, norm_bias: bool) -> Iterator[Weight]:
    if a.qk_norm == "none":
        return
    wide = a.qk_norm != "head"
    vectors = 2 if norm_bias else 1
    heads = (a.heads, a.kv_heads) if wide else (1, 1)
    yield Weight("self_attn.q_norm", "norm", heads[0] * a.head_dim * vectors)
    if not a.kv_shared:
        yield Weight("self_attn.k_norm", "norm", heads[1] * a.head_dim * vectors)


def _mla(a: Mla, hidden: int) -> Iterator[Weight]:
    qk = a.qk_nope_head_dim + a.qk_rope_head_dim
    out = a.qk_nope_head_dim + a.v_head_dim
    latent = a.kv_lora_rank + a.qk_rope_head_dim
    if a.q_lora_rank is None:
        yield Weight("self_attn.q_proj", "linear", a.heads * qk, hidden, 1, "column", qk)
    else:
        yield Weight("self_attn.q_a_proj", "linear", a.q_lora_rank, hidden)
        yield Weight("self_attn.q_a_layernorm", "norm", a.q_lora_rank)
        yield Weight("self_attn.q_b_proj", "linear", a.heads * qk, a.q_lora_rank, 1, "column", qk)
    yield Weight("self_attn.kv_a_proj_with_mqa", "linear", latent, hidden)
    yield Weight("self_attn.kv_a_layernorm", "norm", a.kv_lora_rank)
    yield Weight("self_attn.kv_b_proj", "linear", a.heads * out, a.kv_lora_rank, 1, "column", out)
    yield Weight(
        "self_attn.o_proj", "linear", hidden, a.heads * a.v_head_dim, 1, "row", a.v_head_dim
    )
    if a.bias:
        yield from _mla_biases(a, hidden, latent)
    if a.indexer:
        yield from _indexer(a.indexer, hidden, a.q_lora_rank or hidden)


def _mla_biases(a: Mla, hidden: int, latent: int) -> Iterator[Weight]:
    if a.q_lora_rank is not None:
        yield Weight("self_attn.q_a_proj.bias", "bias", a.q_lora_rank)
    yield Weight("self_attn.kv_a_proj_with_mqa.bias", "bias", latent)
    yield Weight("self_attn.o_proj.bias", "bias", hidden)


def _indexer(i: Indexer, hidden: int, q_width: int) -> Iterator[Weight]:
    yield Weight("self_attn.indexer.wq_b", "linear", i.heads * i.head_dim, q_width)
    yield Weight("self_attn.indexer.wk", "linear", i.head_dim, hidden)
    yield Weight("self_attn.indexer.k_norm", "norm", 2 * i.head_dim)
    yield Weight("self_attn.indexer.weights_proj", "linear", i.heads, hidden)


def _compressed(a: Compressed, hidden: int) -> Iterator[Weight]:
    per_group = a.heads * a.head_dim // a.o_groups
    inner = a.o_groups * a.o_lora_rank
    yield Weight("self_attn.q_a_proj", "linear", a.q_lora_rank, hidden)
    yield Weight("self_attn.q_a_norm", "norm", a.q_lora_rank)
    yield Weight(
        "self_attn.q_b_proj", "linear", a.heads * a.head_dim, a.q_lora_rank, 1, "column", a.head_dim
    )
    yield Weight("self_attn.kv_proj", "linear", a.head_dim, hidden)
    yield Weight("self_attn.kv_norm", "norm", a.head_dim)
    yield Weight("self_attn.o_a_proj", "linear", inner, per_group, 1, "column", a.o_lora_rank)
    yield Weight("self_attn.o_b_proj", "linear", hidden, inner, 1, "row", a.o_lora_rank)
    yield Weight("self_attn.sinks", "other", a.heads, 1, 1, "column")
    if a.ratio:
        # An indexed layer blends two neighbouring windows, so its compressor is twice as wide.
        yield from _compressor("compressor", a.head_dim, 2 if a.indexer else 1, a.ratio, hidden)
    if a.indexer:
        name, i = "compressor.indexer", a.indexer
        yield from _compressor(name, i.head_dim, 2, a.ratio, hidden)
        yield Weight(f"self_attn.{name}.q_b_proj", "linear", i.heads * i.head_dim, a.q_lora_rank)
        yield Weight(f"self_attn.{name}.weights_proj", "linear", i.heads, hidden)


def _compressor(name: str, width: int, series: int, ratio: int, hidden: int) -> Iterator[Weight]:
    yield Weight(f"self_attn.{name}.kv_proj", "linear", series * width, hidden)
    yield Weight(f"self_attn.{name}.gate_proj", "linear", series * width, hidden)
    yield Weight(f"self_attn.{name}.position_bias", "bias", ratio * series * width)
    yield Weight(f"self_attn.{name}.kv_norm", "norm", width)


def _cross(a: CrossAttention, hidden: int) -> Iterator[Weight]:
    inner, kv = a.heads * a.head_dim, a.kv_heads * a.head_dim
    yield Weight("cross_attn.q_proj", "linear", inner, hidden, 1, "column", a.head_dim)
    yield Weight("cross_attn.k_proj", "linear", kv, hidden, 1, "kv_heads", a.head_dim)
    yield Weight("cross_attn.v_proj", "linear", kv, hidden, 1, "kv_heads", a.head_dim)
    yield Weight("cross_attn.o_proj", "linear", hidden, inner, 1, "row", a.head_dim)
    yield Weight("cross_attn.q_norm", "norm", a.head_dim)
    yield Weight("cross_attn.k_norm", "norm", a.head_dim)


def _mlp(name: str, hidden: int, inner: int, gated: bool, bias: bool = False) -> Iterator[Weight]:
    ups = ("gate_proj", "up_proj") if gated else ("up_proj",)
    for up in ups:
        yield Weight(f"{name}.{up}", "linear", inner, hidden, 1, "column")
    yield Weight(f"{name}.down_proj", "linear", hidden, inner, 1, "row")
    if bias:
        for up in ups:
            yield Weight(f"{name}.{up}.bias", "bias", inner, 1, 1, "column")
        yield Weight(f"{name}.down_proj.bias", "bias", hidden)


def _moe(m: Moe, hidden: int) -> Iterator[Weight]:
    yield Weight("mlp.gate", "router", m.experts, hidden)
    if m.router_bias:
        yield Weight("mlp.gate.bias", "router", m.experts)
    for size in m.router_scales:
        yield Weight("mlp.gate.scale", "router", size)
    if m.correction_bias:
        yield Weight("mlp.gate.e_score_correction_bias", "buffer", m.experts, width=4)
    yield from _experts(m, m.latent or hidden)
    if m.latent:
        yield Weight("mlp.fc1_latent_proj", "linear", m.latent, hidden)
        yield Weight("mlp.fc2_latent_proj", "linear", hidden, m.latent)
    if m.shared_intermediate:
        yield from _mlp("mlp.shared_experts", hidden, m.shared_intermediate, m.gated)
    if m.shared_gate:
        yield Weight("mlp.shared_expert_gate", "router", 1, hidden)
    if m.parallel_dense:
        yield from _mlp("mlp", hidden, m.parallel_dense, m.gated)


def _experts(m: Moe, width: int) -> Iterator[Weight]:
    ups = ("gate_proj", "up_proj") if m.gated else ("up_proj",)
    for up in ups:
        yield Weight(f"mlp.experts.{up}", "expert", m.intermediate, width, m.experts, "column")
    yield Weight("mlp.experts.down_proj", "expert", width, m.intermediate, m.experts, "row")
    if m.expert_bias:
        for up in ups:
            yield Weight(f"mlp.experts.{up}.bias", "bias", m.intermediate, 1, m.experts, "column")
        yield Weight("mlp.experts.down_proj.bias", "bias", width, 1, m.experts)
