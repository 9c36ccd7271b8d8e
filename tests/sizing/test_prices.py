"""Prices: the newest known wins, a refresh writes all or nothing, age is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest

import sizing.prices.refresh
from sizing.catalog.prices import forget, is_stale, offer, reserved_terms
from sizing.catalog.service_prices import service_price, units
from sizing.catalog.snapshots import FOLDER_VARIABLE
from sizing.describe import with_staleness
from sizing.errors import InputError
from sizing.instance import Purchase
from sizing.planner import plan_for
from sizing.prices.refresh import Refresh, refresh
from sizing.prices.services import PRODUCTS
from sizing.render.prices import render_refresh
from sizing.stack_config import StackConfig

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TYPES = ("p5.48xlarge", "g6e.xlarge")
REGION = "us-east-1"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No snapshot of the person who runs the tests, and none left behind."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    forget()
    yield tmp_path
    forget()


class StubbedAws:
    """Real boto3 clients whose answers are set, checked against AWS's own service models."""

    def __init__(self) -> None:
        session = cast("Any", import_module("boto3.session")).Session(
            aws_access_key_id="dummy", aws_secret_access_key="dummy"
        )
        stub = cast("Any", import_module("botocore.stub"))
        self._clients = {s: session.client(s, region_name=REGION) for s in ("ec2", "pricing")}
        self.stubs = {s: stub.Stubber(c) for s, c in self._clients.items()}
        self.any = stub.ANY
        for stubber in self.stubs.values():
            stubber.activate()

    def client(self, service: str, region: str) -> Any:
        assert region == REGION
        return self._clients[service]

    def products(self, name: str, *pages: list[str]) -> None:
        """GetProducts for one type, a page each."""
        for index, items in enumerate(pages):
            last = index == len(pages) - 1
            expected = {"ServiceCode": "AmazonEC2", "Filters": self.any}
            expected |= {"NextToken": str(index)} if index else {}
            answer = {"PriceList": items} | ({} if last else {"NextToken": str(index + 1)})
            self.stubs["pricing"].add_response("get_products", answer, expected)
        del name

    def services(self, products: dict[str, list[str]] | None = None) -> None:
        """GetProducts for every item that surrounds the nodes."""
        for item, wanted in PRODUCTS.items():
            same = {"Type": "CONTAINS", "Field": "usagetype", "Value": wanted.usage_type}
            expected = {"ServiceCode": wanted.service, "Filters": [same]}
            answer = {"PriceList": (products or {}).get(item, [])}
            self.stubs["pricing"].add_response("get_products", answer, expected)

    def spot(self, points: dict[str, list[float]]) -> None:
        history = [
            {"InstanceType": n, "SpotPrice": str(p), "AvailabilityZone": "us-east-1a"}
            for n, prices in points.items()
            for p in prices
        ]
        self.stubs["ec2"].add_response("describe_spot_price_history", {"SpotPriceHistory": history})

    def blocks(self, *fees: float) -> None:
        offerings = [
            {
                "InstanceType": "p5.48xlarge",
                "InstanceCount": 1,
                "CapacityBlockDurationHours": 24,
                "UpfrontFee": str(fee),
                "CurrencyCode": "USD",
            }
            for fee in fees
        ]
        self.stubs["ec2"].add_response(
            "describe_capacity_block_offerings", {"CapacityBlockOfferings": offerings}
        )


