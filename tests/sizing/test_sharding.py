"""What a rank holds of a tensor, and which layouts an engine refuses, with the reason."""

from __future__ import annotations

import pytest

from sizing.plan import Layout
from sizing.precision import choose_precision
from sizing.resolve import resolve
from sizing.sharding import shard, stage_layers, violation
from sizing.tensors import Weight


@pytest.mark.parametrize(
    ("model", "precision", "layout", "said"),
    [
        ("qwen3-14b", None, Layout(tp=5, pp=1), "TP 5"),
        ("qwen2.5-7b", None, Layout(tp=8, pp=1), "28 heads"),
        ("phi-4", None, Layout(tp=4, pp=1), "KV heads"),
        ("qwen3-235b-a22b", "fp8-block", Layout(tp=8, pp=1), "192 of 1536"),
        ("qwen3-235b-a22b", None, Layout(tp=1, pp=96), "94 layers"),
        ("qwen3-235b-a22b", None, Layout(tp=3, pp=1, ep=3), "EP 3"),
        ("llama-3.1-8b", None, Layout(tp=2, pp=1, ep=2), "without experts"),
        ("qwen2.5-72b", "awq", Layout(tp=8, pp=1), "29568"),
    ],
)
def test_illegal_layouts_are_refused_with_the_reason(
    model: str, precision: str | None, layout: Layout, said: str
) -> None:
    spec = resolve(model).spec
    reason = violation(spec, choose_precision(spec, precision), layout)
    assert reason is not None
    assert said in reason


@pytest.mark.parametrize(
    ("model", "precision", "layout"),
    [
        ("qwen3-235b-a22b", "fp8-block", Layout(tp=4, pp=1)),
        ("qwen3-235b-a22b", "fp8-block", Layout(tp=8, pp=1, ep=8)),
        ("qwen2.5-72b", "bf16", Layout(tp=8, pp=1)),
        ("llama-3.1-8b", "bf16", Layout(tp=16, pp=1)),
        ("deepseek-v3", None, Layout(tp=16, pp=1)),
        # mxfp4 experts are padded to whole blocks of 32 on every rank.
        ("gpt-oss-120b", None, Layout(tp=8, pp=1)),
        ("gpt-oss-20b", None, Layout(tp=4, pp=1)),
        ("gemma-3-27b", "bf16", Layout(tp=8, pp=1)),
        # 96 of 768: a group of 128 is split, which expert kernels do and others do not.
        ("qwen3-30b-a3b", "int4", Layout(tp=8, pp=1)),
    ],
)
def test_layouts_that_engines_run_are_legal(
    model: str, precision: str | None, layout: Layout
) -> None:
    spec = resolve(model).spec
    assert violation(spec, choose_precision(spec, precision), layout) is None


@pytest.mark.parametrize(
    ("layers", "stages", "counts"),
    [(32, 4, [8, 8, 8, 8]), (126, 4, [31, 32, 32, 31]), (61, 2, [31, 30]), (7, 1, [7])],
)
def test_layers_left_over_go_to_stages_before_the_last(
    layers: int, stages: int, counts: list[int]
) -> None:
    assert stage_layers(layers, stages) == counts


def test_experts_are_cut_over_all_data_parallel_ranks() -> None:
    experts = Weight("mlp.experts.up_proj", "expert", 1536, 4096, 128, "column")
    assert shard(experts, Layout(tp=2, pp=1, dp=4)).rows == 192
    assert shard(experts, Layout(tp=2, pp=1, dp=4, ep=8)).copies == 16
    dense = Weight("mlp.up_proj", "linear", 1536, 4096, 1, "column")
    assert shard(dense, Layout(tp=2, pp=1, dp=4)).rows == 768
