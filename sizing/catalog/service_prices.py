"""What AWS charges for everything around the instances: a unit price, or an honest None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

from sizing.catalog.prices import forget_also, newest_row
from sizing.catalog.store import read
from sizing.evidence import Evidence

OPTION = "service"
"""What the price catalogue has them under, beside the ways to buy instances."""


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """USD for one `unit` (hour, month, GiB-month, GB, ...); None where no price is known."""

    usd: float | None
    unit: str
    as_of: str | None
    source: str | None
    evidence: Evidence


def units() -> Mapping[str, str]:
    """Every item, and what its price is for."""
    return cast("Mapping[str, str]", read("services.json")["units"])


@cache
def service_price(item: str, region: str) -> UnitPrice:
    """The newest price of an item in a region, packaged or refreshed. KeyError: no such item."""
    unit, row = units()[item], newest_row(OPTION, item, region)
    if row is None:
        return UnitPrice(None, unit, None, None, Evidence.UNKNOWN)
    usd, _, as_of, source, evidence = row
    return UnitPrice(usd, unit, as_of, source, Evidence(evidence))


forget_also(service_price.cache_clear)
