"""Operations and bytes per second that an engine's kernels reach on a GPU."""

from __future__ import annotations

from sizing.errors import InputError
from sizing.gpu import Gpu
from sizing.performance.factors import Efficiency
from sizing.precision import Precision
from sizing.support import support

_WARP_GROUP_ROWS, _WARP_ROWS = 64, 16
"""Rows of the smallest tensor-core tile: Hopper's warp groups take 64, single warps 16. Fewer
tokens compute for as many; kernels that expand weights work by warp everywhere."""
_TENSOR_FORMAT = {
    "fp8": "fp8",
    "fp8-block": "fp8",
    "int8": "int8",
    "nvfp4": "fp4",
    # Engines keep the activations of mxfp4 models in 8 or 16 bits.
    "mxfp4": "fp8",
}


class Speed:
    """Operations and bytes per second that kernels reach on a GPU."""

    def __init__(self, gpu: Gpu, e: Efficiency) -> None:
        self.gpu, self.e = gpu, e
        self.peak = gpu.dense_tflops.get("bf16") or gpu.dense_tflops.get("fp16")
        if not self.peak:
            raise InputError("gpu", gpu.name, "a GPU whose tensor-core speed is known")
        self.bytes_per_s = gpu.bandwidth_gb_s * 1e9 * e.bandwidth
        self.expert_bytes_per_s = self.bytes_per_s * e.expert_bandwidth
        self.cache_bytes_per_s = gpu.bandwidth_gb_s * 1e9 * e.attention_bandwidth
        self.attention = self.peak * 1e12 * e.attention_matmul

    def products(self, precision: Precision | None) -> float:
        """Operations per second of large products with weights of this format."""
        return self.e.matmul * self._peak(precision) * 1e12

    def grouped(self, precision: Precision | None, inner: int) -> float:
        """The same for routed experts of this inner width: narrow ones leave tiles short."""
        wide = inner / (inner + self.e.expert_inner)
        return self.e.experts * wide * self._peak(precision) * 1e12

    def least_rows(self, precision: Precision | None) -> float:
        """Tokens that the smallest tile computes, wanted or not.

        Block scales cost nothing there: they are applied while the weights are still read.
        """
        hopper = self.gpu.compute_capability == "9.0"
        rows = _WARP_GROUP_ROWS if hopper and not self._expands(precision) else _WARP_ROWS
        return rows * self._scaled(precision)

    def _scaled(self, precision: Precision | None) -> float:
        """What block scales leave of the rate of large products."""
        blocks = precision is not None and precision.scaling == "block"
        return self.e.scaled_blocks if blocks and not self._expands(precision) else 1.0

    def _expands(self, precision: Precision | None) -> bool:
        if precision is None or precision.bits >= 16:
            return False
        return support(precision, self.gpu.compute_capability).mode == "weight-only"

    def _peak(self, precision: Precision | None) -> float:
        assert self.peak
        if precision is None or precision.bits >= 16:
            return self.peak
        runs = support(precision, self.gpu.compute_capability)
        if runs.mode == "no":
            allowed = f"what {self.gpu.name} runs: {runs.reason}"
            raise InputError("precision", precision.name, allowed)
        if runs.mode == "weight-only":
            return self.peak * self.e.weight_only
        peak = self.gpu.dense_tflops.get(_TENSOR_FORMAT.get(precision.name, ""), self.peak)
        return peak * self._scaled(precision)
