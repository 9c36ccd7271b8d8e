"""What an instance costs: the newest price known, or an honest None."""

from __future__ import annotations

from sizing.catalog.store import read
from sizing.evidence import Evidence
from sizing.instance import Offer, Purchase


def offer(instance_type: str, region: str, purchase: Purchase) -> Offer:
    """The offer of an instance type in a region; its price is None where none is known."""
    row = _row(instance_type, region, purchase)
    if row is None:
        return Offer(
            instance_type=instance_type,
            region=region,
            purchase=purchase,
            usd_per_hour=None,
            evidence=Evidence.UNKNOWN,
        )
    high, low, as_of, source, evidence = row
    return Offer(
        instance_type=instance_type,
        region=region,
        purchase=purchase,
        usd_per_hour=high,
        usd_per_hour_low=low,
        price_as_of=as_of,
        price_source=read("prices.json")["sources"].get(source, source),
        evidence=Evidence(evidence),
    )


def _row(
    instance_type: str, region: str, purchase: Purchase
) -> tuple[float, float | None, str | None, str, str] | None:
    table = read("prices.json")["prices"].get(purchase.value, {})
    row = table.get(instance_type, {}).get(region)
    return None if row is None else tuple(row)
