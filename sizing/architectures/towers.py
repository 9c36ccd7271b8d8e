"""Vision encoders and their projectors, as lists of tensor shapes."""

from __future__ import annotations

from sizing.architectures.facts import Facts
from sizing.errors import InputError
from sizing.model import Shard, Tensor, Tower


def matrix(
    name: str, rows: int, cols: int, *, bias: bool = True, copies: int = 1, shard: Shard = "column"
) -> list[Tensor]:
    """A vision matrix with or without its bias."""
    weight = Tensor(name=name, group="vision", rows=rows, cols=cols, copies=copies, shard=shard)
    cut: Shard = "column" if shard == "column" else "replicated"
    vector = Tensor(name=f"{name}.bias", group="vision", rows=rows, copies=copies, shard=cut)
    return [weight, vector] if bias else [weight]


def vector(name: str, size: int, copies: int = 1) -> Tensor:
    """A vision vector, whole on every rank."""
    return Tensor(name=name, group="vision", rows=size, copies=copies)


def encoder_layer(
    hidden: int,
    intermediate: int,
    *,
    attention_bias: bool = True,
    mlp_bias: bool = True,
    gated: bool = False,
    norm_size: int | None = None,
) -> tuple[Tensor, ...]:
    """One transformer layer; `norm_size` is all norm vectors' length (two LayerNorms' default)."""
    up = matrix("mlp.up", intermediate, hidden, bias=mlp_bias, copies=2 if gated else 1)
    return (
        *matrix("attn.qkv", 3 * hidden, hidden, bias=attention_bias),
        *matrix("attn.proj", hidden, hidden, bias=attention_bias, shard="row"),
        *up,
        *matrix("mlp.down", hidden, intermediate, bias=mlp_bias, shard="row"),
        vector("norms", norm_size if norm_size is not None else 4 * hidden),
    )


def patches(v: Facts) -> int:
    """Patches in one square image of the configured size."""
    side = v.size("image_size", high=100_000) // v.size("patch_size", high=10_000)
    if side == 0:
        raise InputError(v.key("image_size"), v.size("image_size"), "at least one patch")
    return side**2


def tower(v: Facts, kind: str, layer: tuple[Tensor, ...], once: list[Tensor]) -> Tower:
    """A tower whose sizes are under the usual names."""
    return Tower(
        kind=kind,
        hidden=v.size("hidden_size", "embed_dim", "vt_hidden_size"),
        layers=v.layers("num_hidden_layers", "depth", "vt_num_hidden_layers"),
        heads=v.size(
            "num_attention_heads", "num_heads", "attention_heads", "vt_num_attention_heads"
        ),
        intermediate=v.size("intermediate_size", "vt_intermediate_size", default=1),
        image_size=v.opt_size("image_size"),
        patch_size=v.opt_size("patch_size"),
        per_layer=layer,
        once=tuple(once),
    )


def qwen3_vision(v: Facts) -> Tower:
    """Qwen3-VL and Qwen3.5: learned positions, a merger, and one more per deep-stack level."""
    hidden, inner = v.size("hidden_size"), v.size("intermediate_size")
    patch = (
        v.size("in_channels", default=3) * v.size("temporal_patch_size") * v.size("patch_size") ** 2
    )
    merged, out = hidden * v.size("spatial_merge_size") ** 2, v.size("out_hidden_size")
    levels = len(v.sizes("deepstack_visual_indexes"))
    once = [
        *matrix("patch_embed", hidden, patch, shard="replicated"),
        Tensor(
            name="pos_embed", group="vision", rows=v.size("num_position_embeddings"), cols=hidden
        ),
        *_merger("merger", 2 * hidden, merged, out),
    ]
    if levels:
        once += _merger("deepstack_merger", 2 * merged, merged, out, levels)
    return tower(v, "qwen3_vision", encoder_layer(hidden, inner), once)


def qwen2_vision(v: Facts, out: int) -> Tower:
    """Qwen2-VL (LayerNorm, plain MLP) and Qwen2.5-VL (RMSNorm, gated MLP)."""
    newer = "intermediate_size" in v
    hidden = v.size("hidden_size") if newer else v.size("embed_dim")
    inner = v.size("intermediate_size") if newer else 4 * hidden
    channels = v.size("in_channels", "in_chans", default=3)
    patch = channels * v.size("temporal_patch_size", default=2) * v.size("patch_size") ** 2
    merged = hidden * v.size("spatial_merge_size", default=2) ** 2
    layer = encoder_layer(hidden, inner, gated=newer, norm_size=2 * hidden if newer else 4 * hidden)
    once = [
        *matrix("patch_embed", hidden, patch, bias=False, shard="replicated"),
        *_merger("merger", hidden if newer else 2 * hidden, merged, out),
    ]
    return tower(v, "qwen2_vision", layer, once).model_copy(update={"hidden": hidden})


