"""Decoders with routed experts and grouped-query attention."""

from __future__ import annotations

from dataclasses import replace

from sizing.architectures.decoder import (
    Flavour,
    combine,
    full_layers,
    gqa,
    read_with,
    surroundings,
    windowed,
    windows,
)
from sizing.architectures.dense import LLAMA, QWEN3
from sizing.architectures.experts import (
    alternate,
    deepseek_moe,
    mtp_module,
    qwen_moe,
    sparse_after,
    top_k,
)
from sizing.architectures.facts import Facts
from sizing.architectures.registry import Layers, register
from sizing.errors import InputError
from sizing.model import Attention, Gqa, Moe


def _mixtral(f: Facts) -> Layers:
    experts = f.size("num_local_experts", high=65536)
    moe = Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(f, experts),
        intermediate=f.size("intermediate_size"),
    )
    return read_with(f, Flavour(), [("moe", moe)] * f.layers())


def _minimax_m2(f: Facts) -> Layers:
    experts = f.size("num_local_experts", high=65536)
    moe = Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(f, experts),
        intermediate=f.size("intermediate_size"),
        correction_bias=f.flag("use_routing_bias", default=True),
        shared_intermediate=f.count("shared_intermediate_size", default=0),
    )
    norm = "full" if f.flag("use_qk_norm", default=True) else "none"
    return read_with(f, Flavour(qk_norm=norm), [("moe", moe)] * f.layers())


def _glm4_moe(f: Facts) -> Layers:
    flavour = Flavour(
        qkv_bias="attention_bias",
        qk_norm="head" if f.flag("use_qk_norm", default=False) else "none",
    )
    moe = deepseek_moe(f, correction_bias=True)
    layers = read_with(f, flavour, alternate(f, sparse_after(f, f.layers()), moe))
    attention = gqa(f, flavour, f.size("hidden_size"))
    modules = f.count("num_nextn_predict_layers", default=0, high=16)
    return replace(layers, mtp=mtp_module(f, attention, moe, modules, copies_embedding=True))


def _gpt_oss(f: Facts) -> Layers:
    experts, count = f.size("num_local_experts", "num_experts", high=65536), f.layers()
    moe = Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(f, experts, "num_experts_per_tok", "experts_per_token"),
        intermediate=f.size("intermediate_size"),
        expert_bias=True,
        router_bias=True,
    )
    flavour = Flavour(qkv_bias="attention_bias", o_bias="attention_bias")
    attention = gqa(f, flavour, f.size("hidden_size")).model_copy(update={"sinks": True})
    per_layer = windows(f, count, every=2)
    order, blocks = combine(windowed(attention, per_layer), [("moe", moe)] * count)
    return surroundings(f, order, blocks, tied=False)


def _llama4_sparse(f: Facts, layers: int) -> list[bool]:
    listed = f.sizes("moe_layers")
    if listed:
        return [i in set(listed) for i in range(layers)]
    step = f.size("interleave_moe_layer_step", default=1)
    return [(i + 1) % step == 0 for i in range(layers)]


def llama4_text(f: Facts) -> Layers:
    """Llama 4: three chunked layers to one full, one routed and one shared expert per token."""
    experts, count = f.size("num_local_experts", high=65536), f.layers()
    inner = f.size("intermediate_size")
    moe = Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(f, experts),
        intermediate=inner,
        shared_intermediate=inner,
    )
    ffns = alternate(f, _llama4_sparse(f, count), moe, "intermediate_size_mlp")
    full = full_layers(f, count, every=4)
    chunked = gqa(f, LLAMA, f.size("hidden_size")).model_copy(
        update={"chunk": f.opt_size("attention_chunk_size")}
    )
    kinds: list[tuple[str, Attention]] = [
        ("full", chunked.model_copy(update={"chunk": None})) if is_full else ("chunked", chunked)
        for is_full in full
    ]
    order, blocks = combine(kinds, ffns)
    return surroundings(f, order, blocks, tied=False)


