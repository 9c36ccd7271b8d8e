"""On-demand and reserved prices from the AWS Price List (pricing:GetProducts)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sizing.aws import Clients, pages
from sizing.prices.rows import Key, Row, Rows

SERVICE_REGION = "us-east-1"
SOURCE = "AWS Price List"
HOURS_PER_YEAR = 8760
_FILTERS = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "tenancy": "Shared",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}


def price_list_rows(clients: Clients, instance_type: str, day: str) -> Rows:
    """Rows of one instance type in every region, on demand and by reserved term.

    Raises AwsError, or InputError without credentials.
    """
    client = clients.client("pricing", SERVICE_REGION)
    filters = [
        {"Type": "TERM_MATCH", "Field": field, "Value": value}
        for field, value in {**_FILTERS, "instanceType": instance_type}.items()
    ]
    products = pages(client, "get_products", "PriceList", ServiceCode="AmazonEC2", Filters=filters)
    return {key: row for text in products for key, row in _rows(json.loads(text), day)}


def _rows(product: Mapping[str, Any], day: str) -> Iterator[tuple[Key, Row]]:
    attributes = product.get("product", {}).get("attributes", {})
    name, region = attributes.get("instanceType"), attributes.get("regionCode")
    if not name or not region or attributes.get("locationType", "AWS Region") != "AWS Region":
        return
    terms = product.get("terms", {})
    for term in terms.get("OnDemand", {}).values():
        rate = _hourly(term)
        if rate:
            yield ("on-demand", name, region), (rate, None, day, SOURCE, "measured")
    for term in terms.get("Reserved", {}).values():
        label, years = _term(term.get("termAttributes", {}))
        rate = _hourly(term) + _upfront(term) / (years * HOURS_PER_YEAR) if years else 0.0
        if rate:
            key = (f"reserved: {label}", name, region)
            yield key, (round(rate, 6), None, day, SOURCE, "measured")


def _term(attributes: Mapping[str, str]) -> tuple[str, int]:
    """The commitment in words, and its years (0 for one that is not known)."""
    years = {"1yr": 1, "3yr": 3}.get(attributes.get("LeaseContractLength", "").replace(" ", ""), 0)
    length = f"{years} year" + ("s" if years > 1 else "")
    payment = attributes.get("PurchaseOption", "").lower()
    return f"{length} {attributes.get('OfferingClass', '')}, {payment}", years


def _hourly(term: Mapping[str, Any]) -> float:
    return sum(_usd(d) for d in _dimensions(term) if d.get("unit") == "Hrs")


def _upfront(term: Mapping[str, Any]) -> float:
    return sum(_usd(d) for d in _dimensions(term) if d.get("unit") == "Quantity")


def _dimensions(term: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(term.get("priceDimensions", {}).values())


def _usd(dimension: Mapping[str, Any]) -> float:
    return float(dimension.get("pricePerUnit", {}).get("USD", 0.0))
