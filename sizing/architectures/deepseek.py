"""Multi-head latent attention: DeepSeek V2 to V4, Kimi K2, GLM-4.7 Flash and GLM-5."""

from __future__ import annotations

from dataclasses import replace

from sizing.architectures.decoder import combine, surroundings
from sizing.architectures.experts import alternate, deepseek_moe, mtp_module, sparse_after
from sizing.architectures.facts import Facts
from sizing.architectures.registry import Layers, register
from sizing.errors import InputError
from sizing.model import Attention, Compressed, Ffn, Indexer, Mla, Moe, Mtp, Tensor


def _mla(f: Facts) -> Mla:
    return Mla(
        kind="mla",
        heads=f.size("num_attention_heads", high=4096),
        q_lora_rank=f.opt_size("q_lora_rank"),
        kv_lora_rank=f.size("kv_lora_rank"),
        qk_nope_head_dim=f.size("qk_nope_head_dim"),
        qk_rope_head_dim=f.size("qk_rope_head_dim"),
        v_head_dim=f.size("v_head_dim"),
        bias=f.flag("attention_bias", default=False),
        indexer=_indexer(f) if "index_topk" in f else None,
    )


def _indexer(f: Facts) -> Indexer:
    return Indexer(
        heads=f.size("index_n_heads", high=4096),
        head_dim=f.size("index_head_dim"),
        topk=f.size("index_topk"),
    )


def read_mla(f: Facts, *, mtp_default: int = 0) -> Layers:
    """A decoder with MLA in every layer and experts after the first dense ones."""
    count, attention = f.layers(), _mla(f)
    moe = deepseek_moe(f, correction_bias=_has_correction_bias(f))
    ffns = alternate(f, sparse_after(f, count), moe)
    borrowing = attention.model_copy(update={"indexer": None})
    kinds: list[tuple[str, Attention]] = [
        ("mla_shared_index", borrowing) if shared else ("mla", attention)
        for shared in _shares_index(f, count)
    ]
    order, blocks = combine(kinds, ffns)
    modules = f.count("num_nextn_predict_layers", default=mtp_default, high=16)
    return replace(
        surroundings(f, order, blocks, tied=False),
        mtp=mtp_module(f, attention, moe, modules, copies_embedding=True),
    )


def _shares_index(f: Facts, count: int) -> list[bool]:
    """GLM-5.3: layers that reuse the previous selection have no indexer of their own."""
    types = f.texts("indexer_types")
    if types and len(types) < count:
        raise InputError(f.key("indexer_types"), f"{len(types)} values", f"{count} values")
    if types:
        return [t == "shared" for t in types[:count]]
    every, first = f.size("index_topk_freq", default=1), f.size("index_skip_topk_offset", default=2)
    return [max(i - first + 1, 0) % every != 0 for i in range(count)]


def _has_correction_bias(f: Facts) -> bool:
    """V2 routes by plain softmax; V3 and later correct the scores with a bias."""
    return f.text("model_type", default="") != "deepseek_v2"


def _deepseek_v4(f: Facts) -> Layers:
    count = f.layers()
    ratios = f.sizes("compress_ratios")
    if len(ratios) < count:
        raise InputError(f.key("compress_ratios"), f"{len(ratios)} values", f"{count} values")
    hashed = f.count("num_hash_layers", default=3)
    by_ratio = {ratio: _compressed(f, ratio) for ratio in set(ratios[:count])}
    kinds: list[tuple[str, Attention]] = [by_ratio[ratio] for ratio in ratios[:count]]
    hash_moe = _v4_moe(f, hashed=True)
    moe = _v4_moe(f, hashed=False)
    ffns: list[tuple[str, Ffn]] = [
        ("hash_moe", hash_moe) if i < hashed else ("moe", moe) for i in range(count)
    ]
    order, blocks = combine(kinds, ffns, tensors=_hyper_connections(f))
    table = _token_table(f)
    blocks = {
        name: block.model_copy(update={"tensors": (*block.tensors, table)})
        if name.endswith("hash_moe")
        else block
        for name, block in blocks.items()
    }
    return replace(
        surroundings(f, order, blocks, tied=False),
        tensors=_hyper_head(f),
        mtp=_v4_mtp(f, _compressed(f, 0)[1], moe),
    )


