"""Every architecture against independently counted models, and small facts of each family."""

from __future__ import annotations

import contextlib

import pytest

from benchmarks.oracle_agreement import compare_all, configs
from sizing import census
from sizing.architectures import find_architecture, known_architectures
from sizing.catalog.model_store import load, model_names
from sizing.configs import read_config, spec_from_config
from sizing.errors import InputError
from sizing.model import Compressed, CrossAttention, GatedDeltaNet, Gqa, Mla, Moe
from tests.sizing.test_configs import SHARED

needs_data = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the folder of independently counted models is not beside this one"
)


def sizes(
    hidden: int, ffn: int, layers: int, heads: int, kv_heads: int, vocab: int
) -> dict[str, object]:
    """The keys that every decoder's config has."""
    return {
        "hidden_size": hidden,
        "intermediate_size": ffn,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "vocab_size": vocab,
        "tie_word_embeddings": False,
    }


@needs_data
def test_every_shared_config_is_read() -> None:
    files = configs(SHARED.parent)
    assert len(files) >= 143
    assert all(census.params_total(read_config(file)) > 0 for file in files)


@needs_data
def test_exact_records_agree_to_the_integer() -> None:
    rows = [row for row in compare_all(SHARED.parent) if row.exact]
    assert len(rows) >= 119
    assert {row.hf_id: row.differences for row in rows if row.differences} == {}


@needs_data
def test_other_records_agree_on_the_cache() -> None:
    rows = [row for row in compare_all(SHARED.parent) if not row.exact]
    wrong = {name for row in rows for name in row.differences if name.startswith("kv")}
    assert wrong == set()


@pytest.mark.parametrize("name", model_names())
def test_every_catalogue_architecture_has_a_reader(name: str) -> None:
    found = find_architecture(load(name).architecture, None)
    assert found is not None
    assert found.family == load(name).family


def test_model_type_serves_where_the_class_is_not_known() -> None:
    assert find_architecture("SomethingNew", "llama") is not None
    assert find_architecture("SomethingNew", None) is None
    assert len(set(known_architectures())) == len(known_architectures())


def test_latent_attention() -> None:
    attention = load("deepseek-v3").blocks["mla-moe"].attention
    assert isinstance(attention, Mla)
    (cache,) = [x for x in census.kv_layers(load("deepseek-v3")) if x.block == "mla-moe"]
    assert (cache.heads, cache.k_width, cache.v_width) == (1, 576, 0)


def test_hybrid_layers() -> None:
    counts = load("qwen3-next-80b").layer_counts
    assert counts == {"linear-moe": 36, "full-moe": 12}
    assert isinstance(load("qwen3-next-80b").blocks["linear-moe"].attention, GatedDeltaNet)


def test_cross_attention_caches_no_text() -> None:
    spec = load("llama-3.2-90b-vision")
    assert isinstance(spec.blocks["cross-dense"].attention, CrossAttention)
    assert sum(layer.count for layer in census.kv_layers(spec)) == 80


def test_compressed_attention() -> None:
    spec = load("deepseek-v4-pro")
    ratios = {
        block.attention.ratio
        for block in spec.blocks.values()
        if isinstance(block.attention, Compressed)
    }
    assert ratios == {4, 128}
    assert census.kv_growth_per_token(spec) == 7928


def test_asymmetric_heads() -> None:
    attention = load("mimo-v2-flash").blocks["full-moe"].attention
    assert isinstance(attention, Gqa)
    assert (attention.head_dim, attention.v_dim) == (192, 128)


@pytest.mark.parametrize(
    ("extra", "full"),
    [
        ({}, 8),
        ({"use_sliding_window": True, "max_window_layers": 6}, 6),
        ({"use_sliding_window": True}, 8),
        ({"use_sliding_window": True, "layer_types": ["sliding_attention"] * 8}, 0),
    ],
)
def test_qwen_windows(extra: dict[str, object], full: int) -> None:
    config = sizes(64, 128, 8, 4, 2, 100) | {"architectures": ["Qwen2ForCausalLM"]}
    spec = spec_from_config(config | {"sliding_window": 32} | extra, name="x")
    assert spec.layer_counts.get("full-dense", 0) == full


