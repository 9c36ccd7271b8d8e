"""Which GPU generation runs which precision, in vLLM, and the KV cache's own formats.

Sources: NVIDIA Transformer Engine's support matrix and vLLM's quantisation pages (fp8, int8,
supported hardware), read 2026-11-23.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sizing.errors import unknown_name
from sizing.precision import Precision

Mode = Literal["native", "weight-only", "no"]


@dataclass(frozen=True, slots=True)
class Support:
    """How a GPU runs a format, and why."""

    mode: Mode
    reason: str


@dataclass(frozen=True, slots=True)
class KvDtype:
    """How the KV cache is stored. `auto` is the model's own 16 bits."""

    name: str
    bytes_per_element: float


KV_DTYPES = {
    "auto": KvDtype("auto", 2.0),
    "bf16": KvDtype("bf16", 2.0),
    "fp16": KvDtype("fp16", 2.0),
    "fp8": KvDtype("fp8", 1.0),
    "fp8_e5m2": KvDtype("fp8_e5m2", 1.0),
}
_KV_ALIASES = {
    "fp8_e4m3": "fp8",
    "bfloat16": "bf16",
    "float16": "fp16",
    "half": "fp16",
}
_NATIVE_FROM = {
    "fp32": (0, 0),
    "fp16": (0, 0),
    "bf16": (8, 0),
    "fp8": (8, 9),
    "fp8-block": (9, 0),
    "mxfp4": (10, 0),
    "nvfp4": (10, 0),
    "int8": (7, 5),
}
_WEIGHT_ONLY_FROM = {
    "fp8": (7, 5),
    "fp8-block": (7, 5),
    "w8a16": (7, 5),
    "int4": (7, 5),
    "awq": (7, 5),
    "gptq": (7, 0),
    "nf4": (7, 0),
    "q8_0": (7, 0),
    "q6_k": (7, 0),
    "q5_k_m": (7, 0),
    "q4_k_m": (7, 0),
    "q4_0": (7, 0),
    "mxfp4": (8, 0),
    "nvfp4": (8, 0),
}
_INSTEAD = {"bf16": "fp16", "int4": "gptq", "awq": "gptq"}


def support(precision: Precision, compute_capability: str | None) -> Support:
    """How a GPU of this compute capability ("9.0") runs these weights."""
    if compute_capability is None:
        return _unknown(precision)
    have = _version(compute_capability)
    if precision.name == "int8" and have >= (10, 0):
        return Support(
            "weight-only",
            "vLLM has no INT8 activation kernels for Blackwell; weights alone in int8",
        )
    native, weight_only = _NATIVE_FROM.get(precision.name), _WEIGHT_ONLY_FROM.get(precision.name)
    if native is not None and have >= native:
        return Support("native", _native_reason(precision, native))
    if weight_only is not None and have >= weight_only:
        return Support("weight-only", _weight_only_reason(precision, have))
    return Support("no", _no_reason(precision, have, native, weight_only))


def parse_kv_dtype(text: str, key: str = "kv_dtype") -> KvDtype:
    """The named KV cache format; InputError with the nearest name otherwise."""
    name = text.strip().lower()
    name = _KV_ALIASES.get(name, name)
    if name not in KV_DTYPES:
        raise unknown_name(key, text, KV_DTYPES)
    return KV_DTYPES[name]


def kv_support(kv: KvDtype, compute_capability: str | None) -> Support:
    """Whether a GPU of this compute capability can keep the KV cache in this format."""
    if kv.name == "bf16" and compute_capability and _version(compute_capability) < (8, 0):
        return Support("no", "bf16 needs compute capability 8.0; use fp16")
    if kv.name == "fp8" and compute_capability and _version(compute_capability) < (8, 9):
        return Support("no", "an fp8 KV cache needs compute capability 8.9; use fp8_e5m2 or fp16")
    if kv.name == "fp8_e5m2" and compute_capability and _version(compute_capability) < (8, 0):
        return Support("no", "an fp8_e5m2 KV cache needs compute capability 8.0; use fp16")
    return Support("native", f"{kv.name} is stored as asked")


def _native_reason(precision: Precision, native: tuple[int, int]) -> str:
    since = f"from compute capability {_text(native)}" if native > (0, 0) else "on every GPU"
    return f"{precision.name} arithmetic {since}"


def _unknown(precision: Precision) -> Support:
    if precision.name in ("fp32", "fp16"):
        return Support("native", f"every GPU runs {precision.name}")
    return Support("no", "the GPU's compute capability is not known; use fp16")


def _weight_only_reason(precision: Precision, have: tuple[int, int]) -> str:
    native = _NATIVE_FROM.get(precision.name)
    if native is None:
        return f"{precision.name} weights are expanded to 16 bits inside the kernel"
    return (
        f"no {precision.name} arithmetic at compute capability {_text(have)} (from "
        f"{_text(native)}); weights are expanded to 16 bits inside the kernel"
    )


def _no_reason(
    precision: Precision,
    have: tuple[int, int],
    native: tuple[int, int] | None,
    weight_only: tuple[int, int] | None,
) -> str:
    lowest = min(x for x in (native, weight_only) if x is not None)
    hint = _INSTEAD.get(precision.name, "fp16")
    return (
        f"{precision.name} needs compute capability {_text(lowest)}, this GPU has {_text(have)}; "
        f"use {hint}"
    )


def _version(text: str) -> tuple[int, int]:
    major, _, minor = text.partition(".")
    return int(major), int(minor or 0)


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
