"""Stored bytes of every format, and which GPU runs it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing.catalog.model_store import load, model_names
from sizing.errors import InputError
from sizing.model import Group, Quantization
from sizing.precision import (
    PRECISIONS,
    Precision,
    checkpoint_bytes,
    choose_precision,
    from_quantization,
    matrix_bytes,
    native_precision,
    parse_precision,
    stored_bytes,
    weight_bytes,
)
from sizing.support import kv_support, parse_kv_dtype, support
from sizing.tensors import Weight
from sizing.units import gib

# GiB of the checkpoint's files, or of what vLLM 0.19 logs less the rotary cache (0.03 GiB).
MEASURED = [
    ("llama-3.1-8b", "bf16", 14.96, 0.001),
    ("llama-3.1-8b", "fp8", 8.46, 0.001),
    ("llama-3.1-70b", "fp8", 67.7, 0.001),
    ("llama-3.1-70b", "bf16", 131.42, 0.001),
    ("llama-3.1-405b", "bf16", 755.96, 0.001),
    ("mixtral-8x7b", "bf16", 86.99, 0.001),
    ("qwen3-235b-a22b", "bf16", 437.90, 0.001),
    ("llama-3.1-8b", "int4", 5.35, 0.005),
    ("qwen2.5-72b", "awq", 38.8, 0.006),
    ("llama-3.1-8b", "q8_0", 7.95, 0.005),
    ("llama-3.1-8b", "q6_k", 6.14, 0.005),
    ("llama-3.1-8b", "q5_k_m", 5.34, 0.01),
    ("llama-3.1-8b", "q4_k_m", 4.58, 0.01),
    ("llama-3.1-8b", "q4_0", 4.34, 0.01),
]


@pytest.mark.parametrize(("name", "precision", "expected", "tolerance"), MEASURED)
def test_measured_weights(name: str, precision: str, expected: float, tolerance: float) -> None:
    ours = gib(weight_bytes(load(name), parse_precision(precision)))
    assert ours == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(
    ("name", "expected", "native"),
    [
        ("deepseek-v3", 641.29, "fp8-block"),
        ("gpt-oss-120b", 60.77, "mxfp4"),
        ("llama-3.1-8b", 14.96, "bf16"),
        ("kimi-k2.5", 554.3, "int4"),
    ],
)
def test_published_checkpoints(name: str, expected: float, native: str) -> None:
    spec = load(name)
    assert native_precision(spec).name == native
    assert gib(checkpoint_bytes(spec)) == pytest.approx(expected, rel=0.0005)


@pytest.mark.parametrize(
    ("precision", "rows", "cols", "expected"),
    [
        ("bf16", 100, 300, 60_000),
        ("fp32", 100, 300, 120_000),
        ("fp8", 100, 300, 30_000 + 100 * 4),
        ("fp8-block", 100, 300, 30_000 + 1 * 3 * 4),
        ("fp8-block", 257, 128, 257 * 128 + 3 * 4),
        ("int8", 100, 300, 30_000 + 100 * 4),
        ("int4", 100, 256, 12_800 + 200 * 2.5),
        ("gptq", 100, 256, 12_800 + 200 * 2.5 + 256 * 4),
        ("nf4", 100, 256, 12_800 + 400 * 4),
        ("mxfp4", 100, 96, 4_800 + 300),
        ("nvfp4", 100, 96, 4_800 + 600 + 8),
    ],
)
def test_matrix_bytes(precision: str, rows: int, cols: int, expected: float) -> None:
    assert matrix_bytes(rows, cols, parse_precision(precision)) == expected


@pytest.mark.parametrize("group", ["embedding", "lm_head", "norm", "router", "vision", "bias"])
def test_quantisation_leaves_other_groups_alone(group: Group) -> None:
    weight = Weight("x", group, 64, 64)
    assert stored_bytes(weight, parse_precision("int4")) == 2 * 64 * 64


@pytest.mark.parametrize("name", model_names())
def test_fewer_bits_are_never_more_bytes(name: str) -> None:
    spec = load(name)
    sizes = [weight_bytes(spec, PRECISIONS[p]) for p in ("fp32", "bf16", "fp8", "int4")]
    assert sizes == sorted(sizes, reverse=True)


@given(
    rows=st.integers(1, 5000),
    cols=st.integers(1, 5000),
    name=st.sampled_from(sorted(PRECISIONS)),
)
def test_scales_cost_little(rows: int, cols: int, name: str) -> None:
    precision = PRECISIONS[name]
    bare = rows * cols * precision.bits / 8
    assert bare <= matrix_bytes(rows, cols, precision)
    if cols >= 1024 and rows >= 1024:
        assert matrix_bytes(rows, cols, precision) <= bare * 1.14


def test_a_checkpoint_can_keep_modules_in_16_bits() -> None:
    keep = Quantization(method="x", format="fp8", keep=("mlp.down_proj",))
    precision = from_quantization(keep)
    assert stored_bytes(Weight("mlp.down_proj", "linear", 64, 64), precision) == 2 * 64 * 64
    assert stored_bytes(Weight("mlp.up_proj", "linear", 64, 64), precision) < 2 * 64 * 64


def test_single_layers_can_be_kept() -> None:
    spec = load("llama-3.1-8b")
    whole = from_quantization(Quantization(method="x", format="fp8"))
    part = from_quantization(
        Quantization(method="x", format="fp8", keep=("model.layers.0.mlp.down_proj",))
    )
    matrix = 4096 * 14336
    assert weight_bytes(spec, part) - weight_bytes(spec, whole) == matrix - 4096 * 4


def test_own_format_by_name_is_the_published_checkpoint() -> None:
    spec = load("gpt-oss-120b")
    assert choose_precision(spec, "mxfp4") == native_precision(spec)
    assert choose_precision(load("deepseek-v3"), "fp8").name == "fp8-block"
    assert choose_precision(spec, "bf16").name == "bf16"
    assert choose_precision(spec).name == "mxfp4"


@pytest.mark.parametrize(
    ("text", "nearest"), [("fp7", "fp8"), ("bf17", "bf16"), ("int5", "int4"), ("", None)]
)
def test_unknown_precision_names_the_nearest(text: str, nearest: str | None) -> None:
    with pytest.raises(InputError) as caught:
        parse_precision(text)
    assert caught.value.key == "precision"
    if nearest:
        assert caught.value.nearest in PRECISIONS


@pytest.mark.parametrize("text", ["BF16", " float16 ", "bnb-4bit", "w8a8", "FP8-dynamic"])
def test_spellings(text: str) -> None:
    assert isinstance(parse_precision(text), Precision)


@pytest.mark.parametrize(
    ("precision", "capability", "mode"),
    [
        ("bf16", "9.0", "native"),
        ("bf16", "7.5", "no"),
        ("bf16", "7.0", "no"),
        ("fp16", "7.0", "native"),
        ("fp8", "8.9", "native"),
        ("fp8", "8.0", "weight-only"),
        ("fp8", "7.0", "no"),
        ("fp8-block", "8.9", "weight-only"),
        ("fp8-block", "9.0", "native"),
        ("int8", "7.5", "native"),
        ("int8", "10.0", "weight-only"),
        ("int4", "9.0", "weight-only"),
        ("int4", "7.0", "no"),
        ("gptq", "7.0", "weight-only"),
        ("mxfp4", "9.0", "weight-only"),
        ("mxfp4", "10.0", "native"),
        ("nvfp4", "12.0", "native"),
        ("nvfp4", "7.5", "no"),
        ("bf16", None, "no"),
    ],
)
def test_support(precision: str, capability: str | None, mode: str) -> None:
    found = support(parse_precision(precision), capability)
    assert found.mode == mode
    assert found.reason


def test_a_refusal_says_what_would_do() -> None:
    assert "fp16" in support(parse_precision("bf16"), "7.5").reason


@pytest.mark.parametrize(
    ("text", "width", "capability", "mode"),
    [
        ("auto", 2.0, "9.0", "native"),
        ("fp8", 1.0, "9.0", "native"),
        ("fp8_e4m3", 1.0, "8.0", "no"),
        ("fp8_e5m2", 1.0, "8.0", "native"),
        ("bf16", 2.0, "7.5", "no"),
    ],
)
def test_kv_dtype(text: str, width: float, capability: str, mode: str) -> None:
    kv = parse_kv_dtype(text)
    assert kv.bytes_per_element == width
    assert kv_support(kv, capability).mode == mode


def test_unknown_kv_dtype() -> None:
    with pytest.raises(InputError, match="kv_dtype"):
        parse_kv_dtype("fp3")
