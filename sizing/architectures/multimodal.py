"""Text models with a vision tower: the text part's own reader, plus the tower."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sizing.architectures import towers
from sizing.architectures.decoder import (
    Flavour,
    combine,
    dense_ffn,
    gqa,
    read_dense,
    read_with,
    surroundings,
)
from sizing.architectures.deepseek import read_mla
from sizing.architectures.dense import LLAMA, QWEN3
from sizing.architectures.experts import qwen_moe
from sizing.architectures.facts import Facts
from sizing.architectures.hybrid import read_qwen3_5
from sizing.architectures.moe import llama4_text
from sizing.architectures.registry import Layers, Reader, register
from sizing.model import Attention, CrossAttention, Tensor, Tower

TowerReader = Callable[[Facts, int], tuple[Tower, ...]]


def text_part(f: Facts) -> Facts:
    """The text model's config, which may leave the tying to the outer one."""
    return f.part("text_config", "tie_word_embeddings")


def with_tower(read_text: Reader, read_tower: TowerReader) -> Reader:
    """Reads the text part, and the tower where the config describes one."""

    def read(f: Facts) -> Layers:
        layers = read_text(text_part(f))
        if "vision_config" not in f:
            return layers
        return replace(layers, towers=read_tower(f, layers.hidden))

    return read


def _qwen3_tower(f: Facts, _: int) -> tuple[Tower, ...]:
    return (towers.qwen3_vision(f.sub("vision_config")),)


def _qwen2_tower(f: Facts, hidden: int) -> tuple[Tower, ...]:
    return (towers.qwen2_vision(f.sub("vision_config"), hidden),)


def _pixtral_tower(f: Facts, hidden: int) -> tuple[Tower, ...]:
    return (
        towers.pixtral(
            f.sub("vision_config"),
            hidden,
            f.size("spatial_merge_size", default=2),
            projector_bias=f.flag("multimodal_projector_bias", default=False),
        ),
    )


def _llama4_tower(f: Facts, hidden: int) -> tuple[Tower, ...]:
    return (towers.llama4_vision(f.sub("vision_config"), hidden),)


def _moonvit_tower(f: Facts, hidden: int) -> tuple[Tower, ...]:
    return (towers.moonvit(f.sub("vision_config"), hidden),)


def _mllama_tower(f: Facts, hidden: int) -> tuple[Tower, ...]:
    return towers.mllama_vision(f.sub("vision_config"), hidden)


def _mllama_text(f: Facts) -> Layers:
    """Every few layers attend to the image instead of the text, behind two gates."""
    crossing = set(f.sizes("cross_attention_layers"))
    own = gqa(f, LLAMA, f.size("hidden_size"))
    cross = CrossAttention(
        kind="cross", heads=own.heads, kv_heads=own.kv_heads, head_dim=own.head_dim
    )
    kinds: list[tuple[str, Attention]] = [
        ("cross", cross) if i in crossing else ("full", own) for i in range(f.layers())
    ]
    order, blocks = combine(kinds, [("dense", dense_ffn(f, LLAMA))] * f.layers())
    gates = Tensor(name="cross_attn_gates", group="other", rows=2)
    blocks = {
        name: block.model_copy(update={"tensors": (gates,)}) if name.startswith("cross") else block
        for name, block in blocks.items()
    }
    image_tokens = Tensor(
        name="embed_image_tokens", group="embedding", rows=8, cols=f.size("hidden_size")
    )
    return replace(surroundings(f, order, blocks, tied=False), tensors=(image_tokens,))


def _mistral(f: Facts) -> Layers:
    return read_dense(f, Flavour())


def _register(family: str, *names: str, text: Reader, tower: TowerReader) -> None:
    register(family, *names, read=with_tower(text, tower))


_register(
    "qwen3_vl",
    "Qwen3VLForConditionalGeneration",
    "qwen3_vl",
    text=lambda f: read_dense(f, QWEN3),
    tower=_qwen3_tower,
)
_register(
    "qwen3_vl_moe",
    "Qwen3VLMoeForConditionalGeneration",
    "qwen3_vl_moe",
    text=lambda f: read_with(f, QWEN3, qwen_moe(f)),
    tower=_qwen3_tower,
)
_register(
    "qwen3_5",
    "Qwen3_5ForConditionalGeneration",
    "Qwen3_5MoeForConditionalGeneration",
    "qwen3_5",
    "qwen3_5_moe",
    text=read_qwen3_5,
    tower=_qwen3_tower,
)
_register(
    "qwen2_vl",
    "Qwen2VLForConditionalGeneration",
    "Qwen2_5_VLForConditionalGeneration",
    "qwen2_vl",
    "qwen2_5_vl",
    text=lambda f: read_dense(f, Flavour(qkv_bias=True, window_switch="use_sliding_window")),
    tower=_qwen2_tower,
)
_register(
    "mistral3",
    "Mistral3ForConditionalGeneration",
    "mistral3",
    "ministral3",
    text=_mistral,
    tower=_pixtral_tower,
)
_register(
    "llama4", "Llama4ForConditionalGeneration", "llama4", text=llama4_text, tower=_llama4_tower
)
_register(
    "kimi_k25",
    "KimiK25ForConditionalGeneration",
    "kimi_k25",
    text=read_mla,
    tower=_moonvit_tower,
)
_register(
    "mllama",
    "MllamaForConditionalGeneration",
    "mllama",
    text=_mllama_text,
    tower=_mllama_tower,
)
