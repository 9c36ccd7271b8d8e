"""Vision models that wrap any text model: LLaVA and InternVL."""

from __future__ import annotations

from sizing.architectures import towers
from sizing.architectures.facts import Facts
from sizing.architectures.multimodal import with_tower
from sizing.architectures.registry import Layers, find, register
from sizing.errors import InputError
from sizing.model import Tower

_LLAMA_DEFAULTS = {
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "vocab_size": 32000,
    "max_position_embeddings": 2048,
}
_MISTRAL_DEFAULTS = _LLAMA_DEFAULTS | {
    "intermediate_size": 14336,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
}
_WRAPPERS = ("llava", "internvl")
_DEFAULTS = {"llama": _LLAMA_DEFAULTS, "mistral": _MISTRAL_DEFAULTS}


def _text(f: Facts) -> Layers:
    """The inner model's own reader; published configs leave out its class's defaults."""
    names = f.texts("architectures", at_most=16)
    model_type = f.text("model_type", default="") or None
    inner = find(names[0] if names else None, model_type)
    if inner is None or inner.family in _WRAPPERS:
        raise InputError(f.key("model_type"), model_type, "a text model whose config can be read")
    return inner.read(f.with_defaults(_DEFAULTS.get(model_type or "", {})))


def _clip(f: Facts, hidden: int) -> tuple[Tower, ...]:
    newline = "Next" in "".join(f.texts("architectures", at_most=16))
    return (towers.clip(f.sub("vision_config"), hidden, newline=newline),)


def _internvl(f: Facts) -> Layers:
    return _text(f.part("llm_config", "tie_word_embeddings"))


def _intern_vit(f: Facts, hidden: int) -> tuple[Tower, ...]:
    ratio = f.number("downsample_ratio", 0.5)
    if not 0 < ratio <= 1:
        raise InputError(f.key("downsample_ratio"), ratio, "more than 0, at most 1", 0.5)
    return (towers.intern_vit(f.sub("vision_config"), hidden, ratio),)


register(
    "llava",
    "LlavaForConditionalGeneration",
    "LlavaNextForConditionalGeneration",
    "llava",
    "llava_next",
    read=with_tower(_text, _clip),
)
register("internvl", "InternVLChatModel", "internvl_chat", read=with_tower(_internvl, _intern_vit))
