"""What an instance costs: the newest price known, or an honest None."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any, cast

from sizing.catalog.snapshots import newest
from sizing.catalog.store import read
from sizing.evidence import Evidence
from sizing.instance import Offer, Purchase

STALE_AFTER = timedelta(days=90)
HEADLINE_TERM = "1 year standard, no upfront"
"""The commitment that `reserved` means where none is named."""

Row = tuple[float, float | None, str | None, str, str]
"""USD an hour, the lower end of a range, date, source, evidence."""


@cache
def offer(instance_type: str, region: str, purchase: Purchase) -> Offer:
    """The offer of an instance type in a region; its price is None where none is known."""
    if purchase is Purchase.RESERVED:
        terms = reserved_terms(instance_type, region)
        return terms.get(HEADLINE_TERM) or _unknown(instance_type, region, purchase)
    table, row = _newest_row(purchase.value, instance_type, region)
    if row is None:
        return _unknown(instance_type, region, purchase)
    return _offer(instance_type, region, purchase, row, table)


@cache
def reserved_terms(instance_type: str, region: str) -> Mapping[str, Offer]:
    """Reserved prices by term, upfront payments spread over the term's hours; empty if unknown."""
    found: dict[str, Offer] = {}
    for term in read("reserved.json")["terms"]:
        table, row = _newest_row(f"reserved: {term}", instance_type, region)
        if row is not None:
            made = _offer(instance_type, region, Purchase.RESERVED, row, table)
            found[term] = replace(made, term=term)
    return found


def is_stale(as_of: str | None, today: date) -> bool:
    """Whether a price of that date (a day or a month) is older than the threshold."""
    if as_of is None:
        return False
    day = as_of if len(as_of) > len("2026-03") else f"{as_of}-01"
    return today - date.fromisoformat(day) > STALE_AFTER


_to_forget: list[Callable[[], None]] = []


def forget() -> None:
    """Read everything anew: a refresh wrote a snapshot."""
    for clear in (offer.cache_clear, reserved_terms.cache_clear, newest.cache_clear, *_to_forget):
        clear()


def forget_also(clear: Callable[[], None]) -> None:
    """Have `clear` called too when prices are read anew."""
    _to_forget.append(clear)


def packaged_row(option: str, instance_type: str, region: str) -> Row | None:
    """The row that came with the package, for an option, `reserved: TERM` or a `service` item."""
    if option == "service":
        return _service_row(instance_type, region)
    if not option.startswith("reserved: "):
        return _row(read("prices.json"), option, instance_type, region)
    file = read("reserved.json")
    by_term = file["prices"].get(instance_type, {}).get(region)
    amount = by_term and by_term[file["terms"].index(option.removeprefix("reserved: "))]
    return (amount, None, file["as_of"], file["source"], file["evidence"]) if amount else None


def _service_row(item: str, region: str) -> Row | None:
    file = read("services.json")
    usd = file["prices"].get(region, {}).get(item)
    return None if usd is None else (usd, None, file["as_of"], file["source"], file["evidence"])


def newest_row(option: str, instance_type: str, region: str) -> Row | None:
    """The newest row known, packaged or refreshed."""
    return _newest_row(option, instance_type, region)[1]


def _newest_row(
    option: str, instance_type: str, region: str
) -> tuple[Mapping[str, Any], Row | None]:
    """The row and the file that explains its source."""
    packaged = packaged_row(option, instance_type, region)
    snapshot = newest()
    refreshed = _row(snapshot, option, instance_type, region) if snapshot else None
    if refreshed and (packaged is None or (refreshed[2] or "") >= (packaged[2] or "")):
        return snapshot, refreshed
    return read("prices.json"), packaged


def _row(file: Mapping[str, Any], option: str, instance_type: str, region: str) -> Row | None:
    row = file["prices"].get(option, {}).get(instance_type, {}).get(region)
    return None if row is None else cast("Row", tuple(row))


def _offer(
    instance_type: str, region: str, purchase: Purchase, row: Row, file: Mapping[str, Any]
) -> Offer:
    high, low, as_of, source, evidence = row
    return Offer(
        instance_type=instance_type,
        region=region,
        purchase=purchase,
        usd_per_hour=high,
        usd_per_hour_low=low,
        price_as_of=as_of,
        price_source=file["sources"].get(source, source),
        evidence=Evidence(evidence),
    )


def _unknown(instance_type: str, region: str, purchase: Purchase) -> Offer:
    return Offer(
        instance_type=instance_type,
        region=region,
        purchase=purchase,
        usd_per_hour=None,
        evidence=Evidence.UNKNOWN,
    )
