"""What a model stores, against published totals and hand-counted small cases."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sizing import census
from sizing.catalog.model_store import load, model_names
from sizing.model import Block, Dense, Gqa, ModelSpec, Moe, Run

# Totals of the checkpoints' tensor headers on the hub, and KV bytes per token at bf16.
PUBLISHED = [
    ("llama-3.1-8b", 8_030_261_248, 131_072),
    ("llama-3.1-405b", 405_853_388_800, 516_096),
    ("mixtral-8x7b", 46_702_792_704, 131_072),
    ("qwen3-235b-a22b", 235_093_634_560, 192_512),
    ("deepseek-v3", 671_026_404_352, 70_272),
    ("gpt-oss-120b", 116_829_156_672, 73_728),
    ("gemma-3-27b", 27_432_406_640, 507_904),
    ("llama-4-scout", 108_641_793_536, 196_608),
    ("qwen3-next-80b", 79_674_391_296, 24_576),
    ("kimi-k2", 1_026_408_209_408, 70_272),
    ("glm-4.5-air", 106_852_245_504, 188_416),
    ("minimax-m2", 228_689_748_992, 253_952),
]


def tiny(**changes: object) -> ModelSpec:
    """Two layers of width 8: small enough to count by hand."""
    attention = Gqa(kind="gqa", heads=4, kv_heads=2, head_dim=2)
    facts: dict[str, object] = {
        "name": "tiny",
        "family": "test",
        "architecture": "Test",
        "hidden": 8,
        "vocab": 10,
        "tied": False,
        "blocks": {"a": Block(attention=attention, ffn=Dense(kind="dense", intermediate=16))},
        "stack": (Run(block="a", count=2),),
    }
    return ModelSpec.model_validate(facts | changes)


@pytest.mark.parametrize(("name", "total", "kv"), PUBLISHED)
def test_published_totals(name: str, total: int, kv: int) -> None:
    spec = load(name)
    assert census.params_total(spec) == total
    assert census.kv_bytes_per_token(spec) == kv


def test_hand_count() -> None:
    layer = 8 * 8 + 2 * (4 * 8) + 8 * 8 + 3 * 16 * 8 + 2 * 8
    assert census.params_total(tiny()) == 2 * layer + 2 * 10 * 8 + 8
    assert census.params_total(tiny(tied=True)) == 2 * layer + 10 * 8 + 8


def test_hand_counted_experts() -> None:
    moe = Moe(kind="moe", experts=4, top_k=1, intermediate=16, shared_intermediate=16)
    attention = Gqa(kind="gqa", heads=4, kv_heads=2, head_dim=2)
    spec = tiny(blocks={"a": Block(attention=attention, ffn=moe)})
    groups = census.params_by_group(spec)
    assert groups["expert"] == 2 * 4 * 3 * 16 * 8
    assert groups["router"] == 2 * 4 * 8
    assert census.params_total(spec) - census.params_active(spec) == 2 * 3 * (3 * 16 * 8)


@pytest.mark.parametrize("name", model_names())
def test_every_catalogue_model_is_consistent(name: str) -> None:
    spec = load(name)
    groups = census.params_by_group(spec)
    stored = sum(x.elements for x in census.weights(spec) if x.section != "mtp")
    assert spec.name == name
    assert spec.source
    assert spec.as_of
    assert sum(groups.values()) == census.params_total(spec)
    assert stored == census.params_total(spec) + census.params_buffers(spec)
    assert 0 < census.params_active(spec) <= census.params_total(spec)
    assert census.kv_growth_per_token(spec) <= census.kv_bytes_per_token(spec)
    assert ModelSpec.model_validate(spec.to_catalogue()) == spec


@pytest.mark.parametrize("name", model_names())
def test_cache_never_shrinks_with_context(name: str) -> None:
    spec = load(name)
    sizes = [census.kv_bytes(spec, context) for context in (1, 128, 4096, 8192, 131_072)]
    assert sizes == sorted(sizes)
    assert census.kv_bytes(spec, 8192, 1.0) * 2 == census.kv_bytes(spec, 8192, 2.0)


def test_window_bounds_the_cache() -> None:
    spec = load("gpt-oss-120b")
    assert census.kv_growth_per_token(spec) == 36_864
    assert census.kv_bytes(spec, 8192) == 36_864 * 8192 + 36_864 * 128


def test_chunk_bounds_the_cache() -> None:
    spec = load("llama-4-scout")
    assert census.kv_bytes(spec, 32_768) == 12 * 4096 * 32_768 + 36 * 4096 * 8192


def test_shared_layers_cache_nothing() -> None:
    shared = Gqa(kind="gqa", heads=4, kv_heads=2, head_dim=2, kv_shared=True)
    ffn = Dense(kind="dense", intermediate=16)
    own = tiny().blocks["a"]
    spec = tiny(
        blocks={"a": own, "b": Block(attention=shared, ffn=ffn)},
        stack=(Run(block="a", count=1), Run(block="b", count=1)),
    )
    assert census.kv_bytes_per_token(spec) == census.kv_bytes_per_token(tiny()) / 2
    assert census.params_total(tiny()) - census.params_total(spec) == 2 * 4 * 8


def test_sparse_attention_keys_are_apart() -> None:
    spec = load("deepseek-v3.2")
    plain = census.kv_bytes(spec, 8192)
    assert plain == census.kv_bytes(load("deepseek-v3"), 8192)
    assert census.kv_bytes(spec, 8192, indexer=True) == plain + 61 * 132 * 8192


def test_linear_attention_keeps_state_instead_of_cache() -> None:
    spec = load("qwen3-next-80b")
    assert census.state_bytes_per_sequence(spec, 2, 4) == 1_769_472 + 75_497_472
    assert census.state_bytes_per_sequence(spec, 2, 2) == 1_769_472 + 37_748_736
    assert census.state_bytes_per_sequence(load("llama-3.1-8b")) == 0


def test_mtp_is_counted_apart() -> None:
    spec = load("deepseek-v3")
    assert census.params_mtp(spec) == 11_610_067_968


def test_stack_must_name_known_blocks() -> None:
    with pytest.raises(ValidationError, match="unknown blocks"):
        tiny(stack=(Run(block="b", count=1),))


def test_layers_keep_their_order() -> None:
    order = load("gemma-3-27b").layer_order()
    assert len(order) == 62
    assert [i for i, block in enumerate(order) if block.startswith("full")][:2] == [5, 11]


def test_a_changed_copy_is_counted_afresh() -> None:
    spec = tiny()
    before = census.params_total(spec)
    assert census.params_total(spec.model_copy(update={"tied": True})) == before - 80
    assert census.params_total(spec) == before


def test_spec_is_frozen() -> None:
    with pytest.raises(ValidationError):
        tiny().hidden = 9  # pyright: ignore[reportAttributeAccessIssue]
