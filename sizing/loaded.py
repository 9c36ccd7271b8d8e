"""What an engine holds in GPU memory where that differs from the checkpoint's file.

vLLM repacks 4-bit weights for its kernels. Source: the weight loaders of vLLM 0.11 to 0.19, and
their logs: gpt-oss-120b is 60.77 GiB on disk and 64.38 GiB loaded on an H100.
"""

from __future__ import annotations

from math import ceil
from typing import Literal

from sizing.census import weights
from sizing.model import ModelSpec
from sizing.precision import Precision, matrix_bytes, stored_bytes
from sizing.tensors import Weight

Backend = Literal["marlin", "triton", "blackwell"]
_ALIGN: dict[Backend, tuple[int, int]] = {
    "marlin": (128, 256),
    "triton": (1, 1),
    "blackwell": (256, 256),
}
"""What the experts' FFN width and the hidden width are rounded up to."""
_TRITON_INPUT = 256


def mxfp4_backend(compute_capability: str) -> Backend:
    """The kernels that vLLM picks for MXFP4 experts on this GPU ("9.0")."""
    major = int(compute_capability.partition(".")[0])
    return "blackwell" if major >= 10 else "triton" if major == 9 else "marlin"


def loaded_bytes(
    weight: Weight, precision: Precision, compute_capability: str, layer: int | None = None
) -> int:
    """Bytes of this tensor (or of one rank's shard of it) once loaded, all copies."""
    form = precision.experts or precision if weight.group == "expert" else precision
    if weight.group == "expert" and form.name == "mxfp4" and weight.cols > 1:
        return weight.copies * _padded(weight, form, mxfp4_backend(compute_capability))
    stored = stored_bytes(weight, precision, layer)
    return stored - weight.copies * _group_index(weight, precision, stored)


def loaded_weight_bytes(
    spec: ModelSpec, precision: Precision, compute_capability: str, *, mtp: bool = False
) -> int:
    """Bytes of the whole model loaded on one GPU of this compute capability."""
    kept = (x for x in weights(spec) if mtp or x.section != "mtp")
    return sum(
        x.count * sum(loaded_bytes(w, precision, compute_capability) for w in x.weights)
        for x in kept
    )


def _padded(weight: Weight, precision: Precision, backend: Backend) -> int:
    """One expert matrix with its padding; Hopper's layout pads the elements, not the scales."""
    if backend == "triton":
        elements = weight.rows * _up(weight.cols, _TRITON_INPUT) * precision.bits / 8
        scales = matrix_bytes(weight.rows, weight.cols, precision) - (
            weight.rows * weight.cols * precision.bits / 8
        )
        return ceil(elements + scales)
    ffn, hidden = _ALIGN[backend]
    rows, cols = (ffn, hidden) if weight.shard == "column" else (hidden, ffn)
    return matrix_bytes(_up(weight.rows, rows), _up(weight.cols, cols), precision)


def _group_index(weight: Weight, precision: Precision, stored: int) -> int:
    """GPTQ's group index is dropped when the weights are sorted for Marlin."""
    quantised = stored < 2 * weight.elements and weight.group in precision.covers
    return ceil(weight.cols * precision.column_bytes) if quantised else 0


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple
