"""Decoders of 2019 to 2023, whose configs use names of their own."""

from __future__ import annotations

from sizing.architectures.decoder import uniform
from sizing.architectures.facts import Facts
from sizing.architectures.registry import Layers, register
from sizing.errors import InputError
from sizing.model import Dense, Gqa, Tensor


def _heads(f: Facts, hidden: int, heads: int, kv_heads: int, *, bias: bool) -> Gqa:
    return Gqa(
        kind="gqa",
        heads=heads,
        kv_heads=kv_heads,
        head_dim=f.divided(hidden, heads, f.first("hidden_size", "n_embd", "d_model")),
        qkv_bias=bias,
        o_bias=bias,
    )


def _gpt2(f: Facts) -> Layers:
    hidden, heads = f.size("n_embd", "hidden_size"), f.size("n_head", "num_attention_heads")
    multi_query = f.flag("multi_query", default=False)
    attention = _heads(f, hidden, heads, 1 if multi_query else heads, bias=True)
    inner = f.opt_size("n_inner") or 4 * hidden
    positions = f.size("n_positions", "max_position_embeddings")
    ffn = Dense(kind="dense", intermediate=inner, gated=False, bias=True)
    order, blocks = uniform(f.layers("n_layer", "num_hidden_layers"), attention, ffn)
    return Layers(
        hidden=hidden,
        vocab=f.size("vocab_size"),
        tied=f.flag("tie_word_embeddings", default=True),
        order=order,
        blocks=blocks,
        max_context=positions,
        norm_bias=True,
        positions=positions,
    )


def _gptj(f: Facts) -> Layers:
    hidden, heads = f.size("n_embd"), f.size("n_head")
    ffn = Dense(
        kind="dense", intermediate=f.opt_size("n_inner") or 4 * hidden, gated=False, bias=True
    )
    attention = _heads(f, hidden, heads, heads, bias=False)
    order, blocks = uniform(f.layers("n_layer"), attention, ffn, norms=1)
    return Layers(
        hidden=hidden,
        vocab=f.size("vocab_size"),
        tied=f.flag("tie_word_embeddings", default=False),
        order=order,
        blocks=blocks,
        max_context=f.size("n_positions"),
        norm_bias=True,
        lm_head_bias=True,
    )


def _gpt_neox(f: Facts) -> Layers:
    hidden, heads = f.size("hidden_size"), f.size("num_attention_heads")
    bias = f.flag("attention_bias", default=True)
    ffn = Dense(kind="dense", intermediate=f.size("intermediate_size"), gated=False, bias=True)
    order, blocks = uniform(f.layers(), _heads(f, hidden, heads, heads, bias=bias), ffn)
    return Layers(
        hidden=hidden,
        vocab=f.size("vocab_size"),
        tied=f.flag("tie_word_embeddings", default=False),
        order=order,
        blocks=blocks,
        max_context=f.size("max_position_embeddings"),
        norm_bias=True,
    )


def _opt(f: Facts) -> Layers:
    hidden, heads = f.size("hidden_size"), f.size("num_attention_heads")
    if f.size("word_embed_proj_dim", default=hidden) != hidden:
        raise InputError(
            f.key("word_embed_proj_dim"), f.size("word_embed_proj_dim"), str(hidden), hidden
        )
    bias = f.flag("enable_bias", default=True)
    ffn = Dense(kind="dense", intermediate=f.size("ffn_dim"), gated=False, bias=bias)
    order, blocks = uniform(f.layers(), _heads(f, hidden, heads, heads, bias=bias), ffn)
    positions = f.size("max_position_embeddings")
    return Layers(
        hidden=hidden,
        vocab=f.size("vocab_size"),
        tied=f.flag("tie_word_embeddings", default=True),
        order=order,
        blocks=blocks,
        max_context=positions,
        norm_bias=True,
        final_norm=f.flag("do_layer_norm_before", default=True),
        positions=positions + 2,
    )


def _bloom(f: Facts) -> Layers:
    hidden = f.size("hidden_size", "n_embed")
    heads, layers = f.size("n_head", "num_attention_heads"), f.layers("n_layer")
    ffn = Dense(kind="dense", intermediate=4 * hidden, gated=False, bias=True)
    order, blocks = uniform(layers, _heads(f, hidden, heads, heads, bias=True), ffn)
    return Layers(
        hidden=hidden,
        vocab=f.size("vocab_size"),
        tied=f.flag("tie_word_embeddings", default=True),
        order=order,
        blocks=blocks,
        max_context=f.opt_size("seq_length"),
        norm_bias=True,
        tensors=(Tensor(name="word_embeddings_layernorm", group="norm", rows=2 * hidden),),
    )