def test_cohere_windows_follow_the_pattern() -> None:
    config = sizes(64, 128, 8, 4, 2, 100) | {"architectures": ["Cohere2ForCausalLM"]}
    spec = spec_from_config(config | {"sliding_window": 32, "sliding_window_pattern": 2}, name="x")
    assert spec.layer_counts == {"window_32-dense": 4, "full-dense": 4}


def test_experts_are_copies() -> None:
    spec = load("qwen3-235b-a22b")
    assert isinstance(spec.blocks["full-moe"].ffn, Moe)
    layer = next(x for x in census.weights(spec) if x.section == "stack")
    experts = [w for w in layer.weights if w.group == "expert"]
    assert {w.copies for w in experts} == {128}
    assert {(w.rows, w.cols, w.shard) for w in experts} == {
        (1536, 4096, "column"),
        (4096, 1536, "row"),
    }


def test_shards_follow_heads() -> None:
    layer = next(x for x in census.weights(load("llama-3.1-70b")) if x.section == "stack")
    shards = {w.name: (w.shard, w.unit) for w in layer.weights}
    assert shards["self_attn.q_proj"] == ("column", 128)
    assert shards["self_attn.k_proj"] == ("kv_heads", 128)
    assert shards["self_attn.o_proj"] == ("row", 128)
    assert shards["mlp.down_proj"] == ("row", 1)
    assert shards["norm"] == ("replicated", 1)