def product(name: str, region: str, hourly: float, upfront: float = 0.0) -> str:
    """One item of the Price List, in its documented shape."""

    def dimension(unit: str, usd: float) -> dict[str, Any]:
        return {"unit": unit, "pricePerUnit": {"USD": f"{usd:.10f}"}}

    attributes = {"instanceType": name, "regionCode": region, "locationType": "AWS Region"}
    reserved = {
        "LeaseContractLength": "1yr",
        "OfferingClass": "standard",
        "PurchaseOption": "All Upfront" if upfront else "No Upfront",
    }
    return json.dumps(
        {
            "product": {"productFamily": "Compute Instance", "attributes": attributes},
            "serviceCode": "AmazonEC2",
            "terms": {
                "OnDemand": {"A.B": {"priceDimensions": {"A.B.C": dimension("Hrs", hourly)}}},
                "Reserved": {
                    "A.D": {
                        "termAttributes": reserved,
                        "priceDimensions": {
                            "A.D.E": dimension("Quantity", upfront),
                            "A.D.F": dimension("Hrs", 0.0 if upfront else hourly * 0.6),
                        },
                    }
                },
            },
        }
    )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> StubbedAws:
    monkeypatch.setattr(sizing.prices.refresh, "instance_names", lambda: TYPES)
    return StubbedAws()


def run(aws: StubbedAws, **options: Any) -> Refresh:
    return refresh(aws, NOW, regions=[REGION], **options)


def answer_everything(aws: StubbedAws) -> None:
    elsewhere = product("p5.48xlarge", "eu-north-1", 1.0)
    aws.products("p5.48xlarge", [elsewhere], [product("p5.48xlarge", REGION, 50.0)])
    aws.products("g6e.xlarge", [product("g6e.xlarge", REGION, 2.0, upfront=8760)])
    aws.services()
    aws.spot({"p5.48xlarge": [20.0, 17.5, 31.25], "g6e.xlarge": [0.9]})
    aws.blocks(960.0, 984.0)


def test_a_refresh_reads_every_page_and_the_plan_uses_it(aws: StubbedAws, own_folder: Path) -> None:
    assert offer("p5.48xlarge", REGION, Purchase.ON_DEMAND).usd_per_hour == 55.04
    answer_everything(aws)
    found = run(aws)
    assert found.failures == {}
    assert found.path == own_folder / "prices-2026-11-23.json"

    renewed = offer("p5.48xlarge", REGION, Purchase.ON_DEMAND)
    assert (renewed.usd_per_hour, renewed.price_as_of) == (50.0, "2026-11-23")
    assert renewed.price_source == "AWS Price List"
    spot = offer("p5.48xlarge", REGION, Purchase.SPOT)
    assert (spot.usd_per_hour, spot.usd_per_hour_low) == (31.25, 17.5)
    block = offer("p5.48xlarge", REGION, Purchase.CAPACITY_BLOCK)
    assert (block.usd_per_hour, block.usd_per_hour_low) == (41.0, 40.0)
    assert reserved_terms("p5.48xlarge", REGION)["1 year standard, no upfront"].usd_per_hour == 30.0
    assert reserved_terms("g6e.xlarge", REGION)["1 year standard, all upfront"].usd_per_hour == 1.0
    # A region that was not asked about keeps what was known.
    assert offer("p5.48xlarge", "eu-north-1", Purchase.ON_DEMAND).usd_per_hour == 58.8928
    plan = plan_for(StackConfig.from_mapping({"model": "llama-3.1-405b", "precision": "bf16"}))
    assert plan.cost.nodes_usd_per_hour == 100.0


def test_a_refresh_shows_what_changed(aws: StubbedAws) -> None:
    answer_everything(aws)
    found = run(aws)
    page = render_refresh(found).replace(str(found.path), "PATH")
    assert "-9.2%" in page
    assert "$55.04" in page
    assert max(map(len, page.splitlines())) <= 100


def test_a_partial_failure_leaves_the_old_file(aws: StubbedAws, own_folder: Path) -> None:
    answer_everything(aws)
    path = run(aws).path
    assert path is not None
    before = path.read_bytes()

    again = StubbedAws()
    again.products("p5.48xlarge", [product("p5.48xlarge", REGION, 1.0)])
    again.stubs["pricing"].add_client_error("get_products", "ThrottlingException", "too\nfast", 400)
    again.services()
    again.spot({"p5.48xlarge": [1.0]})
    again.blocks(24.0)
    found = run(again)
    assert list(found.failures.values()) == ["ThrottlingException: too fast"]
    assert found.path is None
    assert path.read_bytes() == before
    assert [p.name for p in own_folder.iterdir()] == [path.name]
    assert "nothing was written" in render_refresh(found)