def _merger(name: str, norm: int, merged: int, out: int, copies: int = 1) -> list[Tensor]:
    return [
        vector(f"{name}.norm", norm, copies),
        *matrix(f"{name}.fc1", merged, merged, copies=copies),
        *matrix(f"{name}.fc2", out, merged, copies=copies, shard="row"),
    ]


def siglip(v: Facts, text_hidden: int) -> Tower:
    """SigLIP as Gemma 3 uses it, with its projection matrix."""
    hidden = v.size("hidden_size")
    patch = v.size("num_channels", default=3) * v.size("patch_size") ** 2
    once = [
        *matrix("patch_embedding", hidden, patch, shard="replicated"),
        Tensor(name="position_embedding", group="vision", rows=patches(v), cols=hidden),
        vector("post_layernorm", 2 * hidden),
        vector("mm_soft_emb_norm", hidden),
        *matrix("mm_input_projection", hidden, text_hidden, bias=False, shard="replicated"),
    ]
    return tower(v, "siglip", encoder_layer(hidden, v.size("intermediate_size")), once)


def pixtral(v: Facts, text_hidden: int, merge: int, *, projector_bias: bool) -> Tower:
    """Pixtral's encoder with Mistral 3's patch merger and projector."""
    hidden = v.size("hidden_size")
    patch = v.size("num_channels", default=3) * v.size("patch_size") ** 2
    layer = encoder_layer(
        hidden,
        v.size("intermediate_size"),
        attention_bias=False,
        mlp_bias=False,
        gated=True,
        norm_size=2 * hidden,
    )
    once = [
        *matrix("patch_conv", hidden, patch, bias=False, shard="replicated"),
        vector("norms", 2 * hidden),
        *matrix("patch_merger", hidden, hidden * merge**2, bias=False, shard="replicated"),
        *matrix("projector.linear_1", text_hidden, hidden, bias=projector_bias),
        *matrix("projector.linear_2", text_hidden, text_hidden, bias=projector_bias, shard="row"),
    ]
    return tower(v, "pixtral", layer, once)


def llama4_vision(v: Facts, text_hidden: int) -> Tower:
    """Llama 4's encoder with its pixel-shuffle adapter."""
    hidden, inner = v.size("hidden_size"), v.size("intermediate_size")
    patch = v.size("num_channels", default=3) * v.size("patch_size") ** 2
    wide, out = v.size("projector_input_dim"), v.size("projector_output_dim")
    once = [
        *matrix("patch_embedding", hidden, patch, bias=False, shard="replicated"),
        vector("class_embedding", hidden),
        Tensor(name="positional_embedding", group="vision", rows=patches(v) + 1, cols=hidden),
        vector("norms", 4 * hidden),
        *matrix("adapter.fc1", wide, inner, bias=False),
        *matrix("adapter.fc2", out, out, bias=False, shard="row"),
        *matrix("projector", text_hidden, v.size("vision_output_dim"), bias=False),
    ]
    return tower(v, "llama4_vision", encoder_layer(hidden, inner), once)


def moonvit(v: Facts, text_hidden: int) -> Tower:
    """Kimi K2.5's encoder and patch merger."""
    hidden, inner = v.size("vt_hidden_size"), v.size("vt_intermediate_size")
    kernel = v.sizes("merge_kernel_size", at_most=2)
    merged = hidden * kernel[0] * kernel[1] if len(kernel) == 2 else 4 * hidden
    grid = v.size("init_pos_emb_height") * v.size("init_pos_emb_width")
    once = [
        *matrix("patch_embed", hidden, 3 * v.size("patch_size") ** 2, shard="replicated"),
        Tensor(name="pos_emb", group="vision", rows=grid, cols=hidden),
        vector("final_layernorm", 2 * hidden),
        vector("projector.pre_norm", 2 * v.size("mm_hidden_size", default=hidden)),
        *matrix("projector.in_proj", merged, merged, shard="replicated"),
        *matrix("projector.out_proj", text_hidden, merged, shard="replicated"),
    ]
    return tower(v, "moonvit", encoder_layer(hidden, inner), once)


