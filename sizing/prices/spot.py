"""Spot prices of the last day (ec2:DescribeSpotPriceHistory): the range over zones and hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sizing.aws import Clients, pages
from sizing.prices.rows import Rows

SOURCE = "EC2 spot price history"
WINDOW = timedelta(days=1)


def spot_rows(clients: Clients, region: str, instance_types: Sequence[str], now: datetime) -> Rows:
    """One row a type that was priced: the highest and lowest seen.

    Raises AwsError, or InputError without credentials.
    """
    history = pages(
        clients.client("ec2", region),
        "describe_spot_price_history",
        "SpotPriceHistory",
        InstanceTypes=list(instance_types),
        ProductDescriptions=["Linux/UNIX"],
        StartTime=now - WINDOW,
        EndTime=now,
    )
    seen: dict[str, list[float]] = {}
    for point in history:
        seen.setdefault(point["InstanceType"], []).append(float(point["SpotPrice"]))
    day = now.date().isoformat()
    return {
        ("spot", name, region): (max(prices), min(prices), day, SOURCE, "measured")
        for name, prices in seen.items()
    }
