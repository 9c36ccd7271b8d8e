"""Storage formats by name: bits, scales, groups and blocks.

Quantisation covers the linear and expert groups; embeddings, head, norms, router and towers keep
16 bits unless a checkpoint says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

from sizing.errors import unknown_name
from sizing.model import Group, Scaling

QUANTISED: frozenset[Group] = frozenset({"linear", "expert"})
EVERYTHING: frozenset[Group] = frozenset(get_args(Group))


@dataclass(frozen=True, slots=True)
class Precision:
    """A storage format for the groups in `covers`; the rest takes `rest_bytes` per element.

    `bits` is per covered element without scales. Groups lie along a matrix's input columns,
    blocks are (rows, columns). `tensor_bytes` and `column_bytes` are stored once per matrix and
    per input column (GPTQ's group index).
    """

    name: str
    label: str
    bits: float
    scaling: Scaling = "none"
    group_size: int = 0
    block: tuple[int, int] = (1, 1)
    scale_bytes: float = 0.0
    zero_bits: float = 0.0
    column_bytes: float = 0.0
    tensor_bytes: float = 0.0
    rest_bytes: float = 2.0
    covers: frozenset[Group] = QUANTISED
    keep: tuple[str, ...] = ()
    experts: Precision | None = None
    """The routed experts' own format, where it differs."""
    bits_by_name: tuple[tuple[str, float], ...] = ()
    """Bits, scales included, of tensors whose name ends so, where a mix differs (GGUF)."""

    @property
    def rule_of_thumb_bytes(self) -> float:
        """Bytes per parameter in the rule `parameters x bytes x 1.2`: bits / 8, scales ignored."""
        return self.bits / 8

    def bits_of(self, name: str) -> float:
        """Bits per element of the tensor of this name."""
        return next((bits for end, bits in self.bits_by_name if name.endswith(end)), self.bits)

    @property
    def shard_multiple(self) -> tuple[int, int]:
        """A tensor-parallel shard's rows and columns must be multiples of these."""
        if self.scaling == "block":
            return self.block
        return (1, self.group_size) if self.scaling == "group" and self.group_size > 1 else (1, 1)


_BF16 = Precision("bf16", "bfloat16", 16, covers=EVERYTHING)
_FP8 = Precision("fp8", "8-bit float, a scale per channel", 8, "channel", scale_bytes=4)
_INT4 = Precision(
    "int4", "4-bit integers, AWQ, group 128", 4, "group", 128, scale_bytes=2, zero_bits=4
)
_GGUF = Precision(
    "q8_0",
    "GGUF Q8_0",
    8.5,
    covers=frozenset({"linear", "expert", "embedding", "lm_head"}),
)


def _k_quant(name: str, base: float) -> Precision:
    """llama.cpp gives V and down projections of half the layers, and the head, six bits."""
    half = (base + _Q6_K) / 2
    mix = (("v_proj", half), ("down_proj", half), ("lm_head", _Q6_K))
    return replace(_GGUF, name=name, label=f"GGUF {name.upper()}", bits=base, bits_by_name=mix)


_Q6_K = 6.5625
PRECISIONS: dict[str, Precision] = {
    p.name: p
    for p in (
        Precision("fp32", "float32", 32, rest_bytes=4, covers=EVERYTHING),
        _BF16,
        replace(_BF16, name="fp16", label="float16"),
        _FP8,
        Precision(
            "fp8-block", "8-bit float, 128x128 blocks", 8, "block", block=(128, 128), scale_bytes=4
        ),
        Precision("int8", "8-bit integers, a scale per channel", 8, "channel", scale_bytes=4),
        Precision("w8a16", "8-bit integers, weights only", 8, "group", 128, scale_bytes=2),
        _INT4,
        replace(_INT4, name="awq"),
        replace(_INT4, name="gptq", label="4-bit integers, GPTQ, group 128", column_bytes=4),
        Precision(
            "nf4", "4-bit NormalFloat, bitsandbytes, blocks of 64", 4, "group", 64, scale_bytes=4
        ),
        Precision("mxfp4", "4-bit float, a scale per 32", 4, "group", 32, scale_bytes=1),
        Precision(
            "nvfp4", "4-bit float, a scale per 16", 4, "group", 16, scale_bytes=1, tensor_bytes=8
        ),
        _GGUF,
        replace(_GGUF, name="q6_k", label="GGUF Q6_K", bits=_Q6_K),
        _k_quant("q5_k_m", 5.5),
        _k_quant("q4_k_m", 4.5),
        replace(
            _GGUF, name="q4_0", label="GGUF Q4_0", bits=4.5, bits_by_name=(("lm_head", _Q6_K),)
        ),
    )
}
GGUF_KINDS = ("q8_0", "q6_k", "q5_k_m", "q4_k_m", "q4_0")
ALIASES = {
    "float32": "fp32",
    "bfloat16": "bf16",
    "float16": "fp16",
    "half": "fp16",
    "fp8-dynamic": "fp8",
    "fp8_dynamic": "fp8",
    "fp8_e4m3": "fp8",
    "fp8_block": "fp8-block",
    "w8a8": "int8",
    "w4a16": "int4",
    "4bit": "int4",
    "8bit": "int8",
    "awq-int4": "awq",
    "gptq-int4": "gptq",
    "bnb": "nf4",
    "bnb-4bit": "nf4",
    "bitsandbytes": "nf4",
    "fp4": "nvfp4",
    "gguf": "q4_k_m",
    "q4_k": "q4_k_m",
    "q5_k": "q5_k_m",
    "q8": "q8_0",
}


def parse_precision(text: str, key: str = "precision") -> Precision:
    """The named precision; InputError with the nearest name otherwise."""
    name = text.strip().lower()
    name = ALIASES.get(name, name)
    if name not in PRECISIONS:
        raise unknown_name(key, text, PRECISIONS)
    return PRECISIONS[name]
