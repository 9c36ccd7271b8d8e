"""Gemma 3 and 4: five windowed layers to one global, with a vision tower."""

from __future__ import annotations

from dataclasses import replace

from sizing.architectures import towers
from sizing.architectures.decoder import combine, full_layers, read_dense, surroundings
from sizing.architectures.dense import GEMMA
from sizing.architectures.facts import Facts
from sizing.architectures.multimodal import text_part, with_tower
from sizing.architectures.registry import Layers, register
from sizing.errors import InputError
from sizing.model import Attention, Block, Dense, Ffn, Gqa, Moe, Tensor, Tower

_GEMMA3 = replace(GEMMA, norms=4, qk_norm="head", window_every=6)
_GEMMA3_DEFAULTS = {
    "vocab_size": 262_208,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "max_position_embeddings": 131_072,
    "sliding_window": 4096,
}


def _gemma3_text(f: Facts) -> Layers:
    """Published configs leave out what Gemma 3's own config class defaults to."""
    return read_dense(f.with_defaults(_GEMMA3_DEFAULTS), _GEMMA3)


def _siglip(f: Facts, hidden: int) -> tuple[Tower, ...]:
    return (towers.siglip(f.sub("vision_config"), hidden),)


def _gemma4_tower(f: Facts, hidden: int) -> tuple[Tower, ...]:
    if "audio_config" in f:
        raise InputError(f.key("audio_config"), "given", "absent: this audio tower is not known")
    return (towers.gemma4_vision(f.sub("vision_config"), hidden),)


def _gemma4_text(f: Facts) -> Layers:
    count = f.layers()
    shared_from = count - f.count("num_kv_shared_layers", default=0, high=count)
    sharing = [i >= shared_from for i in range(count)]
    pairs = list(zip(full_layers(f, count, every=6), sharing, strict=True))
    attentions = {pair: _gemma4_attention(f, *pair) for pair in set(pairs)}
    mlps = {shared: _gemma4_ffn(f, shared=shared) for shared in set(sharing)}
    kinds = [attentions[pair] for pair in pairs]
    ffns = [mlps[shared] for shared in sharing]
    experts = f.flag("enable_moe_block", default=False)
    order, blocks = combine(kinds, ffns, 7 if experts else 4, _gemma4_tensors(f))
    layers = surroundings(f, order, _with_norm(f, blocks), tied=True)
    return replace(layers, tensors=_layer_embeddings(f, count))


def _gemma4_attention(f: Facts, is_full: bool, shared: bool) -> tuple[str, Attention]:
    heads, bias = f.size("num_attention_heads"), f.flag("attention_bias", default=False)
    kv_heads = f.size("num_key_value_heads", high=heads)
    attention = Gqa(
        kind="gqa",
        heads=heads,
        kv_heads=f.size("num_global_key_value_heads", default=kv_heads) if is_full else kv_heads,
        head_dim=f.size("global_head_dim", "head_dim") if is_full else f.size("head_dim"),
        qkv_bias=bias,
        o_bias=bias,
        qk_norm="head",
        v_from_k=is_full and f.flag("attention_k_eq_v", default=False),
        kv_shared=shared,
        window=None if is_full else f.size("sliding_window"),
    )
    return ("full" if is_full else "window") + ("_shared" if shared else ""), attention


def _gemma4_ffn(f: Facts, *, shared: bool) -> tuple[str, Ffn]:
    inner = f.size("intermediate_size")
    if f.flag("enable_moe_block", default=False):
        experts = f.size("num_experts", high=65536)
        scales = (f.size("hidden_size"), experts)
        moe = Moe(
            kind="moe",
            experts=experts,
            top_k=f.size("top_k_experts", high=experts),
            intermediate=f.size("moe_intermediate_size", "expert_intermediate_size"),
            router_scales=scales,
            parallel_dense=inner,
        )
        return "moe", moe
    wide = 2 if shared and f.flag("use_double_wide_mlp", default=False) else 1
    return "dense", Dense(kind="dense", intermediate=wide * inner)


def _gemma4_tensors(f: Facts) -> tuple[Tensor, ...]:
    scalar = Tensor(name="layer_scalar", group="buffer", rows=1)
    width, hidden = f.opt_size("hidden_size_per_layer_input"), f.size("hidden_size")
    if not width:
        return (scalar,)
    return (
        scalar,
        Tensor(name="per_layer_input_gate", group="linear", rows=width, cols=hidden),
        Tensor(name="per_layer_projection", group="linear", rows=hidden, cols=width),
    )


def _with_norm(f: Facts, blocks: dict[str, Block]) -> dict[str, Block]:
    """Per-layer inputs come with one norm more."""
    extra = 1 if f.opt_size("hidden_size_per_layer_input") else 0
    return {
        name: block.model_copy(update={"norms": block.norms + extra})
        for name, block in blocks.items()
    }


def _layer_embeddings(f: Facts, count: int) -> tuple[Tensor, ...]:
    width, hidden = f.opt_size("hidden_size_per_layer_input"), f.size("hidden_size")
    if not width:
        return ()
    vocab = f.size("vocab_size_per_layer_input", "vocab_size")
    return (
        Tensor(
            name="embed_tokens_per_layer",
            group="embedding",
            rows=vocab,
            cols=count * width,
            shard="vocab",
        ),
        Tensor(name="per_layer_model_projection", group="linear", rows=count * width, cols=hidden),
        Tensor(name="per_layer_projection_norm", group="norm", rows=width),
    )


register("gemma3", "Gemma3ForCausalLM", "gemma3_text", read=lambda f: _gemma3_text(text_part(f)))
register(
    "gemma3",
    "Gemma3ForConditionalGeneration",
    "gemma3",
    read=with_tower(_gemma3_text, _siglip),
)
register("gemma4", "Gemma4ForCausalLM", "gemma4_text", read=lambda f: _gemma4_text(text_part(f)))
register(
    "gemma4",
    "Gemma4ForConditionalGeneration",
    "gemma4",
    read=with_tower(_gemma4_text, _gemma4_tower),
)