def _compressed(f: Facts, ratio: int) -> tuple[str, Compressed]:
    indexed = ratio == f.size("compress_rate_csa", default=4)
    attention = Compressed(
        kind="compressed",
        heads=f.size("num_attention_heads", high=4096),
        head_dim=f.size("head_dim"),
        q_lora_rank=f.size("q_lora_rank"),
        o_lora_rank=f.size("o_lora_rank"),
        o_groups=f.size("o_groups", high=4096),
        window=f.size("sliding_window"),
        ratio=ratio,
        indexer=_indexer(f) if indexed else None,
    )
    return (f"compressed_{ratio}" if ratio else "window"), attention


def _v4_moe(f: Facts, *, hashed: bool) -> Moe:
    return deepseek_moe(f, correction_bias=not hashed)


def _token_table(f: Facts) -> Tensor:
    """Hash routing looks experts up by token id, in a table of 64-bit integers."""
    return Tensor(
        name="mlp.gate.tid2eid",
        group="buffer",
        rows=f.size("vocab_size"),
        cols=f.size("num_experts_per_tok"),
        width=8,
    )


def _hyper_connections(f: Facts) -> tuple[Tensor, ...]:
    """Manifold-constrained hyper-connections around attention and FFN, in float32."""
    streams, hidden = f.size("hc_mult", default=4, high=64), f.size("hidden_size")
    outputs = (2 + streams) * streams
    return (
        Tensor(name="hc.fn", group="norm", rows=outputs, cols=streams * hidden, copies=2, width=4),
        Tensor(name="hc.base", group="norm", rows=outputs + 3, copies=2, width=4),
    )


def _hyper_head(f: Facts) -> tuple[Tensor, ...]:
    streams, hidden = f.size("hc_mult", default=4, high=64), f.size("hidden_size")
    return (
        Tensor(name="hc_head.fn", group="norm", rows=streams, cols=streams * hidden, width=4),
        Tensor(name="hc_head.base", group="norm", rows=streams + 1, width=4),
    )


def _v4_mtp(f: Facts, attention: Attention, moe: Moe) -> Mtp | None:
    modules = f.count("num_nextn_predict_layers", default=0, high=16)
    if not modules:
        return None
    hidden = f.size("hidden_size")
    order, blocks = combine([("mtp", attention)], [("moe", moe)], tensors=_hyper_connections(f))
    return Mtp(
        modules=modules,
        block=blocks[order[0]],
        tensors=(
            Tensor(name="e_proj", group="linear", rows=hidden, cols=hidden),
            Tensor(name="h_proj", group="linear", rows=hidden, cols=hidden),
            Tensor(name="norms", group="norm", rows=3 * hidden),
            *_hyper_head(f),
        ),
    )


register("deepseek_v2", "DeepseekV2ForCausalLM", "deepseek_v2", read=read_mla)
register("deepseek_v3", "DeepseekV3ForCausalLM", "deepseek_v3", "kimi_k2", read=read_mla)
register("deepseek_v32", "DeepseekV32ForCausalLM", "deepseek_v32", read=read_mla)
register("glm_moe_dsa", "GlmMoeDsaForCausalLM", "glm_moe_dsa", read=read_mla)
register(
    "glm4_moe_lite",
    "Glm4MoeLiteForCausalLM",
    "glm4_moe_lite",
    read=lambda f: read_mla(f, mtp_default=1),
)
register("deepseek_v4", "DeepseekV4ForCausalLM", "deepseek_v4", read=_deepseek_v4)