def test_what_is_not_sold_is_no_failure(aws: StubbedAws) -> None:
    stub = aws.stubs["ec2"]
    stub.add_client_error("describe_capacity_block_offerings", "UnsupportedOperation", "no", 400)
    found = run(aws, parts=["capacity-block"])
    assert (found.rows, found.failures, found.path) == ({}, {}, None)


def test_a_dry_run_writes_nothing(aws: StubbedAws, own_folder: Path) -> None:
    answer_everything(aws)
    found = run(aws, dry_run=True)
    assert found.changes
    assert list(own_folder.iterdir()) == []


def test_a_part_keeps_the_rest_of_the_last_snapshot(aws: StubbedAws) -> None:
    answer_everything(aws)
    run(aws)
    later = StubbedAws()
    later.spot({"p5.48xlarge": [9.0]})
    refresh(later, datetime(2026, 12, 1, tzinfo=UTC), regions=[REGION], parts=["spot"])
    assert offer("p5.48xlarge", REGION, Purchase.SPOT).price_as_of == "2026-12-01"
    assert offer("p5.48xlarge", REGION, Purchase.ON_DEMAND).price_as_of == "2026-11-23"


def test_an_older_snapshot_does_not_win(own_folder: Path) -> None:
    row = [1.0, None, "2024-01-01", "AWS Price List", "measured"]
    prices = {"on-demand": {"p5.48xlarge": {REGION: row}}}
    content = {"schema": 1, "sources": {}, "prices": prices}
    (own_folder / "prices-2024-01-01.json").write_text(json.dumps(content))
    forget()
    assert offer("p5.48xlarge", REGION, Purchase.ON_DEMAND).usd_per_hour == 55.04


def row_of(*row: object, option: str = "on-demand") -> str:
    return json.dumps({"schema": 1, "prices": {option: {"p5.48xlarge": {REGION: list(row)}}}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"schema": 9}',
        '{"schema": 1, "prices": 3}',
        '{"schema": 1, "prices": {"spot": []}}',
        row_of(),
        row_of(0.0, None, "2026-11-23", "AWS", "measured"),
        row_of(-1.0, None, "2026-11-23", "AWS", "measured"),
        row_of("55", None, "2026-11-23", "AWS", "measured"),
        row_of(float("nan"), None, "2026-11-23", "AWS", "measured"),
        row_of(55.0, None, "2026-13-23", "AWS", "measured"),
        row_of(55.0, None, "yesterday", "AWS", "measured"),
        row_of(55.0, None, "2026-11-23", "AWS", "guessed"),
        row_of(55.0, None, "2026-11-23", "AWS", "measured", option="service")[:-9],
    ],
)
def test_a_broken_snapshot_is_named(own_folder: Path, text: str) -> None:
    (own_folder / "prices-2026-01-01.json").write_text(text)
    forget()
    with pytest.raises(InputError, match=r"prices-2026-01-01\.json"):
        offer("p5.48xlarge", REGION, Purchase.ON_DEMAND)


@pytest.mark.parametrize(
    ("options", "key", "nearest"),
    [
        ({"regions": ["us-esat-1"]}, "region", "us-east-1"),
        ({"parts": ["spots"], "regions": [REGION]}, "only", "spot"),
    ],
)
def test_typos_ask_nothing(
    aws: StubbedAws, options: dict[str, Any], key: str, nearest: str
) -> None:
    with pytest.raises(InputError) as caught:
        refresh(aws, NOW, **options)
    assert (caught.value.key, caught.value.nearest) == (key, nearest)


@pytest.mark.parametrize(
    ("as_of", "stale"),
    [("2026-08-25", False), ("2026-08-24", True), ("2026-03", True), (None, False)],
)
def test_prices_go_stale_after_ninety_days(as_of: str | None, stale: bool) -> None:
    assert is_stale(as_of, NOW.date()) is stale


