"""Reading config.json files that are broken, hostile or merely odd."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sizing import census
from sizing.configs import MAX_BYTES, load_json, read_config, spec_from_config
from sizing.errors import InputError
from sizing.evidence import Evidence
from sizing.precision import checkpoint_bytes

SHARED = Path(__file__).parents[3] / "shared" / "data" / "models" / "configs"
Config = dict[str, Any]

LLAMA: Config = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 131072,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}
MLA: Config = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "first_k_dense_replace": 3,
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "moe_intermediate_size": 2048,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "num_attention_heads": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "num_nextn_predict_layers": 1,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "vocab_size": 129280,
    "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]},
}


def real_configs() -> list[Config]:
    """The shared configs where they are at hand, and always the two above."""
    files = sorted(SHARED.glob("*.json")) if SHARED.is_dir() else []
    return [LLAMA, MLA, *(json.loads(file.read_text()) for file in files)]


REAL = real_configs()
HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=8),
    st.lists(st.integers(-5, 5), max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from([0, -1, 1, 3, 7, 10**6, 10**9, 2**63, "", "auto", "mamba", [[]], {}]),
)


def spaces(config: Config) -> list[Config]:
    """The config and the objects inside it: every place that can be spoilt."""
    inner = [cast(Config, value) for value in config.values() if isinstance(value, dict)]
    return [config, *inner]


def read(config: Config) -> None:
    """Reads and counts everything, as `inspect` does."""
    spec = spec_from_config(config, name="mutant")
    assert census.params_total(spec) > 0
    assert census.kv_bytes(spec, 8192, indexer=True) >= 0
    assert census.state_bytes_per_sequence(spec) >= 0
    assert checkpoint_bytes(spec) > 0


def refusal(config: Config) -> str:
    """The one line that refuses this config; empty where it is read."""
    try:
        read(config)
    except InputError as error:
        return error.message
    return ""


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutated_real_configs_are_read_or_refused(data: st.DataObject) -> None:
    config = copy.deepcopy(data.draw(st.sampled_from(REAL)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(spaces(config)))
        if not place:
            continue
        key = data.draw(st.sampled_from(sorted(place)))
        if data.draw(st.booleans()):
            place[key] = data.draw(HOSTILE)
        else:
            del place[key]
    start = time.perf_counter()
    message = refusal(config)
    assert "\n" not in message
    assert len(message) < 1000
    assert time.perf_counter() - start < 5


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_refused(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "bytes.json"
    file.write_bytes(raw)
    with pytest.raises(InputError):
        read_config(file)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe\x00",
        b'{"vocab_size": ' + b"9" * 100_000 + b"}",
        b"{}",
        b'{"architectures": []}',
        b'{"architectures": "LlamaForCausalLM"}',
        b'{"architectures": ["LlamaForCausalLM"]}',
        b'{"model_type": 7}',
    ],
)
def test_broken_files_are_one_clear_error(raw: bytes, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(raw)
    start = time.perf_counter()
    with pytest.raises(InputError) as caught:
        read_config(file)
    assert time.perf_counter() - start < 2
    assert "\n" not in caught.value.message


def test_ten_megabytes_are_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(b'{"a": "' + b"x" * 10_000_000 + b'"}')
    with pytest.raises(InputError, match=str(MAX_BYTES)):
        load_json(file)


@pytest.mark.parametrize("path", ["nowhere.json", "nowhere"])
def test_a_missing_file(path: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="readable"):
        read_config(tmp_path / path)


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("num_hidden_layers", -1, "num_hidden_layers"),
        ("num_hidden_layers", 10**9, "num_hidden_layers"),
        ("num_hidden_layers", "32", "num_hidden_layers"),
        ("num_hidden_layers", 32.0, "num_hidden_layers"),
        ("num_hidden_layers", True, "num_hidden_layers"),
        ("hidden_size", None, "hidden_size"),
        ("hidden_size", 4095, "hidden_size"),
        ("num_key_value_heads", 7, "num_key_value_heads"),
        ("vocab_size", 0, "vocab_size"),
        ("tie_word_embeddings", "no", "tie_word_embeddings"),
        ("layer_types", ["full_attention"], "layer_types"),
        ("quantization_config", {"quant_method": "magic"}, "quantization_config.quant_method"),
    ],
)
def test_the_error_names_the_key(key: str, value: object, named: str) -> None:
    config = LLAMA | {key: value, "sliding_window": 128}
    with pytest.raises(InputError) as caught:
        spec_from_config(config, name="x")
    assert caught.value.key == named


def test_unknown_architecture_says_what_is_missing() -> None:
    config = LLAMA | {"architectures": ["LlamoForCausalLM"], "model_type": "llamo"}
    with pytest.raises(InputError, match="--params") as caught:
        spec_from_config(config, name="x")
    assert (caught.value.key, caught.value.nearest) == ("architectures", "LlamaForCausalLM")


def test_more_experts_per_token_than_experts() -> None:
    with pytest.raises(InputError) as caught:
        spec_from_config(MLA | {"num_experts_per_tok": 300}, name="x")
    assert (caught.value.key, caught.value.nearest) == ("num_experts_per_tok", 256)


def test_head_size_is_the_configs_own() -> None:
    spec = spec_from_config(LLAMA | {"head_dim": 64}, name="x")
    assert census.kv_bytes_per_token(spec) == 65_536


def test_unknown_architecture_with_a_parameter_count() -> None:
    config = LLAMA | {"architectures": ["NobodyForCausalLM"], "model_type": "nobody"}
    spec = spec_from_config(config, name="x", params=9_000_000_001)
    assert census.params_total(spec) == 9_000_000_001
    assert census.kv_bytes_per_token(spec) == 131_072
    assert spec.evidence is Evidence.ESTIMATED
    assert spec.notes


@pytest.mark.parametrize("hint", ["kv_lora_rank", "sliding_window", "mamba_d_state"])
def test_unknown_attention_is_not_guessed(hint: str) -> None:
    config = LLAMA | {"architectures": ["NobodyForCausalLM"], "model_type": "nobody", hint: 16}
    with pytest.raises(InputError) as caught:
        spec_from_config(config, name="x", params=9_000_000_000)
    assert caught.value.key == hint


def test_too_few_parameters_given() -> None:
    config = LLAMA | {"architectures": ["NobodyForCausalLM"], "model_type": "nobody"}
    with pytest.raises(InputError, match="params"):
        spec_from_config(config, name="x", params=1000)


def write_folder(folder: Path, config: Config, total: object) -> None:
    (folder / "config.json").write_text(json.dumps(config))
    index = {"metadata": {"total_size": total}, "weight_map": {}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def test_an_index_gives_an_unknown_architecture_its_size(tmp_path: Path) -> None:
    config = LLAMA | {"architectures": ["NobodyForCausalLM"], "model_type": "nobody"}
    write_folder(tmp_path, config, 16_060_522_496)
    assert census.params_total(read_config(tmp_path)) == 8_030_261_248


@pytest.mark.parametrize(("total", "notes"), [(16_060_522_496, 0), (32_000_000_000, 1)])
def test_an_index_checks_the_facts(tmp_path: Path, total: int, notes: int) -> None:
    write_folder(tmp_path, LLAMA, total)
    assert len(read_config(tmp_path).notes) == notes


@pytest.mark.parametrize("total", [-1, "many", None, 10**30])
def test_a_broken_index(tmp_path: Path, total: object) -> None:
    write_folder(tmp_path, LLAMA, total)
    with pytest.raises(InputError, match="total_size"):
        read_config(tmp_path)
