"""How weights are stored, to the byte, and which GPUs run that.

Quantisation covers the linear and expert groups; embeddings, head, norms, router and towers keep
16 bits unless a checkpoint says otherwise.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import ceil, prod
from typing import Literal, get_args

from sizing.census import LayerWeights, weights
from sizing.errors import unknown_name
from sizing.model import Group, ModelSpec, Quantization
from sizing.tensors import Weight

Scaling = Literal["none", "tensor", "channel", "group", "block"]
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
    keep_depends_on_layer: bool = field(default=False, compare=False)

    @property
    def rule_of_thumb_bytes(self) -> float:
        """Bytes per parameter in the rule `parameters x bytes x 1.2`: bits / 8, scales ignored."""
        return self.bits / 8

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
    )
}
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
}


def parse_precision(text: str, key: str = "precision") -> Precision:
    """The named precision; InputError with the nearest name otherwise."""
    name = text.strip().lower()
    name = ALIASES.get(name, name)
    if name not in PRECISIONS:
        raise unknown_name(key, text, PRECISIONS)
    return PRECISIONS[name]


def native_precision(spec: ModelSpec) -> Precision:
    """What the published checkpoint stores: its own quantisation, else its dtype."""
    if spec.quantization is None:
        return PRECISIONS[ALIASES[spec.dtype]]
    return from_quantization(spec.quantization)


def from_quantization(q: Quantization) -> Precision:
    """The named format with the checkpoint's own group size, block and modules left alone."""
    base = PRECISIONS[q.format]
    return replace(
        base,
        group_size=q.group_size or base.group_size,
        block=q.block or base.block,
        zero_bits=0.0 if q.zero_points is False else base.zero_bits,
        scale_bytes=1 if q.double_quant else base.scale_bytes,
        keep=q.keep,
        keep_depends_on_layer=any(re.search(r"layers[.\\]+\d", p) for p in q.keep),
    )


def stored_bytes(weight: Weight, precision: Precision, layer: int | None = None) -> int:
    """Bytes of this tensor in the file, all copies; `layer` is its index, where known."""
    if weight.width is not None:
        return weight.elements * weight.width
    if weight.group not in precision.covers or _kept(weight.name, precision, layer):
        return ceil(weight.elements * precision.rest_bytes)
    return weight.copies * matrix_bytes(weight.rows, weight.cols, precision)


def matrix_bytes(rows: int, cols: int, precision: Precision) -> int:
    """Bytes of one covered matrix: elements, scales, zeros and what is stored once."""
    if precision.scaling == "none":
        return ceil(rows * cols * precision.bits / 8)
    scales = _scales(rows, cols, precision)
    return ceil(
        rows * cols * precision.bits / 8
        + scales * (precision.scale_bytes + precision.zero_bits / 8)
        + cols * precision.column_bytes
        + precision.tensor_bytes
    )


def layer_bytes(layer: LayerWeights, precision: Precision, index: int | None = None) -> int:
    """Bytes of one layer (not times its count); `index` matters where layers are left alone."""
    return sum(stored_bytes(w, precision, index) for w in layer.weights)


def weight_bytes(spec: ModelSpec, precision: Precision, *, mtp: bool = False) -> int:
    """Bytes of the whole model in this precision; `mtp` adds the MTP modules of the checkpoint."""
    if precision.keep_depends_on_layer:
        return _weight_bytes_by_layer(spec, precision, mtp)
    return sum(
        x.count * layer_bytes(x, precision) for x in weights(spec) if mtp or x.section != "mtp"
    )


def checkpoint_bytes(spec: ModelSpec) -> int:
    """Bytes of the published checkpoint: its own precision, with its MTP modules."""
    return weight_bytes(spec, native_precision(spec), mtp=True)


def _weight_bytes_by_layer(spec: ModelSpec, precision: Precision, mtp: bool) -> int:
    stack = {x.block: x for x in weights(spec) if x.section == "stack"}
    order = enumerate(spec.layer_order())
    rest = (x for x in weights(spec) if x.section != "stack" and (mtp or x.section != "mtp"))
    return sum(layer_bytes(stack[name], precision, i) for i, name in order) + sum(
        x.count * layer_bytes(x, precision, spec.layers) for x in rest
    )


def _scales(rows: int, cols: int, precision: Precision) -> int:
    match precision.scaling:
        case "tensor" | "none":
            return 1
        case "channel":
            return rows
        case "group":
            return rows * ceil(cols / (precision.group_size or cols))
        case "block":
            return prod(ceil(n / b) for n, b in zip((rows, cols), precision.block, strict=True))


def _kept(name: str, precision: Precision, layer: int | None) -> bool:
    return bool(precision.keep) and _matches(name, precision.keep, layer)


@lru_cache(maxsize=65536)
def _matches(name: str, patterns: tuple[str, ...], layer: int | None) -> bool:
    full = f"model.layers.{0 if layer is None else layer}.{name}"
    return any(_pattern_matches(full, pattern) for pattern in patterns)


def _pattern_matches(full: str, pattern: str) -> bool:
    if pattern.startswith("re:"):
        return re.search(pattern[3:], full) is not None
    if "*" in pattern:
        return fnmatch.fnmatchcase(full, f"*{pattern}*")
    return f".{pattern}." in f".{full}."
