"""Unit prices of what surrounds the nodes, from the AWS Price List (pricing:GetProducts)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sizing.aws import Clients, pages
from sizing.catalog.service_prices import OPTION
from sizing.prices.price_list import SERVICE_REGION, SOURCE
from sizing.prices.rows import Key, Row, Rows

# A region's name in usage types: USE1, EU, APS3; some services write us-east-1. TS is a product.
_REGION = r"(?:(?:(?!TS-)[A-Z]{2,4}\d?|[a-z]{2}(?:-[a-z]+)+-\d)-)?"


@dataclass(frozen=True, slots=True)
class Product:
    """Where the Price List has an item: the service, the usage type, and what else must hold."""

    service: str
    usage_type: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    family: str | None = None


PRODUCTS = {
    "ebs-gp3": Product("AmazonEC2", "EBS:VolumeUsage.gp3"),
    "nat-gateway": Product("AmazonEC2", "NatGateway-Hours"),
    "nat-data": Product("AmazonEC2", "NatGateway-Bytes"),
    "public-ipv4": Product("AmazonVPC", "PublicIPv4:InUseAddress"),
    "interface-endpoint": Product("AmazonVPC", "VpcEndpoint-Hours"),
    "interface-endpoint-data": Product("AmazonVPC", "VpcEndpoint-Bytes"),
    "alb": Product("AWSELB", "LoadBalancerUsage", family="Load Balancer-Application"),
    "alb-lcu": Product("AWSELB", "LCUUsage", family="Load Balancer-Application"),
    "secret": Product("AWSSecretsManager", "AWSSecretsManager-Secrets"),
    "alarm": Product("AmazonCloudWatch", "CW:AlarmMonitorUsage"),
    "log-ingest": Product("AmazonCloudWatch", "DataProcessing-Bytes", {"group": "Ingested Logs"}),
    "log-storage": Product("AmazonCloudWatch", "TimedStorage-ByteHrs", family="Storage Snapshot"),
}
"""By item of the catalogue."""


def service_rows(clients: Clients, item: str, day: str) -> Rows:
    """The rows of one item in every region; where several prices could be meant there is none.

    Raises AwsError, or InputError without credentials.
    """
    product = PRODUCTS[item]
    filters = [{"Type": "CONTAINS", "Field": "usagetype", "Value": product.usage_type}]
    client = clients.client("pricing", SERVICE_REGION)
    found = pages(client, "get_products", "PriceList", ServiceCode=product.service, Filters=filters)
    prices: dict[str, set[float]] = {}
    for text in found:
        for region, usd in _prices(product, json.loads(text)):
            prices.setdefault(region, set()).add(usd)
    sure = ((region, *several) for region, several in prices.items() if len(several) == 1)
    return {_key(item, region): _row(usd, day) for region, usd in sure}


def _key(item: str, region: str) -> Key:
    return (OPTION, item, region)


def _row(usd: float, day: str) -> Row:
    return (usd, None, day, SOURCE, "measured")


def _prices(wanted: Product, found: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The first tier's price and its region, if it is the product that is meant."""
    product = found.get("product", {})
    attributes: Mapping[str, str] = product.get("attributes", {})
    region = attributes.get("regionCode")
    usage_type = _REGION + re.escape(wanted.usage_type)
    if not region or not re.fullmatch(usage_type, attributes.get("usagetype", "")):
        return
    if wanted.family and product.get("productFamily") != wanted.family:
        return
    if any(attributes.get(name) != value for name, value in wanted.attributes.items()):
        return
    for term in found.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            usd = float(dimension.get("pricePerUnit", {}).get("USD", 0.0))
            if usd and float(dimension.get("beginRange") or 0) == 0:
                yield region, usd