def gemma4_vision(v: Facts, text_hidden: int) -> Tower:
    """Gemma 4's encoder: four norms a layer, head norms, gated MLP, no biases."""
    hidden, head = v.size("hidden_size"), v.size("head_dim")
    layer = encoder_layer(
        hidden,
        v.size("intermediate_size"),
        attention_bias=False,
        mlp_bias=False,
        gated=True,
        norm_size=4 * hidden + 2 * head,
    )
    positions = 2 * v.size("position_embedding_size")
    once = [
        *matrix("patch_embedder", hidden, 3 * v.size("patch_size") ** 2, bias=False),
        Tensor(name="position_embedding_table", group="vision", rows=positions, cols=hidden),
        *matrix("embedding_projection", text_hidden, hidden, bias=False, shard="replicated"),
    ]
    return tower(v, "gemma4_vision", layer, once)


def mllama_vision(v: Facts, text_hidden: int) -> tuple[Tower, Tower]:
    """Llama 3.2 Vision: local layers, then gated global ones, with tile embeddings."""
    hidden, inner = v.size("hidden_size"), v.size("intermediate_size")
    tiles, side = v.size("max_num_tiles", high=64), patches(v) + 1
    shapes = len(v.items("supported_aspect_ratios")) or tiles * 2
    patch = v.size("num_channels", default=3) * v.size("patch_size") ** 2
    layer = encoder_layer(hidden, inner, attention_bias=False)
    once = [
        *matrix("patch_embedding", hidden, patch, bias=False, shard="replicated"),
        vector("class_embedding", hidden),
        Tensor(name="position_embedding", group="vision", rows=side, cols=hidden),
        Tensor(name="tile_position", group="vision", rows=shapes + 1, cols=tiles * side * hidden),
        Tensor(
            name="tile_embedding", group="vision", rows=shapes + 1, cols=tiles * hidden, copies=2
        ),
        vector("gates", 3),
        vector("norms", 4 * hidden),
        *matrix("projector", text_hidden, v.size("vision_output_dim"), shard="replicated"),
    ]
    local = tower(v, "mllama_vision", layer, once)
    gated = (*layer, vector("gates", 2))
    many = v.layers("num_global_layers")
    whole = local.model_copy(
        update={"kind": "mllama_global", "layers": many, "per_layer": gated, "once": ()}
    )
    return local, whole


def clip(v: Facts, text_hidden: int, *, newline: bool) -> Tower:
    """CLIP as LLaVA uses it, with a two-layer projector."""
    hidden = v.size("hidden_size")
    patch = v.size("num_channels", default=3) * v.size("patch_size") ** 2
    once = [
        vector("class_embedding", hidden),
        *matrix("patch_embedding", hidden, patch, bias=False, shard="replicated"),
        Tensor(name="position_embedding", group="vision", rows=patches(v) + 1, cols=hidden),
        vector("norms", 4 * hidden),
        *matrix("projector.linear_1", text_hidden, hidden),
        *matrix("projector.linear_2", text_hidden, text_hidden, shard="row"),
    ]
    once += [vector("image_newline", text_hidden)] if newline else []
    return tower(v, "clip", encoder_layer(hidden, v.size("intermediate_size")), once)


def intern_vit(v: Facts, text_hidden: int, ratio: float) -> Tower:
    """InternViT with layer scales, and InternVL's projector behind a pixel shuffle."""
    hidden, inner = v.size("hidden_size"), v.size("intermediate_size")
    patch = v.size("num_channels", default=3) * v.size("patch_size") ** 2
    layer = encoder_layer(hidden, inner, attention_bias=True, norm_size=_intern_norms(v, hidden))
    shuffled = round(hidden / ratio**2)
    once = [
        vector("class_embedding", hidden),
        *matrix("patch_embedding", hidden, patch, shard="replicated"),
        Tensor(name="position_embedding", group="vision", rows=patches(v) + 1, cols=hidden),
        vector("mlp1.norm", 2 * shuffled),
        *matrix("mlp1.1", text_hidden, shuffled, shard="replicated"),
        *matrix("mlp1.3", text_hidden, text_hidden, shard="replicated"),
    ]
    biases = () if v.flag("qkv_bias", default=True) else ("attn.qkv.bias",)
    kept = tuple(t for t in layer if t.name not in biases)
    return tower(v, "intern_vit", kept, once)


def _intern_norms(v: Facts, hidden: int) -> int:
    """Two norms and two layer scales, and norms of queries and keys in the 6B encoder."""
    vectors = 2 if v.text("norm_type", default="layer_norm") == "layer_norm" else 1
    return (2 * vectors + 2 + (2 if v.flag("qk_normalization", default=False) else 0)) * hidden
