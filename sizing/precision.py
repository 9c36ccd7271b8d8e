"""What a model's weights take in each format, to the byte."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from sizing.census import LayerWeights, weights
from sizing.formats import ALIASES, GGUF_KINDS, PRECISIONS, Precision, parse_precision
from sizing.kept import is_kept, keep_rules
from sizing.model import ModelSpec, Quantization
from sizing.tensors import Weight

__all__ = [
    "ALIASES",
    "GGUF_KINDS",
    "PRECISIONS",
    "Precision",
    "checkpoint_bytes",
    "choose_precision",
    "from_quantization",
    "layer_bytes",
    "matrix_bytes",
    "native_precision",
    "parse_precision",
    "same_kind",
    "stored_bytes",
    "weight_bytes",
]


def native_precision(spec: ModelSpec) -> Precision:
    """What the published checkpoint stores: its own quantisation, else its dtype."""
    if spec.quantization is None:
        return PRECISIONS[ALIASES[spec.dtype]]
    return from_quantization(spec.quantization)


def choose_precision(
    spec: ModelSpec, asked: str | None = None, named: Precision | None = None
) -> Precision:
    """The precision to serve: what was asked, else what the checkpoint's name says, else its own.

    Asking for the published checkpoint's own format by name gives that checkpoint, with its group
    sizes and the modules it leaves alone.
    """
    wanted = parse_precision(asked) if asked else None
    for stored in (named, native_precision(spec)):
        if stored and (wanted is None or same_kind(wanted, stored)):
            return stored
    return wanted or native_precision(spec)


def same_kind(asked: Precision, stored: Precision) -> bool:
    """Whether `stored` is what people mean by `asked`: int4 covers AWQ, fp8 its blocks."""
    return asked.name in (stored.name, _KINDS.get(stored.name))


_KINDS = {"fp8-block": "fp8", "awq": "int4", "gptq": "int4"}
"""Formats that people ask for under a shorter name."""


def from_quantization(q: Quantization) -> Precision:
    """The named format with the checkpoint's own group size, block and modules left alone."""
    base = PRECISIONS[q.format]
    bits = float(q.bits or base.bits)
    scaling = q.scaling or base.scaling
    return replace(
        base,
        bits=bits,
        scaling=scaling,
        group_size=(q.group_size or base.group_size) if scaling == "group" else 0,
        block=q.block or base.block,
        zero_bits=_zero_bits(q, base, bits),
        scale_bytes=_DOUBLE_QUANT_BYTES if q.double_quant else base.scale_bytes,
        keep=q.keep,
        experts=PRECISIONS[q.experts] if q.experts else None,
    )


_DOUBLE_QUANT_BYTES = 1 + 4 / 256
"""bitsandbytes' nested scales: a byte per block, a float32 per 256 blocks."""


def _zero_bits(q: Quantization, base: Precision, bits: float) -> float:
    if q.zero_points is None:
        return base.zero_bits
    return bits if q.zero_points else 0.0


def stored_bytes(weight: Weight, precision: Precision, layer: int | None = None) -> int:
    """Bytes of this tensor in the file, all copies; `layer` is its index, where known."""
    if weight.width is not None:
        return weight.elements * weight.width
    if weight.group not in precision.covers or is_kept(weight.name, precision.keep, layer):
        return ceil(weight.elements * precision.rest_bytes)
    if precision.bits_by_name:
        return ceil(weight.elements * precision.bits_of(weight.name) / 8)
    if weight.group == "expert" and precision.experts:
        return weight.copies * matrix_bytes(weight.rows, weight.cols, precision.experts)
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
    if keep_rules(precision.keep).depends_on_layer:
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
            return ceil(rows / precision.block[0]) * ceil(cols / precision.block[1])
