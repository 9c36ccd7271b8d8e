"""More decoders with routed experts: OLMoE, Phi, Granite, Ernie, Hunyuan, dots, DeepSeek MoE."""

from __future__ import annotations

from dataclasses import replace

from sizing.architectures.decoder import Flavour, combine, gqa, read_with, surroundings
from sizing.architectures.experts import alternate, deepseek_moe, sparse_after, top_k
from sizing.architectures.facts import Facts
from sizing.architectures.registry import Layers, register
from sizing.errors import InputError
from sizing.model import Attention, Dense, Ffn, Mamba2, Moe, NoFfn

_BIASED = Flavour(qkv_bias="attention_bias", o_bias="attention_bias")


def _plain(f: Facts, *experts_keys: str) -> Moe:
    experts = f.size(*experts_keys, high=65536)
    return Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(f, experts),
        intermediate=f.size("intermediate_size"),
    )


def _olmoe(f: Facts) -> Layers:
    moe = _plain(f, "num_experts")
    return read_with(f, replace(_BIASED, qk_norm="full"), [("moe", moe)] * f.layers())


def _phimoe(f: Facts) -> Layers:
    moe = _plain(f, "num_local_experts")
    layers = read_with(f, replace(_BIASED, norm_bias=True), [("moe", moe)] * f.layers())
    return replace(layers, lm_head_bias=f.flag("lm_head_bias", default=False))


def _granite_ffn(f: Facts) -> Ffn:
    """Experts with a shared MLP; small hybrids keep the shared MLP alone."""
    shared = f.count("shared_intermediate_size", default=0)
    if f.count("num_local_experts", default=0):
        moe = _plain(f, "num_local_experts")
        return moe.model_copy(update={"shared_intermediate": shared})
    return Dense(kind="dense", intermediate=shared) if shared else NoFfn(kind="none")


def _granite_moe(f: Facts) -> Layers:
    return read_with(f, _BIASED, [("moe", _granite_ffn(f))] * f.layers())


def _granite_hybrid(f: Facts) -> Layers:
    count = f.layers()
    types = f.texts(f.first("layer_types", "layers_block_type"))
    if len(types) < count:
        raise InputError(f.key("layer_types"), f"{len(types)} values", f"{count} values")
    full, mamba = gqa(f, _BIASED, f.size("hidden_size")), _granite_mamba(f)
    kinds: list[tuple[str, Attention]] = [
        ("mamba", mamba) if t == "mamba" else ("full", full) for t in types[:count]
    ]
    order, blocks = combine(kinds, [("ffn", _granite_ffn(f))] * count)
    return surroundings(f, order, blocks, tied=False)


def _granite_mamba(f: Facts) -> Mamba2:
    heads = f.size("mamba_n_heads", high=65536)
    inner = f.size("mamba_expand", default=2) * f.size("hidden_size")
    return Mamba2(
        kind="mamba2",
        heads=heads,
        head_dim=f.divided(inner, heads, "hidden_size"),
        groups=f.size("mamba_n_groups", high=65536),
        state=f.size("mamba_d_state"),
        conv_kernel=f.size("mamba_d_conv", high=64),
        conv_bias=f.flag("mamba_conv_bias", default=True),
        proj_bias=f.flag("mamba_proj_bias", default=False),
    )


def _ernie_moe(f: Facts) -> Layers:
    count, experts = f.layers(), f.size("moe_num_experts", high=65536)
    inner = f.size("moe_intermediate_size")
    moe = Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(f, experts, "moe_k"),
        intermediate=inner,
        correction_bias=f.flag("moe_use_aux_free", default=True),
        shared_intermediate=f.count("moe_num_shared_experts", default=0, high=1024) * inner,
    )
    first, every = f.count("moe_layer_start_index"), f.size("moe_layer_interval", default=1)
    last = f.size("moe_layer_end_index", default=count, low=-1)
    last = count - 1 if last == -1 else last
    sparse = [first <= i <= last and (i + 1) % every == 0 for i in range(count)]
    bias = f.flag("use_bias", default=False)
    flavour = Flavour(qkv_bias=bias, o_bias=bias, tied=True)
    return read_with(f, flavour, alternate(f, sparse, moe))


def _hunyuan_moe(f: Facts) -> Layers:
    experts, count = f.size("num_experts", high=65536), f.layers()
    inner = f.first_size("moe_intermediate_size", "intermediate_size")
    moe = Moe(
        kind="moe",
        experts=experts,
        top_k=f.first_size("moe_topk", high=experts),
        intermediate=inner,
        shared_intermediate=f.first_size("num_shared_expert", high=64) * inner,
    )
    return read_with(f, replace(_BIASED, qk_norm="head"), [("moe", moe)] * count)


def _dots(f: Facts) -> Layers:
    moe = deepseek_moe(f, correction_bias=True)
    return read_with(
        f, replace(_BIASED, qk_norm="head"), alternate(f, sparse_after(f, f.layers()), moe)
    )


def _deepseek_v1(f: Facts) -> Layers:
    moe = deepseek_moe(f, correction_bias=False)
    return read_with(f, _BIASED, alternate(f, sparse_after(f, f.layers()), moe))


register("olmoe", "OlmoeForCausalLM", "olmoe", read=_olmoe)
register("phimoe", "PhiMoEForCausalLM", "PhimoeForCausalLM", "phimoe", read=_phimoe)
register(
    "granite_moe",
    "GraniteMoeForCausalLM",
    "GraniteMoeSharedForCausalLM",
    "granitemoe",
    "granitemoeshared",
    read=_granite_moe,
)
register(
    "granite_hybrid",
    "GraniteMoeHybridForCausalLM",
    "granitemoehybrid",
    read=_granite_hybrid,
)
register("ernie4_5", "Ernie4_5_MoeForCausalLM", "ernie4_5_moe", read=_ernie_moe)
register("hunyuan", "HunYuanMoEV1ForCausalLM", "hunyuan_v1_moe", read=_hunyuan_moe)
register("dots1", "Dots1ForCausalLM", "dots1", read=_dots)
register("deepseek", "DeepseekForCausalLM", "deepseek", read=_deepseek_v1)
