"""A GPU: what CUDA sees of its memory, how fast it is, and which number formats it runs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from sizing.evidence import Evidence


class Gpu(BaseModel):
    """Facts of one GPU model.

    `nominal_gb` is the marketing size (GB, 10^9); `cuda_bytes` is the total that
    `cudaDeviceProp.totalGlobalMem` reports, which is what an engine plans from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    full_name: str
    aliases: tuple[str, ...] = ()
    architecture: str
    compute_capability: str
    nominal_gb: int
    cuda_bytes: int
    cuda_evidence: Evidence
    bandwidth_gb_s: float
    dense_tflops: dict[str, float]
    nvlink_gb_s: float | None
    tdp_w: int
    sources: tuple[str, ...]
    as_of: str
    notes: str = ""
