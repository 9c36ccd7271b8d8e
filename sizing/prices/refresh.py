"""`sizing prices refresh`: ask AWS, compare, and write a dated snapshot if nothing failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sizing.aws import AwsError, Clients, asked
from sizing.catalog.instances import find_region, instance, instance_names
from sizing.catalog.prices import Row
from sizing.errors import unknown_name
from sizing.prices.blocks import block_rows
from sizing.prices.price_list import SERVICE_REGION, price_list_rows
from sizing.prices.rows import Change, Key, Rows, changes
from sizing.prices.services import PRODUCTS, service_rows
from sizing.prices.snapshot import write_snapshot
from sizing.prices.spot import spot_rows
from sizing.quota import CAPACITY_BLOCKS

PARTS = ("price-list", "services", "spot", "capacity-block")
"""On-demand and reserved prices together, what surrounds the nodes, spot, capacity blocks."""

Say = Callable[[str], None]
_Task = tuple[str, Callable[[], Rows]]


@dataclass(slots=True)
class Refresh:
    """What a refresh found. `path` is the snapshot, None if nothing was written."""

    rows: Rows = field(default_factory=dict[Key, Row])
    changes: list[Change] = field(default_factory=list[Change])
    failures: dict[str, str] = field(default_factory=dict[str, str])
    path: Path | None = None


def refresh(
    clients: Clients,
    now: datetime,
    *,
    regions: Sequence[str] = (),
    parts: Sequence[str] = (),
    dry_run: bool = False,
    say: Say = lambda _: None,
) -> Refresh:
    """Ask AWS for prices and write a snapshot; after any failure the files stay as they are.

    `regions` default to those that the account has enabled, `parts` to all of PARTS; `say` hears
    of the progress. Raises InputError for an unknown name or without credentials.
    """
    for part in parts:
        if part not in PARTS:
            raise unknown_name("only", part, PARTS)
    found = Refresh()
    where = [find_region(r) for r in regions] or _enabled_regions(clients)
    for label, task in _tasks(clients, now, where, parts or PARTS):
        say(label)
        try:
            found.rows.update(_in_regions(task(), where))
        except AwsError as error:
            found.failures[label] = str(error)
    found.changes = changes(found.rows)
    if found.rows and not found.failures and not dry_run:
        found.path = write_snapshot(found.rows, now.date().isoformat())
    return found


def _tasks(
    clients: Clients, now: datetime, regions: Sequence[str], parts: Sequence[str]
) -> Iterator[_Task]:
    day = now.date().isoformat()
    if "price-list" in parts:
        for name in instance_names():
            yield f"price list: {name}", lambda n=name: price_list_rows(clients, n, day)
    for item in PRODUCTS if "services" in parts else ():
        yield f"price list: {item}", lambda i=item: service_rows(clients, i, day)
    for region in regions:
        offered = [n for n in instance_names() if region in instance(n).zones]
        if "spot" in parts and offered:
            yield f"spot: {region}", lambda r=region, o=offered: spot_rows(clients, r, o, now)
        for name in offered if "capacity-block" in parts else ():
            if name.split(".")[0] in CAPACITY_BLOCKS:
                yield (
                    f"capacity blocks: {name} in {region}",
                    lambda n=name, r=region: block_rows(clients, r, n, now),
                )


def _in_regions(rows: Rows, regions: Sequence[str]) -> Rows:
    return {key: row for key, row in rows.items() if key[2] in regions}


def _enabled_regions(clients: Clients) -> list[str]:
    """The account's regions in which some GPU instance type is offered."""
    client = clients.client("ec2", SERVICE_REGION)
    answer = asked(lambda: client.describe_regions(AllRegions=False))
    offered = {region for name in instance_names() for region in instance(name).zones}
    return sorted(r["RegionName"] for r in answer["Regions"] if r["RegionName"] in offered)
