"""How much there is: what a test sets aside from AWS's own API, and the account's quotas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# Far above what a test deploys: whoever tests a quota sets it.
_VCPUS = 10_000.0
_BLOCKS = 100.0
_SPOT = "spot"
_ON_DEMAND = "on-demand"


@dataclass(frozen=True)
class Quota:
    """One quota of EC2's; `families` matches the instance families that count against it."""

    code: str
    name: str
    default: float
    market: str = ""
    families: str = "$."

    def covers(self, instance_type: str, market: str) -> bool:
        """Whether an instance of the type, bought that way, counts against this quota."""
        family = instance_type.partition(".")[0]
        return market == self.market and re.match(self.families, family) is not None


_G = r"(g|gr|vt)\d"
_STANDARD = r"(a|c|d|h|i|im|is|m|r|t|z)\d"
_STANDARD_NAME = "Standard (A, C, D, H, I, M, R, T, Z)"
_BLOCK_CODES = {
    "P4D": "L-2C8F52B3",
    "P4DE": "L-CFF3E941",
    "P5": "L-DA6814F2",
    "P5E": "L-C45F30BC",
    "P5EN": "L-4F9BB70B",
    "P6-B200": "L-8B23CEF3",
    "P6-B300": "L-9C38E5AB",
}


def _quotas() -> Iterator[Quota]:
    on_demand, spot = "Running On-Demand {} instances", "All {} Spot Instance Requests"
    yield Quota("L-417A185B", on_demand.format("P"), _VCPUS, _ON_DEMAND, r"p\d")
    yield Quota("L-DB2E81BA", on_demand.format("G and VT"), _VCPUS, _ON_DEMAND, _G)
    yield Quota("L-1216C47A", on_demand.format(_STANDARD_NAME), _VCPUS, _ON_DEMAND, _STANDARD)
    yield Quota("L-7212CCBC", spot.format("P4, P3 and P2"), _VCPUS, _SPOT, r"p[234]")
    yield Quota("L-C4BD4855", spot.format("P5"), _VCPUS, _SPOT, r"p5")
    yield Quota("L-3819A6DF", spot.format("G and VT"), _VCPUS, _SPOT, _G)
    yield Quota("L-34B43A08", spot.format(_STANDARD_NAME), _VCPUS, _SPOT, _STANDARD)
    for family, code in _BLOCK_CODES.items():
        yield Quota(code, f"Concurrent {family} Capacity Blocks per account", _BLOCKS)


QUOTAS = {quota.code: quota for quota in _quotas()}


@dataclass
class Limits:
    """`capacity`: the most instances of a type at a time; `quotas`: values other than defaults."""

    capacity: dict[str, int] = field(default_factory=dict[str, int])
    quotas: dict[str, float] = field(default_factory=dict[str, float])

    def quota(self, code: str) -> float:
        """The account's value of a quota."""
        return self.quotas.get(code, QUOTAS[code].default)

    def lift(self) -> None:
        """Back to the defaults."""
        self.capacity.clear()
        self.quotas.clear()


# A server process has exactly one AWS.
LIMITS = Limits()


def quota_of(instance_type: str, market: str | None) -> Quota | None:
    """The vCPU quota that a launch counts against; None for one that no known quota covers."""
    kind = _SPOT if market == _SPOT else _ON_DEMAND
    return next((q for q in QUOTAS.values() if q.covers(instance_type, kind)), None)
