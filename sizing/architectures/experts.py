"""Routed experts: which layers have them, how configs name them, and MTP modules."""

from __future__ import annotations

from sizing.architectures.decoder import combine
from sizing.architectures.facts import Facts
from sizing.errors import InputError
from sizing.model import Attention, Dense, Ffn, Moe, Mtp, Tensor


def alternate(
    f: Facts, sparse: list[bool], moe: Moe, dense_key: str = "intermediate_size"
) -> list[tuple[str, Ffn]]:
    """An FFN for every layer: the experts where `sparse`, else one MLP."""
    if all(sparse):
        return [("moe", moe)] * len(sparse)
    dense = Dense(kind="dense", intermediate=f.size(dense_key))
    return [("moe", moe) if s else ("dense", dense) for s in sparse]


def top_k(f: Facts, experts: int, *names: str) -> int:
    """Experts per token; at most as many as there are."""
    return f.size(*(names or ("num_experts_per_tok",)), high=experts)


def sparse_after(f: Facts, layers: int) -> list[bool]:
    """DeepSeek's rule: dense layers first, then experts in every `moe_layer_freq`-th layer."""
    types = f.texts("mlp_layer_types")
    if types:
        if len(types) < layers:
            raise InputError(f.key("mlp_layer_types"), f"{len(types)} values", f"{layers} values")
        return [t != "dense" for t in types[:layers]]
    dense, every = f.count("first_k_dense_replace", default=0), f.size("moe_layer_freq", default=1)
    return [i >= dense and i % every == 0 for i in range(layers)]


def deepseek_moe(f: Facts, *, correction_bias: bool) -> Moe:
    """Routed experts with shared ones, as DeepSeek's configs name them."""
    experts = f.size("n_routed_experts", "num_experts", high=65536)
    inner = f.size("moe_intermediate_size")
    return Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(f, experts),
        intermediate=inner,
        correction_bias=correction_bias,
        shared_intermediate=f.count("n_shared_experts", default=0, high=1024) * inner,
    )


def mtp_module(
    f: Facts, attention: Attention, ffn: Ffn, modules: int, *, copies_embedding: bool
) -> Mtp | None:
    """DeepSeek's MTP: a layer behind a projection of the hidden state and the next embedding."""
    if not modules:
        return None
    hidden = f.size("hidden_size")
    order, blocks = combine([("mtp", attention)], [(ffn.kind, ffn)])
    return Mtp(
        modules=modules,
        block=blocks[order[0]],
        tensors=(
            Tensor(name="eh_proj", group="other", rows=hidden, cols=2 * hidden),
            Tensor(name="norms", group="norm", rows=3 * hidden),
        ),
        copies_embedding=copies_embedding,
    )


def _qwen_sparse(f: Facts, layers: int) -> list[bool]:
    step = f.size("decoder_sparse_step", default=1)
    dense = set(f.sizes("mlp_only_layers"))
    return [i not in dense and (i + 1) % step == 0 for i in range(layers)]


def qwen_moe(f: Facts) -> list[tuple[str, Ffn]]:
    """Qwen's experts, with a gated shared expert where the config gives one."""
    experts = f.size("num_experts", "num_routed_experts", high=65536)
    shared = f.count("shared_expert_intermediate_size", default=0)
    moe = Moe(
        kind="moe",
        experts=experts,
        top_k=top_k(f, experts),
        intermediate=f.size("moe_intermediate_size"),
        shared_intermediate=shared,
        shared_gate=shared > 0,
    )
    sparse = _qwen_sparse(f, f.layers())
    return alternate(f, sparse, moe)
