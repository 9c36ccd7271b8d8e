"""From what people type to a model and the precision its name gives away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing import resolve as module
from sizing.catalog.model_store import canonical, index, load, model_names, search
from sizing.errors import InputError
from sizing.evidence import Evidence
from sizing.model import ModelSpec
from sizing.resolve import resolve

NAMES = [
    ("llama-3.1-405b", "llama-3.1-405b"),
    ("LLAMA-3.1-405B", "llama-3.1-405b"),
    ("llama-3.1-405b-instruct", "llama-3.1-405b"),
    ("meta-llama/Llama-3.1-405B-Instruct", "llama-3.1-405b"),
    ("meta-llama/Meta-Llama-3.1-405B", "llama-3.1-405b"),
    ("llama_3.2_3b", "llama-3.2-3b"),
    ("deepseek-ai/DeepSeek-R1", "deepseek-r1"),
    ("Qwen/Qwen3-Coder-480B-A35B-Instruct", "qwen3-coder-480b"),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral-8x7b"),
    ("mistral-7b-v0.3", "mistral-7b-v0.3"),
    ("llama-4-maverick", "llama-4-maverick"),
    ("google/gemma-3-27b-it", "gemma-3-27b"),
]
CHECKPOINTS = [
    ("RedHatAI/Llama-3.3-70B-Instruct-fp8-dynamic", "llama-3.3-70b", "fp8"),
    ("RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16", "llama-3.1-8b", "int4"),
    ("RedHatAI/Meta-Llama-3.1-70B-Instruct-quantized.w8a8", "llama-3.1-70b", "int8"),
    ("hugging-quants/Meta-Llama-3.1-405B-Instruct-AWQ-INT4", "llama-3.1-405b", "awq"),
    ("Qwen/Qwen3-30B-A3B-GPTQ-Int4", "qwen3-30b-a3b", "gptq"),
    ("Qwen/Qwen3-235B-A22B-FP8", "qwen3-235b-a22b", "fp8-block"),
    ("unsloth/Llama-3.3-70B-Instruct-bnb-4bit", "llama-3.3-70b", "nf4"),
    ("nvidia/DeepSeek-R1-0528-NVFP4", "deepseek-r1-0528", "nvfp4"),
    ("someone/Qwen2.5-7B-Instruct-GPTQ-Int8", "qwen2.5-7b", "w8a16"),
    ("unsloth/gpt-oss-20b-BF16", "gpt-oss-20b", "bf16"),
    ("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "llama-3.1-8b", "q4_k_m"),
    ("someone/Qwen3-8B-Q8_0-GGUF", "qwen3-8b", "q8_0"),
]


@pytest.mark.parametrize(("typed", "name"), NAMES)
def test_names(typed: str, name: str) -> None:
    found = resolve(typed)
    assert found.spec.name == name
    assert found.precision_from_name is None


@pytest.mark.parametrize(("typed", "name", "precision"), CHECKPOINTS)
def test_quantised_checkpoints_resolve_offline(typed: str, name: str, precision: str) -> None:
    found = resolve(typed)
    assert found.spec.name == name
    assert found.precision_from_name is not None
    assert found.precision_from_name.name == precision


def test_a_fine_tune_is_its_base_and_says_so() -> None:
    spec = resolve("NousResearch/Hermes-3-Llama-3.1-8B").spec
    assert spec.name == "llama-3.1-8b"
    assert spec.evidence is Evidence.ESTIMATED
    assert "fine-tune" in spec.notes[-1]
    assert load("llama-3.1-8b").notes == ()


def test_a_drafter_is_not_its_target(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_the_hub_knows(hf_id: str, *_: object) -> ModelSpec:
        raise InputError("model", hf_id, "asked the hub")

    monkeypatch.setattr("sizing.hub.fetch_config", only_the_hub_knows)
    with pytest.raises(InputError, match="asked the hub"):
        resolve("nobody/EAGLE3-Llama-3.1-8B")


def test_asking_for_what_the_checkpoint_is_not() -> None:
    with pytest.raises(InputError) as caught:
        resolve("Qwen/Qwen2.5-72B-Instruct-AWQ", precision="bf16")
    assert (caught.value.key, caught.value.nearest) == ("precision", "awq")


@pytest.mark.parametrize(
    ("checkpoint", "asked"),
    [("Qwen/Qwen2.5-72B-Instruct-AWQ", "int4"), ("Qwen/Qwen3-235B-A22B-FP8", "fp8")],
)
def test_the_common_name_of_what_it_is(checkpoint: str, asked: str) -> None:
    assert resolve(checkpoint, precision=asked).precision_from_name is not None


def test_aliases_name_one_model_each() -> None:
    owners: dict[str, str] = {}
    for name, entry in index().items():
        for alias in (name, entry["hf_id"], *entry["aliases"]):
            assert owners.setdefault(canonical(alias), name) == name


def test_index_and_files_agree() -> None:
    for name in model_names():
        spec = load(name)
        assert (spec.hf_id, list(spec.aliases)) == (
            index()[name]["hf_id"],
            index()[name]["aliases"],
        )


def test_search() -> None:
    assert "qwen3-coder-480b" in search("qwen coder")
    assert search("no such model at all") == []


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("lama-3.1-405b", "llama-3.1-405b"),
        ("deepseekv3", "deepseek-v3"),
        ("gpt-oss", "gpt-oss-20b"),
    ],
)
def test_typos_name_the_nearest(typed: str, nearest: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve(typed)
    assert caught.value.key == "model"
    assert caught.value.nearest == nearest


@pytest.mark.parametrize(
    "typed", ["", " ", "a/b/c", "x" * 500, "\0", "../../etc/passwd", "é", "~nobody/x"]
)
def test_nonsense(typed: str) -> None:
    with pytest.raises(InputError):
        resolve(typed)


def key_or_name(typed: str) -> str:
    """What this resolves to: a model's name, or the key of the error."""
    try:
        return resolve(typed).spec.name
    except InputError as error:
        return error.key


@given(typed=st.text(max_size=40).filter(lambda t: "/" not in t))
def test_any_text_is_a_model_or_an_input_error(typed: str) -> None:
    assert key_or_name(typed) in {"model", *model_names()}


def test_unreachable_hub_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no route")

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", refuse)
    with pytest.raises(InputError, match="could not be reached") as caught:
        resolve("meta-llama/Llama-3.1-405")
    assert caught.value.nearest == "llama-3.1-405b"


def test_hub_config_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from sizing import hub

    file = tmp_path / "config.json"
    file.write_text(json.dumps(llama_config()))

    def cached(_: str) -> Path:
        return file

    monkeypatch.setattr(hub, "_cached", cached)
    assert resolve("someone/tiny").spec.hf_id == "someone/tiny"


def test_a_path_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(llama_config()))
    assert resolve(str(tmp_path)).spec.layers == 2
    assert resolve(str(tmp_path / "config.json")).spec.layers == 2


def test_catalogue_lookup_needs_no_config_reader() -> None:
    assert "huggingface_hub" not in vars(module)


def llama_config() -> dict[str, object]:
    """A Llama of two layers."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "num_hidden_layers": 2,
        "vocab_size": 100,
    }
