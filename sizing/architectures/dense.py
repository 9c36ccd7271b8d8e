"""Decoders with one MLP per layer, each an entry: what it does differently from Llama."""

from __future__ import annotations

from dataclasses import replace

from sizing.architectures.decoder import Flavour, read_dense
from sizing.architectures.facts import Facts
from sizing.architectures.registry import Layers, register


def _dense(family: str, *names: str, flavour: Flavour) -> None:
    register(family, *names, read=lambda f: read_dense(f, flavour))


LLAMA = Flavour(qkv_bias="attention_bias", o_bias="attention_bias", mlp_bias="mlp_bias")
QWEN3 = Flavour(
    qkv_bias="attention_bias",
    o_bias="attention_bias",
    qk_norm="head",
    window_switch="use_sliding_window",
)
GEMMA = Flavour(qkv_bias="attention_bias", o_bias="attention_bias", tied=True)

_dense("llama", "LlamaForCausalLM", "llama", flavour=LLAMA)
_dense("mistral", "MistralForCausalLM", "mistral", flavour=Flavour())
_dense(
    "qwen2",
    "Qwen2ForCausalLM",
    "qwen2",
    flavour=Flavour(qkv_bias=True, window_switch="use_sliding_window"),
)
_dense("qwen3", "Qwen3ForCausalLM", "qwen3", flavour=QWEN3)
_dense("phi3", "Phi3ForCausalLM", "phi3", flavour=Flavour())
_dense("gemma", "GemmaForCausalLM", "gemma", flavour=GEMMA)
_dense(
    "gemma2",
    "Gemma2ForCausalLM",
    "gemma2",
    flavour=replace(GEMMA, norms=4, window_every=2),
)
_dense("granite", "GraniteForCausalLM", "granite", flavour=replace(LLAMA, tied=False))
_dense(
    "olmo2",
    "Olmo2ForCausalLM",
    "olmo2",
    flavour=Flavour(qkv_bias="attention_bias", o_bias="attention_bias", qk_norm="full"),
)
_dense(
    "olmo3",
    "Olmo3ForCausalLM",
    "olmo3",
    flavour=Flavour(
        qkv_bias="attention_bias", o_bias="attention_bias", qk_norm="full", window_every=4
    ),
)
_COHERE = Flavour(
    qkv_bias="attention_bias", o_bias="attention_bias", qk_norm="use_qk_norm", norms=1, tied=True
)
_dense("cohere", "CohereForCausalLM", "cohere", flavour=_COHERE)
_dense(
    "cohere2",
    "Cohere2ForCausalLM",
    "cohere2",
    flavour=replace(_COHERE, qk_norm="none", window_every=4),
)
_dense(
    "stablelm",
    "StableLmForCausalLM",
    "stablelm",
    flavour=Flavour(qkv_bias="use_qkv_bias", norm_bias=True),
)
_dense("smollm3", "SmolLM3ForCausalLM", "smollm3", flavour=replace(LLAMA, tied=True))
_dense(
    "seed_oss",
    "SeedOssForCausalLM",
    "seed_oss",
    flavour=Flavour(qkv_bias="attention_bias", o_bias="attention_out_bias", mlp_bias="mlp_bias"),
)
_dense("arcee", "ArceeForCausalLM", "arcee", flavour=replace(LLAMA, gated=False))
_dense("glm4", "Glm4ForCausalLM", "glm4", flavour=Flavour(qkv_bias="attention_bias", norms=4))
_dense("glm", "GlmForCausalLM", "glm", flavour=Flavour(qkv_bias="attention_bias"))
_dense("exaone4", "Exaone4ForCausalLM", "exaone4", flavour=Flavour(qk_norm="head", window_every=4))
_dense("internlm3", "InternLM3ForCausalLM", "internlm3", flavour=Flavour(qkv_bias="qkv_bias"))


_dense(
    "nemotron",
    "NemotronForCausalLM",
    "nemotron",
    flavour=replace(LLAMA, gated=False, norm_bias=True),
)
_dense("minicpm", "MiniCPMForCausalLM", "minicpm", flavour=replace(LLAMA, tied=True))
_dense("xverse", "XverseForCausalLM", "xverse", flavour=Flavour())
_dense("baichuan", "BaichuanForCausalLM", "BaiChuanForCausalLM", "baichuan", flavour=Flavour())
_dense(
    "internlm2",
    "InternLM2ForCausalLM",
    "internlm2",
    flavour=Flavour(qkv_bias="bias", o_bias="bias"),
)
_dense(
    "ernie4_5",
    "Ernie4_5ForCausalLM",
    "ernie4_5",
    flavour=Flavour(qkv_bias="use_bias", o_bias="use_bias", mlp_bias="use_bias", tied=True),
)
_dense(
    "hunyuan",
    "HunYuanDenseV1ForCausalLM",
    "hunyuan_v1_dense",
    flavour=Flavour(qkv_bias="attention_bias", o_bias="attention_bias", qk_norm="head"),
)


def _exaone3(f: Facts) -> Layers:
    """EXAONE 3 counts layers under a name of its own."""
    return read_dense(
        f.overridden(num_hidden_layers=f.layers("num_layers", "num_hidden_layers")), Flavour()
    )


def _olmo(f: Facts) -> Layers:
    """OLMo of 2024 normalises without parameters."""
    flavour = Flavour(qkv_bias="attention_bias", o_bias="attention_bias", norms=0)
    return replace(read_dense(f, flavour), final_norm=False)


def _phi(f: Facts) -> Layers:
    flavour = Flavour(
        qkv_bias=True, o_bias=True, mlp_bias=True, gated=False, norms=1, norm_bias=True
    )
    return replace(read_dense(f, flavour), lm_head_bias=True)


def _qwen1(f: Facts) -> Layers:
    """Qwen of 2023: `intermediate_size` is that of gate and up together."""
    whole = f.size("intermediate_size")
    defaults = {"head_dim": f.size("kv_channels"), "max_position_embeddings": f.size("seq_length")}
    halved = f.with_defaults(defaults).overridden(
        intermediate_size=f.divided(whole, 2, "intermediate_size")
    )
    return read_dense(halved, Flavour(qkv_bias=True))


def _starcoder2(f: Facts) -> Layers:
    bias = f.flag("use_bias", default=True)
    flavour = Flavour(
        qkv_bias=bias, o_bias=bias, mlp_bias=bias, gated=False, norm_bias=True, tied=True
    )
    return read_dense(f, flavour)


register("starcoder2", "Starcoder2ForCausalLM", "starcoder2", read=_starcoder2)
register("olmo", "OlmoForCausalLM", "olmo", read=_olmo)
register("exaone", "ExaoneForCausalLM", "exaone", read=_exaone3)
register("phi", "PhiForCausalLM", "phi", read=_phi)
register("qwen", "QWenLMHeadModel", "qwen", read=_qwen1)
