"""What everything around the nodes costs, a line an item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sizing import usage
from sizing.catalog.service_prices import UnitPrice, service_price
from sizing.infrastructure import Infrastructure
from sizing.plan import CostLine
from sizing.stack_config import StackConfig
from sizing.units import HOURS_PER_MONTH, USD_DIGITS
from sizing.usage import Flow

STORAGE, NETWORK, ENDPOINT, OPERATIONS = "storage", "network", "endpoint", "operations"
_HOURLY = "hour"


def surroundings(
    config: StackConfig, made: Infrastructure, region: str, download_bytes: float
) -> tuple[CostLine, ...]:
    """The lines of one stack in one region; items without a known price stand there without."""
    write = _Writer(region, config.hours_per_month)
    return (
        *_storage(write, made),
        *_network(write, config, made, download_bytes),
        *_endpoint(write, config, made),
        *_operations(write, config, made),
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes lines for one region and a stack that exists so many hours a month."""

    region: str
    hours: float

    def standing(
        self, group: str, item: str, price_of: str, quantity: float, unit: str
    ) -> Iterator[CostLine]:
        """A line for what is billed because it exists; nothing where there is none of it."""
        if not quantity:
            return
        price = service_price(price_of, self.region)
        hourly = price.usd
        if hourly is not None and price.unit != _HOURLY:
            hourly = hourly / HOURS_PER_MONTH
        yield self._line(group, item, quantity, unit, price, hourly, None)

    def usage(
        self, group: str, item: str, price_of: str, flow: Flow, unit: str
    ) -> Iterator[CostLine]:
        """A line for what flows in a month; nothing where nothing does."""
        if not flow.quantity:
            return
        price = service_price(price_of, self.region)
        hourly = None if price.usd is None else price.usd / self.hours
        yield self._line(group, item, flow.quantity, unit, price, hourly, flow.assumption)

    def _line(
        self,
        group: str,
        item: str,
        quantity: float,
        unit: str,
        price: UnitPrice,
        hourly: float | None,
        assumption: str | None,
    ) -> CostLine:
        return CostLine(
            item=item,
            quantity=round(quantity, 6),
            unit=unit,
            usd_per_unit_hour=hourly,
            usd_per_hour=None if hourly is None else round(quantity * hourly, USD_DIGITS),
            usd_per_month=(
                None if hourly is None else round(quantity * hourly * self.hours, USD_DIGITS)
            ),
            evidence=price.evidence,
            group=group,
            usage=assumption is not None,
            assumption=assumption or "",
            price_as_of=price.as_of,
            price_source=price.source,
        )


def _storage(write: _Writer, made: Infrastructure) -> Iterator[CostLine]:
    # AWS's GB of a volume is 2^30 bytes; 3000 IOPS and 125 MiB/s of gp3 are in its price.
    size = made.nodes * made.root_volume_gib
    yield from write.standing(STORAGE, "root volumes, gp3", "ebs-gp3", size, "GiB")


def _network(
    write: _Writer, config: StackConfig, made: Infrastructure, download_bytes: float
) -> Iterator[CostLine]:
    yield from write.standing(NETWORK, "NAT gateway", "nat-gateway", made.nat_gateways, "gateway")
    yield from write.standing(
        NETWORK, "public IPv4 address", "public-ipv4", made.public_addresses, "address"
    )
    endpoints = len(made.interface_endpoints)
    yield from write.standing(
        NETWORK, "interface endpoints", "interface-endpoint", endpoints, "endpoint"
    )
    if made.nat_gateways:
        flows = (
            ("weights through NAT", usage.weights(config.usage, made, download_bytes)),
            ("images through NAT", usage.images(config.usage, made)),
            ("logs through NAT", usage.log_ingest(config.usage, made)),
        )
        for item, flow in flows:
            yield from write.usage(NETWORK, item, "nat-data", flow, "GB")
    if endpoints:
        logs = usage.log_ingest(config.usage, made)
        item = "logs through an endpoint"
        yield from write.usage(NETWORK, item, "interface-endpoint-data", logs, "GB")


def _endpoint(write: _Writer, config: StackConfig, made: Infrastructure) -> Iterator[CostLine]:
    if not made.load_balancers:
        return
    yield from write.standing(ENDPOINT, "load balancer", "alb", made.load_balancers, "balancer")
    units = usage.balancer_units(config.usage)
    yield from write.usage(ENDPOINT, "load balancer units", "alb-lcu", units, "LCU-hour")


def _operations(write: _Writer, config: StackConfig, made: Infrastructure) -> Iterator[CostLine]:
    yield from write.standing(OPERATIONS, "alarms", "alarm", made.alarms, "alarm")
    yield from write.standing(OPERATIONS, "secrets", "secret", made.secrets, "secret")
    ingest = usage.log_ingest(config.usage, made)
    yield from write.usage(OPERATIONS, "logs written", "log-ingest", ingest, "GB")
    kept = usage.log_storage(config.usage, made, config.operations)
    yield from write.usage(OPERATIONS, "logs kept", "log-storage", kept, "GB-month")
