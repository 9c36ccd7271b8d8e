"""Capacity block prices (ec2:DescribeCapacityBlockOfferings): a day's fee per instance hour."""

from __future__ import annotations

from datetime import datetime

from sizing.aws import AwsError, Clients, pages
from sizing.prices.rows import Rows

SOURCE = "EC2 capacity block offerings"
HOURS = 24
# What EC2 answers where it sells no blocks of a type in a region.
_NOT_SOLD = {
    "InvalidInstanceType",
    "InvalidParameterValue",
    "Unsupported",
    "UnsupportedOperation",
    "UnsupportedInstanceType",
}


def block_rows(clients: Clients, region: str, instance_type: str, now: datetime) -> Rows:
    """The row of one type, empty where no block is offered now.

    Raises AwsError, or InputError without credentials.
    """
    try:
        offerings = pages(
            clients.client("ec2", region),
            "describe_capacity_block_offerings",
            "CapacityBlockOfferings",
            InstanceType=instance_type,
            InstanceCount=1,
            CapacityDurationHours=HOURS,
        )
    except AwsError as error:
        if error.code in _NOT_SOLD:
            return {}
        raise
    rates = [
        float(o["UpfrontFee"]) / (o["InstanceCount"] * o["CapacityBlockDurationHours"])
        for o in offerings
        if o.get("CurrencyCode", "USD") == "USD"
    ]
    if not rates:
        return {}
    high, low = round(max(rates), 6), round(min(rates), 6)
    day = now.date().isoformat()
    row = (high, low if low < high else None, day, SOURCE, "measured")
    return {("capacity-block", instance_type, region): row}
