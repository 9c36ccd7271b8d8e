"""Which repository serves a model at a precision: never other weights, never an invented one."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from sizing.catalog.checkpoint_rows import Row, find, gated, rows, variants
from sizing.catalog.checkpoints import (
    checkpoint_for,
    known_checkpoints,
    parse_checkpoint,
    serves,
    stored_format,
)
from sizing.catalog.model_store import index, load, model_names
from sizing.catalog.store import read
from sizing.checkpoint import Checkpoint
from sizing.deployment import find_model
from sizing.errors import InputError
from sizing.formats import GGUF_KINDS, PRECISIONS
from sizing.plan import Plan
from sizing.planner import plan_for
from sizing.precision import native_precision, weight_bytes
from sizing.render import render_plan
from sizing.resolve import precision_in_name
from sizing.stack_config import StackConfig

HUB_ID = re.compile(r"[A-Za-z0-9_.-]{1,96}/[A-Za-z0-9_.-]{1,96}")
ROWS = [(name, row) for name in model_names() for row in rows(name)]
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
QUANTISED = "RedHatAI/Meta-Llama-3.1-8B-Instruct-"


def served(model: str, precision: str | None = None) -> Checkpoint | None:
    """What `sizing plan MODEL --precision PRECISION` would serve."""
    spec, chosen = find_model(model, precision)
    return checkpoint_for(spec, chosen, model)


CASES: list[tuple[str, str | None, str | None]] = [
    # the model's own checkpoint, by any of its names
    ("llama-3.1-8b", "bf16", LLAMA),
    ("llama-3.1-8b", None, LLAMA),
    ("llama-3.1-8b", "fp16", LLAMA),
    (LLAMA.lower(), "bf16", LLAMA),
    ("Llama 3.1 8B Instruct", "bf16", LLAMA),
    ("llama-2-7b", "bf16", "meta-llama/Llama-2-7b-chat-hf"),
    ("olmo-2-13b", "bf16", "allenai/OLMo-2-1124-13B"),
    ("deepseek-v3", None, "deepseek-ai/DeepSeek-V3"),
    ("deepseek-v3", "fp8", "deepseek-ai/DeepSeek-V3"),
    ("gpt-oss-120b", "mxfp4", "openai/gpt-oss-120b"),
    ("kimi-k2.5", "int4", "moonshotai/Kimi-K2.5"),
    # other weights of the same shape
    ("meta-llama/Llama-3.1-8B", "bf16", "meta-llama/Llama-3.1-8B"),
    ("meta-llama/llama-3.1-8b", "bf16", "meta-llama/Llama-3.1-8B"),
    ("meta-llama/Meta-Llama-3.1-8B", "bf16", "meta-llama/Meta-Llama-3.1-8B"),
    ("meta-llama/Llama-3.1-8B", "fp8", "RedHatAI/Meta-Llama-3.1-8B-FP8"),
    ("meta-llama/Llama-3.1-8B", "int4", None),
    ("deepseek-ai/DeepSeek-V3-0324", None, "deepseek-ai/DeepSeek-V3-0324"),
    ("deepseek-v3-0324", None, "deepseek-ai/DeepSeek-V3-0324"),
    ("deepseek-v3-0324", "awq", None),
    ("deepseek-v2.5", None, "deepseek-ai/DeepSeek-V2.5"),
    ("qwen2.5-coder-32b-instruct", "awq", "Qwen/Qwen2.5-Coder-32B-Instruct-AWQ"),
    ("qwen2.5-32b", "awq", "Qwen/Qwen2.5-32B-Instruct-AWQ"),
    ("minimaxai/minimax-m1-40k", None, "MiniMaxAI/MiniMax-M1-40k"),
    # a repository that was never there is not served, the one that people mean is
    ("meta-llama/Llama-3-8B-Instruct", "bf16", "meta-llama/Meta-Llama-3-8B-Instruct"),
    # quantised copies
    ("llama-3.1-8b", "fp8", QUANTISED + "FP8-dynamic"),
    ("meta-llama/Meta-Llama-3.1-8B-Instruct", "int8", QUANTISED + "quantized.w8a8"),
    ("llama-3.1-8b", "w8a16", QUANTISED + "quantized.w8a16"),
    ("llama-3.1-8b", "int4", QUANTISED + "quantized.w4a16"),
    ("llama-3.1-8b", "awq", "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4"),
    ("llama-3.1-405b", "gptq", "hugging-quants/Meta-Llama-3.1-405B-Instruct-GPTQ-INT4"),
    ("qwen3-8b", "fp8", "Qwen/Qwen3-8B-FP8"),
    ("glm-5.1", "fp8", "zai-org/GLM-5.1-FP8"),
    ("glm-4.5", "fp8", "zai-org/GLM-4.5-FP8"),
    # int4 is served by AWQ or GPTQ where nothing else is known, and not the other way round
    ("qwen2.5-72b", "int4", "Qwen/Qwen2.5-72B-Instruct-AWQ"),
    ("llama-4-scout", "awq", None),
    # what the user names is served as it stands
    (QUANTISED + "FP8", None, QUANTISED + "FP8"),
    (QUANTISED + "FP8", "fp8", QUANTISED + "FP8"),
    ("redhatai/meta-llama-3.1-8b-instruct-quantized.w4a16", None, QUANTISED + "quantized.w4a16"),
    ("NousResearch/Hermes-3-Llama-3.1-8B", None, "NousResearch/Hermes-3-Llama-3.1-8B"),
    ("NousResearch/Hermes-3-Llama-3.1-8B", "fp8", None),
    ("unsloth/Llama-3.3-70B-Instruct", "bf16", "unsloth/Llama-3.3-70B-Instruct"),
    ("someone/Llama-3.1-8B-Instruct-AWQ", "int4", "someone/Llama-3.1-8B-Instruct-AWQ"),
    ("llama-3.1-8b-instruct-awq", None, "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4"),
    # repositories that hold something else than the catalogue's config says
    ("kimi-k2.6", "bf16", None),
    ("kimi-k2.6", "int4", "moonshotai/Kimi-K2.6"),
    ("glm-5.3", "bf16", "zai-org/GLM-5.3-BF16"),
    ("glm-5.3", "fp8", "zai-org/GLM-5.3"),
    ("grok-1", "bf16", "hpcai-tech/grok-1"),
    # nothing is known
    ("mixtral-8x7b", "int8", None),
    ("command-r-plus", "fp8", None),
    *(("llama-3.1-8b", kind, None) for kind in GGUF_KINDS),
]


@pytest.mark.parametrize(("model", "precision", "repository"), CASES)
def test_what_is_served(model: str, precision: str | None, repository: str | None) -> None:
    found = served(model, precision)
    assert (found.repository if found else None) == repository
    assert found is None or found.quantization is None


@pytest.mark.parametrize("model", ["llama-3.1-70b", "qwen3-8b", "mistral-7b-v0.3"])
def test_nf4_is_made_from_16_bits(model: str) -> None:
    found = served(model, "nf4")
    assert found is not None
    assert (found.repository, found.quantization) == (load(model).hf_id, "bitsandbytes")


@pytest.mark.parametrize("model", ["mixtral-8x7b", "gemma-3-27b", "deepseek-v3", "gpt2"])
def test_nf4_only_where_it_is_certain(model: str) -> None:
    assert served(model, "nf4") is None


def test_a_path_has_no_checkpoint(tmp_path: Path) -> None:
    shape = {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32}
    heads = {"num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256}
    config = {"architectures": ["LlamaForCausalLM"], "torch_dtype": "bfloat16", **shape, **heads}
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config), "utf-8")
    assert served(str(file)) is None
    assert served(str(tmp_path)) is None


def test_an_unsupported_model_has_none() -> None:
    spec = load("llama-3.1-8b").model_copy(update={"unsupported_reason": "no engine runs it"})
    assert checkpoint_for(spec, PRECISIONS["bf16"]) is None


def test_without_a_name_the_model_itself_is_meant() -> None:
    found = checkpoint_for(load("llama-3.1-8b"), PRECISIONS["bf16"])
    assert found is not None
    assert found.repository == LLAMA


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        (LLAMA, True),
        ("meta-llama/Llama-3.1-405B-FP8", True),
        ("google/gemma-3-27b-it", True),
        ("google/gemma-4-31B-it", None),
        ("CohereLabs/c4ai-command-r-plus", True),
        ("mistralai/Mistral-7B-Instruct-v0.3", True),
        ("mistralai/Mistral-7B-v0.1", None),
        ("nvidia/Llama-3.3-70B-Instruct-NVFP4", False),
        ("Qwen/Qwen3-8B", None),
        (QUANTISED + "FP8", None),
    ],
)
def test_gated_only_where_a_source_says(repository: str, expected: bool | None) -> None:
    assert gated(repository) is expected


def test_blocks_do_not_serve_a_plain_fp8() -> None:
    assert not serves(PRECISIONS["fp8"], PRECISIONS["fp8-block"])
    assert not serves(PRECISIONS["int8"], PRECISIONS["w8a16"])
    assert serves(PRECISIONS["bf16"], PRECISIONS["fp32"])
    assert not serves(PRECISIONS["fp32"], PRECISIONS["bf16"])


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[r.repository for _, r in ROWS])
def test_every_row_is_well_formed_and_reachable(name: str, row: Row) -> None:
    assert HUB_ID.fullmatch(row.repository)
    assert row.precision in PRECISIONS
    assert row.precision not in (*GGUF_KINDS, "nf4")
    assert row.source
    assert date.fromisoformat(row.as_of) <= date(2026, 11, 24)
    assert row.of is None or row.of in (load(name).hf_id, *variants(name))
    found = checkpoint_for(load(name), PRECISIONS[row.precision], row.of or name)
    assert found is not None
    assert found.repository == row.repository
    assert found.source == row.source
    known = find(row.repository.upper())
    assert known is not None
    assert known.row == row


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[r.repository for _, r in ROWS])
def test_a_row_says_what_its_name_says(name: str, row: Row) -> None:
    told = precision_in_name(row.repository)
    if told is None:
        return
    blocks = {"fp8-block": "fp8"}
    assert told.precision.name in (row.precision, blocks.get(row.precision))
    assert find_model(row.repository, None)[0].name == name


def test_a_named_copy_is_sized_as_it_is_stored() -> None:
    spec, chosen = find_model("nvidia/GLM-5.1-NVFP4", None)
    assert spec.name == "glm-5.1"
    assert weight_bytes(spec, chosen) > 1.03 * weight_bytes(spec, PRECISIONS["nvfp4"])


def test_the_file_names_catalogue_models_only() -> None:
    content = read("checkpoints.json")
    assert content["checkpoints"].keys() | content["variants"].keys() <= set(model_names())
    own = {entry["hf_id"] for entry in index().values()}
    assert content["not_as_catalogued"].keys() <= own
    everything = [row["repository"].lower() for found in _all(content) for row in found]
    assert len(everything) == len(set(everything))
    for said in (*content["gated"], *content["not_as_catalogued"].values()):
        assert said["source"]
        assert date.fromisoformat(said["as_of"])


def _all(content: dict[str, Any]) -> list[list[dict[str, Any]]]:
    found = [*content["checkpoints"].values(), *content["variants"].values()]
    return cast("list[list[dict[str, Any]]]", found)


ALIASES = [(n, a) for n, entry in index().items() for a in entry["aliases"] if "/" in a]


@pytest.mark.parametrize(("name", "alias"), ALIASES)
def test_an_alias_leads_to_the_repository_that_it_names(name: str, alias: str) -> None:
    spec = load(name)
    found = checkpoint_for(spec, native_precision(spec), alias)
    assert found is not None
    organisation, _, short = alias.partition("/")
    plain = f"{organisation}/{short.removeprefix('meta-')}"
    assert found.repository.lower().replace("/meta-", "/") == plain


@pytest.mark.parametrize("model", model_names())
def test_known_checkpoints_are_what_each_precision_serves(model: str) -> None:
    spec = load(model)
    for name, found in known_checkpoints(spec).items():
        asked = native_precision(spec) if native_precision(spec).name == name else PRECISIONS[name]
        assert checkpoint_for(spec, asked) == found


@pytest.mark.parametrize(
    ("text", "repository", "revision"),
    [
        ("org/model", "org/model", None),
        (" org/model@v1.0 ", "org/model", "v1.0"),
        ("s3://weights/llama/8b/", "s3://weights/llama/8b/", None),
    ],
)
def test_a_checkpoint_can_be_named(text: str, repository: str, revision: str | None) -> None:
    found = parse_checkpoint(text)
    assert found is not None
    assert (found.repository, found.revision) == (repository, revision)


@pytest.mark.parametrize(
    "text", ["model", "a/b/c", "org/model@", "s3://x@1", "org/mo del", "s3:/b/k"]
)
def test_a_malformed_checkpoint_is_told(text: str) -> None:
    with pytest.raises(InputError, match=r"serving\.checkpoint"):
        parse_checkpoint(text)
    assert parse_checkpoint("  ") is None


def plan(**values: object) -> Plan:
    return plan_for(StackConfig.from_mapping({"model": "llama-3.1-405b", **values}))


def line(page: str, label: str) -> str:
    return next(text for text in page.splitlines() if text.startswith(f"  {label} "))


def test_the_page_names_the_checkpoint() -> None:
    found = line(render_plan(plan(precision="bf16")), "Checkpoint")
    assert found.split(maxsplit=1)[1] == (
        "meta-llama/Llama-3.1-405B-Instruct (gated: needs a token)"
    )


def test_the_page_says_that_none_is_known() -> None:
    page = render_plan(plan(model="mixtral-8x7b", precision="int8"))
    assert "none known at int8: nodes alone, or name one with serving.checkpoint" in page


def test_the_plan_is_the_same_through_json() -> None:
    made = plan(precision="int8")
    assert made.checkpoint is not None
    assert Plan.model_validate_json(made.model_dump_json()) == made


def test_what_the_stack_names_is_served() -> None:
    made = plan(precision="int8", serving={"checkpoint": "acme/llama-405b-int8@main"})
    assert made.checkpoint is not None
    assert made.checkpoint.repository == "acme/llama-405b-int8"
    assert line(render_plan(made), "Checkpoint").endswith("acme/llama-405b-int8@main")
    with pytest.raises(InputError, match=r"serving\.checkpoint"):
        plan(serving={"checkpoint": "not a repository"})


def test_a_size_that_differs_is_told() -> None:
    made = plan(model="glm-5.1", precision="nvfp4", gpu="B200")
    assert made.checkpoint is not None
    said = f"{made.checkpoint.repository} is 5% larger than the nvfp4 that was sized"
    assert said in made.warnings
    assert not any("larger than" in w for w in plan(precision="fp8").warnings)


def test_unlike_layers_may_have_been_left_alone() -> None:
    scout = plan(model="llama-4-scout", precision="int4")
    assert any("quantises every linear layer" in said for said in scout.assumptions)
    dense = plan(model="llama-3.1-8b", precision="int4")
    assert not any("quantises every linear layer" in said for said in dense.assumptions)


def test_a_quantised_bitsandbytes_copy_is_not_split() -> None:
    named = "unsloth/Llama-3.1-405B-Instruct-bnb-4bit"
    made = plan(model=named, gpu="H100")
    assert made.checkpoint is not None
    assert made.checkpoint.repository == named
    assert made.layout.tp > 1
    assert any("does not split" in warning for warning in made.warnings)


def test_stored_as_planned_where_nothing_is_known() -> None:
    found = Checkpoint(repository="acme/model")
    assert stored_format(PRECISIONS["int4"], found) is PRECISIONS["int4"]
