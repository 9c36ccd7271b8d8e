"""Memory of loaded weights against what engines logged."""

from __future__ import annotations

import pytest

from sizing.catalog.model_store import load, model_names
from sizing.loaded import loaded_weight_bytes
from sizing.precision import checkpoint_bytes, native_precision, parse_precision, weight_bytes
from sizing.units import gib

# vLLM's "model weights" lines at tensor parallel 1, GiB.
LOGGED = [
    ("gpt-oss-120b", "9.0", 64.38),
    ("gpt-oss-20b", "9.0", 13.47),
    ("gpt-oss-20b", "8.0", 13.72),
]


@pytest.mark.parametrize(("name", "capability", "expected"), LOGGED)
def test_padded_mxfp4(name: str, capability: str, expected: float) -> None:
    spec = load(name)
    ours = gib(loaded_weight_bytes(spec, native_precision(spec), capability))
    assert ours == pytest.approx(expected, rel=0.005)


@pytest.mark.parametrize("capability", ["8.0", "9.0", "10.0"])
@pytest.mark.parametrize("name", ["gpt-oss-20b", "gpt-oss-120b"])
def test_padding_only_adds(name: str, capability: str) -> None:
    spec = load(name)
    assert loaded_weight_bytes(spec, native_precision(spec), capability) > checkpoint_bytes(spec)


@pytest.mark.parametrize("name", model_names())
def test_other_formats_load_as_stored(name: str) -> None:
    spec = load(name)
    for precision in map(parse_precision, ("bf16", "fp8", "awq", "nvfp4")):
        assert loaded_weight_bytes(spec, precision, "9.0") == weight_bytes(spec, precision)


def test_gptq_drops_its_group_index() -> None:
    spec = load("llama-3.1-8b")
    saved = weight_bytes(spec, parse_precision("gptq")) - loaded_weight_bytes(
        spec, parse_precision("gptq"), "9.0"
    )
    assert saved == 32 * 4 * (4096 * 6 + 14336)