def _mpt(f: Facts) -> Layers:
    hidden, heads, layers = f.size("d_model"), f.size("n_heads"), f.layers("n_layers")
    attention = f.sub("attn_config")
    if "no_bias" in f and not f.flag("no_bias", default=True):
        raise InputError(f.key("no_bias"), False, "true: MPT with biases is not known", True)
    kv_heads = attention.size("kv_n_heads", default=heads)
    ffn = Dense(
        kind="dense", intermediate=f.size("expansion_ratio", default=4) * hidden, gated=False
    )
    order, blocks = uniform(layers, _heads(f, hidden, heads, kv_heads, bias=False), ffn)
    return Layers(
        hidden=hidden,
        vocab=f.size("vocab_size"),
        tied=f.flag("tie_word_embeddings", default=True),
        order=order,
        blocks=blocks,
        max_context=f.size("max_seq_len"),
    )


def _falcon(f: Facts) -> Layers:
    hidden, heads = f.size("hidden_size"), f.size("num_attention_heads", "n_head")
    layers, bias = f.layers("num_hidden_layers", "n_layer"), f.flag("bias", default=False)
    new = f.flag("new_decoder_architecture", default=False)
    kv_heads = f.size("num_kv_heads", "n_head_kv", default=heads) if new else heads
    if not new and f.flag("multi_query", default=True):
        kv_heads = 1
    ffn = Dense(
        kind="dense",
        intermediate=f.size("ffn_hidden_size", default=4 * hidden),
        gated=False,
        bias=bias,
    )
    two_norms = f.size("num_ln_in_parallel_attn", default=2) == 2 if new else False
    norms = 2 if two_norms or not f.flag("parallel_attn", default=True) else 1
    order, blocks = uniform(layers, _heads(f, hidden, heads, kv_heads, bias=bias), ffn, norms)
    return Layers(
        hidden=hidden,
        vocab=f.size("vocab_size"),
        tied=f.flag("tie_word_embeddings", default=True),
        order=order,
        blocks=blocks,
        max_context=f.opt_size("max_position_embeddings"),
        norm_bias=True,
    )


def _chatglm(f: Facts) -> Layers:
    hidden, heads, layers = (
        f.size("hidden_size"),
        f.size("num_attention_heads"),
        f.layers("num_layers"),
    )
    multi_query = f.flag("multi_query_attention", default=False)
    bias = f.flag("add_bias_linear", default=False)
    attention = Gqa(
        kind="gqa",
        heads=heads,
        kv_heads=f.size("multi_query_group_num") if multi_query else heads,
        head_dim=f.size("kv_channels"),
        qkv_bias=bias or f.flag("add_qkv_bias", default=False),
        o_bias=bias,
    )
    ffn = Dense(kind="dense", intermediate=f.size("ffn_hidden_size"), bias=bias)
    order, blocks = uniform(layers, attention, ffn)
    return Layers(
        hidden=hidden,
        vocab=f.size("padded_vocab_size", "vocab_size"),
        tied=f.flag("tie_word_embeddings", default=False),
        order=order,
        blocks=blocks,
        max_context=f.opt_size("seq_length"),
        norm_bias=not f.flag("rmsnorm", default=True),
        final_norm=f.flag("post_layer_norm", default=True),
    )


def _phi3_small(f: Facts) -> Layers:
    hidden, heads = f.size("hidden_size"), f.size("num_attention_heads")
    attention = _heads(f, hidden, heads, f.size("num_key_value_heads"), bias=True)
    ffn = Dense(kind="dense", intermediate=f.size("ff_intermediate_size"), bias=True)
    order, blocks = uniform(f.layers(), attention, ffn)
    return Layers(
        hidden=hidden,
        vocab=f.size("vocab_size"),
        tied=f.flag("tie_word_embeddings", default=True),
        order=order,
        blocks=blocks,
        max_context=f.size("max_position_embeddings"),
        norm_bias=True,
    )


register("gpt2", "GPT2LMHeadModel", "gpt2", "GPTBigCodeForCausalLM", "gpt_bigcode", read=_gpt2)
register("gptj", "GPTJForCausalLM", "gptj", read=_gptj)
register("gpt_neox", "GPTNeoXForCausalLM", "gpt_neox", read=_gpt_neox)
register("opt", "OPTForCausalLM", "opt", read=_opt)
register("bloom", "BloomForCausalLM", "bloom", read=_bloom)
register("mpt", "MPTForCausalLM", "MptForCausalLM", "mpt", read=_mpt)
register("falcon", "FalconForCausalLM", "RWForCausalLM", "falcon", read=_falcon)
register("glm", "ChatGLMModel", "ChatGLMForConditionalGeneration", "chatglm", read=_chatglm)
register("phi3small", "Phi3SmallForCausalLM", "phi3small", read=_phi3_small)