def test_age_is_said_on_request_and_changes_nothing_else() -> None:
    plan = plan_for(StackConfig.from_mapping({"model": "llama-3.1-405b", "precision": "bf16"}))
    aged = with_staleness(plan, date(2027, 1, 1))
    assert any("2026-07-20" in w and "refresh" in w for w in aged.warnings)
    assert aged.model_copy(update={"warnings": plan.warnings}) == plan
    assert with_staleness(plan, date(2026, 8, 1)) == plan


def priced(usage_type: str, region: str, *usd: float, family: str = "", **attributes: str) -> str:
    """One product of the Price List; several prices are tiers."""
    tiers = {
        f"A.{index}": {
            "beginRange": str(index * 1000),
            "pricePerUnit": {"USD": f"{amount:.10f}"},
        }
        for index, amount in enumerate(usd)
    }
    about = {"usagetype": usage_type, "regionCode": region, **attributes}
    return json.dumps(
        {
            "product": {"productFamily": family, "attributes": about},
            "terms": {"OnDemand": {"A": {"priceDimensions": tiers}}},
        }
    )


def test_services_are_refreshed_for_a_region_that_had_none(
    aws: StubbedAws,
) -> None:
    balancer, elsewhere = "Load Balancer-Application", "eu-north-1"
    aws.services(
        {
            "ebs-gp3": [priced("EUN1-EBS:VolumeUsage.gp3", elsewhere, 0.0836)],
            "nat-gateway": [
                priced("EUN1-NatGateway-Hours", elsewhere, 0.046),
                priced("EUN1-RegionalNatGateway-Hours", elsewhere, 9.0),
                priced("NatGateway-Hours", REGION, 0.046),
            ],
            "nat-data": [priced("EUN1-NatGateway-Bytes", elsewhere, 0.046, 0.03)],
            "alb": [
                priced("EUN1-LoadBalancerUsage", elsewhere, 0.0239, family=balancer),
                priced("EUN1-TS-LoadBalancerUsage", elsewhere, 0.005, family=balancer),
                priced("EUN1-Outposts-LoadBalancerUsage", elsewhere, 0.1, family=balancer),
                priced("EUN1-LoadBalancerUsage", elsewhere, 7.0, family="Load Balancer-Network"),
            ],
            "secret": [priced("eu-north-1-AWSSecretsManager-Secrets", elsewhere, 0.4)],
            "log-ingest": [
                priced("EUN1-DataProcessing-Bytes", elsewhere, 0.54, group="Ingested Logs"),
                priced("EUN1-DataProcessing-Bytes", elsewhere, 3.0, group="Something Else"),
            ],
            "alarm": [
                priced("EUN1-CW:AlarmMonitorUsage", elsewhere, 0.1),
                priced("EUN1-CW:AlarmMonitorUsage", elsewhere, 0.2),
            ],
        }
    )
    found = refresh(aws, NOW, regions=[REGION, elsewhere], parts=["services"])
    assert found.failures == {}
    known = {item: service_price(item, elsewhere).usd for item in units()}
    assert {item: usd for item, usd in known.items() if usd is not None} == {
        "ebs-gp3": 0.0836,
        "nat-gateway": 0.046,
        "nat-data": 0.046,
        "alb": 0.0239,
        "secret": 0.4,
        "log-ingest": 0.54,
    }
    renewed = service_price("nat-gateway", REGION)
    assert (renewed.usd, renewed.as_of, renewed.evidence) == (0.046, "2026-11-23", "measured")
    assert service_price("ebs-gp3", REGION).as_of == "2026-11"
    page = render_refresh(found)
    assert "$0.0450" in page
    assert "$0.0460" in page
    config = {"model": "llama-3.1-405b", "precision": "bf16", "region": elsewhere}
    cost = plan_for(StackConfig.from_mapping(config)).cost
    assert 0 < cost.unknown_lines < 12
    assert (cost.usd_per_month or 0) > (cost.nodes_usd_per_month or 0)


def test_every_item_of_the_catalogue_can_be_refreshed() -> None:
    assert PRODUCTS.keys() == units().keys()
