"""Models that mix softmax attention with linear attention or state-space layers."""

from __future__ import annotations

from dataclasses import replace

from sizing.architectures.decoder import (
    Flavour,
    combine,
    dense_ffn,
    full_layers,
    gqa,
    surroundings,
)
from sizing.architectures.dense import QWEN3
from sizing.architectures.experts import deepseek_moe, mtp_module, qwen_moe, top_k
from sizing.architectures.facts import Facts
from sizing.architectures.registry import Layers, register
from sizing.errors import InputError
from sizing.model import (
    Attention,
    Block,
    Dense,
    Dtype,
    Ffn,
    GatedDeltaNet,
    Gqa,
    Lightning,
    Mamba1,
    Mamba2,
    Moe,
    Mtp,
    NoAttention,
    NoFfn,
    Tensor,
)


def read_qwen3_5(f: Facts) -> Layers:
    """Qwen3-Next and Qwen3.5: gated DeltaNet with a gated full layer every few layers."""
    count = f.layers()
    every = f.size("full_attention_interval", default=4)
    full = gqa(f, QWEN3, f.size("hidden_size")).model_copy(
        update={"output_gate": f.flag("attn_output_gate", default=True)}
    )
    linear = GatedDeltaNet(
        kind="gated_delta_net",
        key_heads=f.size("linear_num_key_heads"),
        value_heads=f.size("linear_num_value_heads"),
        key_head_dim=f.size("linear_key_head_dim"),
        value_head_dim=f.size("linear_value_head_dim"),
        conv_kernel=f.size("linear_conv_kernel_dim", high=64),
    )
    kinds: list[tuple[str, Attention]] = [
        ("full", full) if is_full else ("linear", linear)
        for is_full in full_layers(f, count, every)
    ]
    ffns: list[tuple[str, Ffn]] = (
        qwen_moe(f) if "num_experts" in f else [("dense", dense_ffn(f, Flavour()))] * count
    )
    order, blocks = combine(kinds, ffns)
    modules = f.count("mtp_num_hidden_layers", default=1, high=16)
    return replace(
        surroundings(f, order, blocks, tied=False),
        mtp=_shared_mtp(f, full, ffns[-1][1], modules),
        state_dtype=_state_dtype(f, "mamba_ssm_dtype"),
    )


def _shared_mtp(f: Facts, attention: Attention, ffn: Ffn, modules: int) -> Mtp | None:
    return mtp_module(f, attention, ffn, modules, copies_embedding=False)


def _state_dtype(f: Facts, key: str) -> Dtype:
    given = f.text(key, default="float32")
    return "bfloat16" if given == "bfloat16" else "float16" if given == "float16" else "float32"


def _minimax(f: Facts) -> Layers:
    """MiniMax Text-01 and M1: lightning attention with a full layer every eighth."""
    kinds_given = f.sizes("attn_type_list") or [
        int(t == "full_attention") for t in f.texts("layer_types")
    ]
    count = f.layers()
    if len(kinds_given) < count:
        raise InputError(f.key("attn_type_list"), f"{len(kinds_given)} values", f"{count} values")
    experts = f.size("num_local_experts", high=65536)
    moe = Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(f, experts),
        intermediate=f.size("intermediate_size"),
        shared_intermediate=f.count("shared_intermediate_size", default=0),
    )
    full = gqa(f, Flavour(), f.size("hidden_size"))
    linear = Lightning(kind="lightning", heads=full.heads, head_dim=full.head_dim)
    kinds: list[tuple[str, Attention]] = [
        ("full", full) if kind else ("linear", linear) for kind in kinds_given[:count]
    ]
    order, blocks = combine(kinds, [("moe", moe)] * count)
    return surroundings(f, order, blocks, tied=False)


def _jamba(f: Facts) -> Layers:
    hidden, count = f.size("hidden_size"), f.layers()
    experts, inner = f.size("num_experts", high=65536), f.size("intermediate_size")
    mamba = Mamba1(
        kind="mamba1",
        inner=f.size("mamba_expand") * hidden,
        state=f.size("mamba_d_state"),
        conv_kernel=f.size("mamba_d_conv", high=64),
        dt_rank=_dt_rank(f, hidden),
        conv_bias=f.flag("mamba_conv_bias", default=True),
        proj_bias=f.flag("mamba_proj_bias", default=False),
        inner_norms=True,
    )
    full = gqa(f, Flavour(), hidden)
    attention_every, offset = f.size("attn_layer_period"), f.count("attn_layer_offset")
    kinds: list[tuple[str, Attention]] = [
        ("full", full) if i % attention_every == offset else ("mamba", mamba) for i in range(count)
    ]
    moe = Moe(kind="moe", experts=experts, top_k=top_k(f, experts), intermediate=inner)
    dense = Dense(kind="dense", intermediate=inner)
    expert_every, first = f.size("expert_layer_period"), f.count("expert_layer_offset")
    ffns: list[tuple[str, Ffn]] = [
        ("moe", moe) if i % expert_every == first and experts > 1 else ("dense", dense)
        for i in range(count)
    ]
    order, blocks = combine(kinds, ffns)
    return surroundings(f, order, blocks, tied=False)