def _dbrx(f: Facts) -> Layers:
    hidden, heads, count = f.size("d_model"), f.size("n_heads"), f.layers("n_layers")
    ffn = f.sub("ffn_config")
    experts = ffn.size("moe_num_experts", high=65536)
    moe = Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(ffn, experts, "moe_top_k"),
        intermediate=ffn.size("ffn_hidden_size"),
    )
    attention = Gqa(
        kind="gqa",
        heads=heads,
        kv_heads=f.sub("attn_config").size("kv_n_heads", default=heads),
        head_dim=f.divided(hidden, heads, "d_model"),
    )
    order, blocks = combine([("full", attention)] * count, [("moe", moe)] * count)
    return Layers(
        hidden=hidden,
        vocab=f.size("vocab_size"),
        tied=f.flag("tie_word_embeddings", default=False),
        order=order,
        blocks=blocks,
        max_context=f.size("max_seq_len"),
    )


def _grok(f: Facts) -> Layers:
    experts, count = f.size("num_experts", high=65536), f.layers()
    moe = Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(f, experts),
        intermediate=f.size("intermediate_size"),
    )
    flavour = Flavour(norms=4, tied=True)
    return read_with(f, flavour, [("moe", moe)] * count)


def _mimo(f: Facts) -> Layers:
    count = f.layers()
    pattern, freq = f.sizes("hybrid_layer_pattern"), f.sizes("moe_layer_freq")
    if len(pattern) < count or len(freq) < count:
        raise InputError(f.key("hybrid_layer_pattern"), f"{len(pattern)} values", f"{count} values")
    full = _mimo_attention(f, "", sinks=f.flag("add_full_attention_sink_bias", default=False))
    window = _mimo_attention(
        f, "swa_", sinks=f.flag("add_swa_attention_sink_bias", default=False)
    ).model_copy(update={"window": f.size("sliding_window")})
    kinds: list[tuple[str, Attention]] = [
        ("window", window) if sliding else ("full", full) for sliding in pattern[:count]
    ]
    moe = deepseek_moe(f, correction_bias=True)
    order, blocks = combine(kinds, alternate(f, [bool(x) for x in freq[:count]], moe))
    return surroundings(f, order, blocks, tied=False)


def _mimo_attention(f: Facts, prefix: str, *, sinks: bool) -> Gqa:
    return Gqa(
        kind="gqa",
        heads=f.size(f"{prefix}num_attention_heads"),
        kv_heads=f.size(f"{prefix}num_key_value_heads"),
        head_dim=f.size(f"{prefix}head_dim"),
        v_head_dim=f.size(f"{prefix}v_head_dim"),
        qkv_bias=f.flag("attention_bias", default=False),
        sinks=sinks,
    )


register("mixtral", "MixtralForCausalLM", "mixtral", read=_mixtral)
register("minimax_m2", "MiniMaxM2ForCausalLM", "minimax_m2", read=_minimax_m2)
register(
    "qwen3_moe",
    "Qwen3MoeForCausalLM",
    "qwen3_moe",
    read=lambda f: read_with(f, QWEN3, qwen_moe(f)),
)
register(
    "qwen2_moe",
    "Qwen2MoeForCausalLM",
    "qwen2_moe",
    read=lambda f: read_with(
        f, Flavour(qkv_bias=True, window_switch="use_sliding_window"), qwen_moe(f)
    ),
)
register("glm4_moe", "Glm4MoeForCausalLM", "glm4_moe", read=_glm4_moe)
register("gpt_oss", "GptOssForCausalLM", "gpt_oss", read=_gpt_oss)
register("llama4", "Llama4ForCausalLM", "llama4_text", read=llama4_text)
register("dbrx", "DbrxForCausalLM", "dbrx", read=_dbrx)
register("grok", "Grok1ModelForCausalLM", "Grok1ForCausalLM", "grok-1", read=_grok)
register("mimo", "MiMoV2FlashForCausalLM", "mimo_v2_flash", read=_mimo)
