"""What AWS charges for everything around the instances: a unit price, or an honest None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sizing.catalog.prices import forget_also
from sizing.catalog.snapshots import newest
from sizing.catalog.store import read
from sizing.evidence import Evidence

FILE = "services.json"
SECTION = "services"
"""Where a refreshed snapshot keeps them: region, item, then [USD, date, source, evidence]."""
Row = tuple[float, str, str, str]


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
    return cast("Mapping[str, str]", read(FILE)["units"])


@cache
def service_price(item: str, region: str) -> UnitPrice:
    """The newest price of an item in a region, packaged or refreshed. KeyError: no such item."""
    unit, row = units()[item], service_row(item, region)
    if row is None:
        return UnitPrice(None, unit, None, None, Evidence.UNKNOWN)
    usd, as_of, source, evidence = row
    return UnitPrice(usd, unit, as_of, source, Evidence(evidence))


def service_row(item: str, region: str) -> Row | None:
    """USD, date, source and evidence; None where no price is known."""
    refreshed = newest().get(SECTION, {}).get(region, {}).get(item)
    return cast("Row", tuple(refreshed)) if refreshed else _packaged(item, region)


def _packaged(item: str, region: str) -> Row | None:
    file: Mapping[str, Any] = read(FILE)
    usd = file["prices"].get(region, {}).get(item)
    return None if usd is None else (usd, file["as_of"], file["source"], file["evidence"])


forget_also(service_price.cache_clear)
