"""EC2 instance types and what they are sold for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from sizing.evidence import Evidence


class Purchase(StrEnum):
    """How an instance is bought."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"
    CAPACITY_BLOCK = "capacity-block"
    RESERVED = "reserved"
    OWNED = "owned"
    """On-premise: a node of the company's own inventory. A stack cannot ask AWS for it."""


AWS_PURCHASES = tuple(p for p in Purchase if p is not Purchase.OWNED)


class NetworkCards(BaseModel):
    """A run of equal network cards: indexes `first` to `last`, and what may sit on them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: int
    last: int
    interface_types: tuple[str, ...]


class InstanceType(BaseModel):
    """Facts of one EC2 instance type. Memory in GiB (2^30), disk in GB (10^9), network in Gbps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    gpu: str
    gpus: int
    gpu_fraction: float
    vcpus: int
    memory_gib: float
    nvme_gb: int
    network_gbps: float
    cards: tuple[NetworkCards, ...]
    efa_interfaces: int
    nvlink: bool
    architecture: str
    zones: dict[str, tuple[str, ...]]
    rdma: bool = False
    """An inventory's nodes: whether they share an InfiniBand or RoCE network."""

    @property
    def spans_nodes(self) -> bool:
        """Whether a copy of a model may lie across several of these: with EFA or another RDMA."""
        return self.efa_interfaces > 0 or self.rdma

    @property
    def card_count(self) -> int:
        """How many network cards the type has."""
        return self.cards[-1].last + 1

    @property
    def is_fractional(self) -> bool:
        """Whether the type carries a slice of a GPU, which engines here do not plan for."""
        return self.gpu_fraction < 1


@dataclass(frozen=True, slots=True)
class Offer:
    """An instance type in a region under a purchase option, with its price.

    `usd_per_hour` is None where no price is known: it is never invented. A spot price is a
    range; `usd_per_hour` is then its upper end, so that a budget errs on the safe side. `term` is a
    commitment's length and payment ("1 year standard, no upfront"), None without one.
    """

    instance_type: str
    region: str
    purchase: Purchase
    usd_per_hour: float | None
    evidence: Evidence
    usd_per_hour_low: float | None = None
    price_as_of: str | None = None
    price_source: str | None = None
    term: str | None = None