def _dt_rank(f: Facts, hidden: int) -> int:
    """A number, or `auto`: a sixteenth of the width."""
    if "mamba_dt_rank" not in f or f.is_text("mamba_dt_rank"):
        return -(-hidden // 16)
    return f.size("mamba_dt_rank")


_NEMOTRON_CODES = {"M": "mamba", "E": "moe", "*": "attention", "-": "mlp"}


def _nemotron_kinds(f: Facts) -> list[str]:
    listed = f.texts("layers_block_type")
    if listed:
        return listed
    pattern = f.text("hybrid_override_pattern")
    unknown = set(pattern) - _NEMOTRON_CODES.keys()
    if unknown or len(pattern) > 2000:
        raise InputError(f.key("hybrid_override_pattern"), pattern, "letters M, E, * and -")
    return [_NEMOTRON_CODES[code] for code in pattern]


def _nemotron_h(f: Facts) -> Layers:
    """One mixer or one FFN per layer."""
    kinds = _nemotron_kinds(f)
    makers = {
        "mamba": lambda: _lone(attention=_mamba2(f)),
        "attention": lambda: _lone(attention=_nemotron_attention(f)),
        "moe": lambda: _lone(ffn=_nemotron_moe(f)),
        "mlp": lambda: _lone(ffn=_nemotron_mlp(f)),
    }
    unknown = set(kinds) - makers.keys()
    if unknown:
        raise InputError(f.key("layers_block_type"), sorted(unknown), ", ".join(makers))
    blocks = {kind: makers[kind]() for kind in set(kinds)}
    return replace(
        surroundings(f, kinds, blocks, tied=False),
        mtp=_nemotron_mtp(f),
        state_dtype=_state_dtype(f, "mamba_ssm_cache_dtype"),
    )


def _lone(attention: Attention | None = None, ffn: Ffn | None = None) -> Block:
    return Block(
        attention=attention or NoAttention(kind="none"), ffn=ffn or NoFfn(kind="none"), norms=1
    )


def _nemotron_attention(f: Facts) -> Gqa:
    return gqa(
        f, Flavour(qkv_bias="attention_bias", o_bias="attention_bias"), f.size("hidden_size")
    )


def _nemotron_mlp(f: Facts) -> Dense:
    bias = f.flag("mlp_bias", default=False)
    return Dense(kind="dense", intermediate=f.size("intermediate_size"), gated=False, bias=bias)


def _nemotron_moe(f: Facts) -> Moe:
    return deepseek_moe(f, correction_bias=True).model_copy(
        update={
            "gated": False,
            "shared_intermediate": f.size("moe_shared_expert_intermediate_size"),
            "latent": f.opt_size("moe_latent_size"),
        }
    )


def _mamba2(f: Facts) -> Mamba2:
    return Mamba2(
        kind="mamba2",
        heads=f.size("mamba_num_heads", high=65536),
        head_dim=f.size("mamba_head_dim"),
        groups=f.size("n_groups", high=65536),
        state=f.size("ssm_state_size"),
        conv_kernel=f.size("conv_kernel", high=64),
        conv_bias=f.flag("use_conv_bias", default=True),
        proj_bias=f.flag("use_bias", default=False),
    )


def _nemotron_mtp(f: Facts) -> Mtp | None:
    modules = f.count("num_nextn_predict_layers", default=0, high=16)
    if not modules:
        return None
    hidden = f.size("hidden_size")
    block = Block(attention=_nemotron_attention(f), ffn=_nemotron_moe(f), norms=2)
    tensors = (
        Tensor(name="eh_proj", group="other", rows=hidden, cols=2 * hidden),
        Tensor(name="norms", group="norm", rows=3 * hidden),
    )
    return Mtp(modules=modules, block=block, tensors=tensors)


register("qwen3_next", "Qwen3NextForCausalLM", "qwen3_next", read=read_qwen3_5)
register(
    "qwen3_5",
    "Qwen3_5ForCausalLM",
    "Qwen3_5MoeForCausalLM",
    "qwen3_5_text",
    "qwen3_5_moe_text",
    read=read_qwen3_5,
)
register(
    "minimax",
    "MiniMaxM1ForCausalLM",
    "MiniMaxText01ForCausalLM",
    "MiniMaxForCausalLM",
    "minimax_m1",
    "minimax_text_01",
    "minimax",
    read=_minimax,
)
register("jamba", "JambaForCausalLM", "jamba", read=_jamba)
register("nemotron_h", "NemotronHForCausalLM", "nemotron_h", read=_nemotron_h)
