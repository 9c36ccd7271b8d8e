"""A checkpoint's own quantization_config, method by method."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sizing.catalog.model_store import load
from sizing.configs import spec_from_config
from sizing.errors import InputError
from sizing.kept import check_kept, is_kept, keep_rules
from sizing.precision import Precision, native_precision
from tests.sizing.test_configs import LLAMA

Config = dict[str, Any]


def native(quantization: Config) -> Precision:
    """The precision that a Llama with this quantization_config is stored in."""
    config = LLAMA | {"quantization_config": quantization}
    return native_precision(spec_from_config(config, name="x"))


def scheme(bits: int, kind: str, strategy: str, group: int | None = None, **more: Any) -> Config:
    """A compressed-tensors config with one group."""
    weights = {"num_bits": bits, "type": kind, "strategy": strategy, "group_size": group} | more
    return {
        "quant_method": "compressed-tensors",
        "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}},
        "ignore": ["lm_head"],
    }


METHODS = [
    ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8-block", "block", 8),
    ({"quant_method": "fp8", "activation_scheme": "static"}, "fp8", "tensor", 8),
    ({"quant_method": "fbgemm_fp8"}, "fp8", "channel", 8),
    ({"quant_method": "mxfp4"}, "mxfp4", "group", 4),
    ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}, "awq", "group", 4),
    ({"quant_method": "gptq", "bits": 4, "group_size": 128}, "gptq", "group", 4),
    ({"quant_method": "gptq", "bits": 8, "group_size": 128}, "w8a16", "group", 8),
    ({"quant_method": "gptq", "bits": 4, "group_size": -1}, "gptq", "channel", 4),
    ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "nf4", "group", 4),
    ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "int8", "channel", 8),
    ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4", "group", 4),
    ({"quant_method": "modelopt", "quantization": {"quant_algo": "FP8"}}, "fp8", "channel", 8),
    (scheme(8, "float", "channel"), "fp8", "channel", 8),
    (scheme(8, "float", "block", block_structure=[128, 128]), "fp8-block", "block", 8),
    (scheme(4, "int", "group", 128), "int4", "group", 4),
    (scheme(4, "int", "group", 32), "int4", "group", 4),
    (scheme(8, "int", "channel"), "w8a16", "channel", 8),
    (scheme(4, "float", "tensor_group", 16), "nvfp4", "group", 4),
    (scheme(4, "float", "group", 32), "mxfp4", "group", 4),
    ({"quant_method": "auto-round", "bits": 4, "group_size": 128}, "gptq", "group", 4),
    (
        {"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3"}}},
        "fp8",
        "channel",
        8,
    ),
]


@pytest.mark.parametrize(("quantization", "name", "scaling", "bits"), METHODS)
def test_methods(quantization: Config, name: str, scaling: str, bits: float) -> None:
    found = native(quantization)
    assert (found.name, found.scaling, found.bits) == (name, scaling, bits)


def test_int8_with_activations_is_native_int8() -> None:
    config = scheme(8, "int", "channel")
    config["config_groups"]["group_0"]["input_activations"] = {"num_bits": 8}
    assert native(config).name == "int8"


def test_group_size_is_the_checkpoints_own() -> None:
    assert native(scheme(4, "int", "group", 32)).group_size == 32
    assert native({"quant_method": "awq", "group_size": 64}).group_size == 64


def test_zero_points() -> None:
    assert native({"quant_method": "awq", "zero_point": False}).zero_bits == 0
    assert native({"quant_method": "awq"}).zero_bits == 4
    assert native(scheme(4, "int", "group", 128, symmetric=True)).zero_bits == 0


def test_nested_scales() -> None:
    plain = native({"quant_method": "bitsandbytes", "load_in_4bit": True})
    nested = native(
        {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_use_double_quant": True}
    )
    assert nested.scale_bytes < plain.scale_bytes / 3


def test_experts_in_their_own_format() -> None:
    found = native_precision(load("deepseek-v4-pro"))
    assert found.name == "fp8-block"
    assert found.experts is not None
    assert found.experts.name == "mxfp4"


def test_gpt_oss_keeps_attention_in_16_bits() -> None:
    keep = native_precision(load("gpt-oss-120b")).keep
    assert is_kept("self_attn.q_proj", keep, 7)
    assert not is_kept("mlp.experts.up_proj", keep, 7)


@pytest.mark.parametrize(
    "quantization",
    [
        {},
        {"quant_method": "magic"},
        {"quant_method": 4},
        {"quant_method": "awq", "bits": 3},
        {"quant_method": "fp8", "weight_block_size": [128]},
        {"quant_method": "fp8", "weight_block_size": [0, 128]},
        {"quant_method": "fp8", "weight_block_size": "128"},
        {"quant_method": "compressed-tensors"},
        {"quant_method": "compressed-tensors", "config_groups": {"a": 3}},
        {"quant_method": "modelopt", "quant_algo": "FP1"},
        {"quant_method": "gptq", "bits": 4, "modules_to_not_convert": "lm_head"},
        {"quant_method": "fp8", "ignored_layers": ["re:(a+)+$"]},
        {"quant_method": "fp8", "ignored_layers": ["re:["]},
        {"quant_method": "fp8", "ignored_layers": ["re:a"] * 1000},
    ],
)
def test_bad_configs_are_input_errors(quantization: Config) -> None:
    with pytest.raises(InputError):
        native(quantization)


def test_two_schemes_are_refused() -> None:
    config = scheme(4, "int", "group", 128)
    config["config_groups"]["group_1"] = scheme(8, "int", "channel")["config_groups"]["group_0"]
    with pytest.raises(InputError, match="several schemes"):
        native(config)


@pytest.mark.parametrize(
    ("listed", "name", "layer", "kept"),
    [
        ("mlp.down_proj", "mlp.down_proj", 0, True),
        ("down_proj", "mlp.down_proj", 0, True),
        ("down", "mlp.down_proj", 0, False),
        ("model.layers.3.mlp.down_proj", "mlp.down_proj", 3, True),
        ("model.layers.3.mlp.down_proj", "mlp.down_proj", 31, False),
        ("language_model.model.layers.3", "mlp.down_proj", 3, True),
        ("model.layers.*.self_attn", "self_attn.q_proj", 9, True),
        ("re:.*self_attn.*", "self_attn.q_proj", 9, True),
        (r"re:.*layers\.(0|1)\.mlp.*", "mlp.up_proj", 1, True),
        (r"re:.*layers\.(0|1)\.mlp.*", "mlp.up_proj", 2, False),
        ("model.layers.0.block_sparse_moe.gate", "mlp.gate", 0, True),
    ],
)
def test_kept_modules(listed: str, name: str, layer: int, kept: bool) -> None:
    assert is_kept(name, check_kept([listed], "ignore"), layer) is kept


def test_thousands_of_kept_names_are_quick() -> None:
    names = check_kept([f"model.layers.{i % 99}.m{i}.gate" for i in range(50_000)], "ignore")
    start = time.perf_counter()
    assert keep_rules(names).depends_on_layer
    assert not any(is_kept("mlp.up_proj", names, i) for i in range(99))
    assert time.perf_counter() - start < 3