CLIP: dict[str, object] = {
    "hidden_size": 1024,
    "image_size": 336,
    "intermediate_size": 4096,
    "num_attention_heads": 16,
    "num_hidden_layers": 24,
    "patch_size": 14,
}
# Totals of the checkpoints on the hub; the configs are reduced to the keys that count.
PUBLISHED: list[tuple[str, int, dict[str, object]]] = [
    (
        "OlmoeForCausalLM",
        6_919_161_856,
        sizes(2048, 1024, 16, 16, 16, 50304) | {"num_experts": 64, "num_experts_per_tok": 8},
    ),
    (
        "PhiMoEForCausalLM",
        41_873_153_344,
        sizes(4096, 6400, 32, 32, 8, 32064)
        | {"num_local_experts": 16, "num_experts_per_tok": 2}
        | {"attention_bias": True, "lm_head_bias": True},
    ),
    ("PhiForCausalLM", 2_779_683_840, sizes(2560, 10240, 32, 32, 32, 51200)),
    (
        "SmolLM3ForCausalLM",
        3_075_098_624,
        sizes(2048, 11008, 36, 16, 4, 128256) | {"tie_word_embeddings": True},
    ),
    (
        "SeedOssForCausalLM",
        36_151_104_512,
        sizes(5120, 27648, 64, 80, 8, 155136)
        | {"head_dim": 128, "attention_bias": True, "attention_out_bias": False},
    ),
    ("Glm4ForCausalLM", 32_566_081_536, sizes(6144, 23040, 61, 48, 2, 151552) | {"head_dim": 128}),
    (
        "HunYuanMoEV1ForCausalLM",
        80_393_183_232,
        sizes(4096, 3072, 32, 32, 8, 128167)
        | {"tie_word_embeddings": True, "num_experts": 64, "moe_topk": [8]}
        | {"moe_intermediate_size": [3072], "num_shared_expert": [1]},
    ),
    (
        "QWenLMHeadModel",
        7_721_324_544,
        sizes(4096, 22016, 32, 32, 32, 151936) | {"kv_channels": 128, "seq_length": 8192},
    ),
    (
        "DeepseekForCausalLM",
        16_375_728_128,
        sizes(2048, 10944, 28, 16, 16, 102400)
        | {"n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6}
        | {"moe_intermediate_size": 1408, "first_k_dense_replace": 1},
    ),
    (
        "GraniteMoeForCausalLM",
        3_298_793_472,
        sizes(1536, 512, 32, 24, 8, 49155)
        | {"tie_word_embeddings": True, "num_local_experts": 40, "num_experts_per_tok": 8},
    ),
    (
        "Qwen2_5_VLForConditionalGeneration",
        8_292_166_656,
        sizes(3584, 18944, 28, 28, 4, 152064)
        | {
            "vision_config": {
                "depth": 32,
                "hidden_size": 1280,
                "intermediate_size": 3420,
                "num_heads": 16,
                "patch_size": 14,
            }
        },
    ),
    ("OlmoForCausalLM", 6_888_095_744, sizes(4096, 11008, 32, 32, 32, 50304)),
    (
        "MambaForCausalLM",
        2_768_345_600,
        {
            "hidden_size": 2560,
            "intermediate_size": 5120,
            "num_hidden_layers": 64,
            "state_size": 16,
            "time_step_rank": 160,
            "vocab_size": 50280,
        },
    ),
    (
        "Mamba2ForCausalLM",
        2_702_599_680,
        {
            "hidden_size": 2560,
            "num_heads": 80,
            "n_groups": 1,
            "num_hidden_layers": 64,
            "state_size": 128,
            "vocab_size": 50288,
            "tie_word_embeddings": True,
        },
    ),
    (
        "LlavaForConditionalGeneration",
        7_063_427_072,
        {"text_config": {"model_type": "llama", "vocab_size": 32064}, "vision_config": CLIP},
    ),
    (
        "LlavaNextForConditionalGeneration",
        7_566_747_648,
        {"text_config": {"model_type": "mistral", "vocab_size": 32064}, "vision_config": CLIP},
    ),
    (
        "InternVLChatModel",
        7_944_373_760,
        {
            "llm_config": sizes(3584, 18944, 28, 28, 4, 151674) | {"model_type": "qwen2"},
            "vision_config": CLIP | {"image_size": 448, "qkv_bias": True},
        },
    ),
    (
        "ExaoneForCausalLM",
        7_818_448_896,
        sizes(4096, 14336, 32, 32, 8, 102400) | {"num_layers": 32},
    ),
    (
        "MiniCPMForCausalLM",
        2_724_880_896,
        sizes(2304, 5760, 40, 36, 36, 122753) | {"tie_word_embeddings": True},
    ),
    (
        "Qwen2VLForConditionalGeneration",
        8_291_375_616,
        sizes(3584, 18944, 28, 28, 4, 152064)
        | {"vision_config": {"depth": 32, "embed_dim": 1280, "num_heads": 16, "patch_size": 14}},
    ),
]


@pytest.mark.parametrize(("architecture", "total", "config"), PUBLISHED)
def test_published_totals(architecture: str, total: int, config: dict[str, object]) -> None:
    spec = spec_from_config(config | {"architectures": [architecture]}, name="x")
    assert census.params_total(spec) == total


@pytest.mark.parametrize("architecture", ["LlavaForConditionalGeneration", "InternVLChatModel"])
@pytest.mark.parametrize("text", [None, {"model_type": "llava"}, {"model_type": "nobody"}, {}])
def test_a_wrapper_needs_a_text_model(architecture: str, text: object) -> None:
    config = {"architectures": [architecture], "text_config": text, "llm_config": text}
    with pytest.raises(InputError):
        spec_from_config(config | {"vision_config": CLIP}, name="x")


@pytest.mark.parametrize("config", [config | {"architectures": [a]} for a, _, config in PUBLISHED])
@pytest.mark.parametrize("value", [None, 0, -1, 10**12, "8", [], {}, True])
def test_spoilt_keys_are_input_errors(config: dict[str, object], value: object) -> None:
    for key in config:
        with contextlib.suppress(InputError):
            spec_from_config(config | {key: value}, name="x")


@pytest.mark.parametrize("name", ["llama-4-scout", "gemma-3-27b", "qwen3-vl-8b", "kimi-k2.5"])
def test_vision_towers_are_counted(name: str) -> None:
    assert census.params_by_group(load(name))["vision"] > 4e8
