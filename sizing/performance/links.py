"""How fast GPUs reach each other: inside a node by NVLink or PCIe, across nodes by network."""

from __future__ import annotations

from dataclasses import dataclass

from sizing.gpu import Gpu

GPUS_PER_NODE = 8
_NVLINK_DOMAIN = {"GB200": 72}
# One way, 16 lanes: generation 4 carries 32 GB/s and generation 5 64 GB/s.
_PCIE_4, _PCIE_5 = 32e9, 64e9
_PCIE_5_FROM = 9
"""Compute capability of the first cards with generation 5: Hopper."""
# A bridge joins two cards; what SXM boards and the A100/H100 PCIe bridges carry is more.
_BRIDGE_GB_S = 200
_NETWORK_BYTES_PER_S = 50e9
"""400 Gbit/s for each GPU: AWS's p5 and p6 nodes have 3,200 for eight."""
_PCIE_SLOWER, _NETWORK_SLOWER = 2.0, 3.0
"""Latency of a message beside that over NVLink: through the host, through the network card."""


@dataclass(frozen=True, slots=True)
class Link:
    """One-way bytes per second of a rank, and how many times NVLink's latency a message takes."""

    bytes_per_s: float
    latency_factor: float


def link(gpu: Gpu, ranks: int) -> Link:
    """The slowest link among `ranks` GPUs that are neighbours."""
    if ranks > _NVLINK_DOMAIN.get(gpu.name, GPUS_PER_NODE):
        return Link(_NETWORK_BYTES_PER_S, _NETWORK_SLOWER)
    nvlink = gpu.nvlink_gb_s
    joined = nvlink is not None and (nvlink >= _BRIDGE_GB_S or ranks == 2)
    if nvlink is not None and joined:
        return Link(nvlink * 1e9 / 2, 1.0)
    lanes = _PCIE_5 if int(gpu.compute_capability.partition(".")[0]) >= _PCIE_5_FROM else _PCIE_4
    return Link(lanes, _PCIE_SLOWER)
