"""Layouts an engine can start, and how a pipeline is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing.layouts import inner_pipelines, spanning_shapes, tensor_shapes
from sizing.plan import Layout
from sizing.precision import parse_precision
from sizing.resolve import resolve
from sizing.sharding import stage_layers, violation


@pytest.mark.parametrize(
    ("layers", "stages", "expected"),
    [
        (126, 2, [63, 63]),
        (80, 3, [27, 27, 26]),
        (61, 2, [31, 30]),
        (10, 4, [2, 3, 3, 2]),
        (7, 1, [7]),
        (4, 4, [1, 1, 1, 1]),
    ],
)
def test_vllm_stage_split(layers: int, stages: int, expected: list[int]) -> None:
    assert stage_layers(layers, stages) == expected


@given(st.integers(1, 200), st.integers(1, 32))
def test_every_layer_lies_in_one_stage(layers: int, stages: int) -> None:
    if stages > layers:
        return
    found = stage_layers(layers, stages)
    assert sum(found) == layers
    assert min(found) >= 1
    assert found[-1] <= max(found)


@pytest.mark.parametrize(
    ("model", "precision", "layout", "legal"),
    [
        ("llama-3.1-405b", "bf16", Layout(tp=8, pp=2), True),
        ("llama-3.1-405b", "bf16", Layout(tp=16, pp=1), True),
        ("llama-3.1-405b", "bf16", Layout(tp=7, pp=1), False),
        ("llama-3.1-405b", "bf16", Layout(tp=12, pp=1), False),
        ("llama-3.1-405b", "bf16", Layout(tp=1, pp=127), False),
        ("llama-3.1-8b", "bf16", Layout(tp=8, pp=1, ep=8), False),
        ("llama-3.1-8b", "bf16", Layout(tp=32, pp=1), True),
        ("llama-3.1-8b", "bf16", Layout(tp=64, pp=1), False),
        ("qwen3-235b-a22b", "fp8-block", Layout(tp=8, pp=1), False),
        ("qwen3-235b-a22b", "fp8-block", Layout(tp=4, pp=1), True),
        ("qwen3-235b-a22b", "fp8-block", Layout(tp=8, pp=1, ep=8), True),
    ],
)
def test_legality(model: str, precision: str, layout: Layout, legal: bool) -> None:
    found = violation(resolve(model).spec, parse_precision(precision), layout)
    assert (found is None) is legal, found


def test_the_reason_names_the_figures() -> None:
    spec = resolve("qwen3-235b-a22b").spec
    reason = violation(spec, parse_precision("fp8-block"), Layout(tp=8, pp=1))
    assert reason is not None
    assert "192" in reason
    assert "128" in reason


def test_tensor_parallel_stays_inside_a_node() -> None:
    for shape in spanning_shapes(8, 3, True):
        assert all(x.tp <= 8 and x.gpus == 24 for x in shape)
    for shape in (*tensor_shapes(8, True), *inner_pipelines(8, True)):
        assert all(x.gpus <= 8 for x in shape)


def test_expert_parallelism_is_offered_to_models_with_experts_only() -> None:
    assert {x.ep for shape in tensor_shapes(8, True) for x in shape} == set(range(1, 9))
    assert {x.ep for shape in tensor_shapes(8, False) for x in shape} == {1}
