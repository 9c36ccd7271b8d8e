"""A company's own nodes: what may be used beside AWS, read from a YAML file.

nodes:
  - name: dgx-h100
    gpu: H100
    gpusPerNode: 8
    count: 4
    usdPerHour: 18.50    # what an hour of one node costs you; leave it out if unknown
    nvlink: true
    network: {kind: infiniband, gbps: 3200}
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import Field, ValidationError

from sizing.catalog.gpus import find_gpus
from sizing.catalog.instances import instance_names
from sizing.errors import InputError
from sizing.evidence import Evidence
from sizing.instance import InstanceType, Offer, Purchase
from sizing.sections import Section, first_error, read_yaml

ON_PREMISES = "on-premises"
MAX_KINDS = 200


class Network(StrEnum):
    """What connects the nodes. A copy of a model spans nodes over InfiniBand or RoCE only."""

    INFINIBAND = "infiniband"
    ROCE = "roce"
    ETHERNET = "ethernet"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class OwnedNodes:
    """`count` equal nodes, as an instance type that is offered on the premises only."""

    instance: InstanceType
    count: int
    offer: Offer


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every kind of node in one file."""

    nodes: tuple[OwnedNodes, ...]


class _NetworkRow(Section):
    kind: Network = Field(default=Network.NONE, strict=False)
    gbps: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] = 0.0


class _NodeRow(Section):
    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\w.-]+$")]
    gpu: str
    gpus_per_node: Annotated[int, Field(ge=1, le=72)]
    count: Annotated[int, Field(ge=1, le=100_000)]
    usd_per_hour: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | None = None
    nvlink: bool = False
    network: _NetworkRow = _NetworkRow()


class _File(Section):
    nodes: Annotated[tuple[_NodeRow, ...], Field(min_length=1, max_length=MAX_KINDS, strict=False)]


def read_inventory(path: Path) -> Inventory:
    """The nodes of a YAML file. Raises InputError, naming the key, for anything malformed."""
    content = _yaml(path)
    try:
        rows = _File.model_validate(content).nodes
    except ValidationError as error:
        found = first_error(error, _File)
        raise InputError(
            f"inventory {found.key}", found.value, found.allowed, found.nearest
        ) from None
    _check_names(rows)
    return Inventory(tuple(_owned(row, index) for index, row in enumerate(rows)))


def _yaml(path: Path) -> Any:
    content = read_yaml(path, "inventory")
    if not isinstance(content, dict) or "nodes" not in content:
        raise InputError("inventory", path.name, "a `nodes:` list of node types")
    return cast("dict[str, Any]", content)


def _check_names(rows: tuple[_NodeRow, ...]) -> None:
    taken = set(instance_names())
    for row in rows:
        if row.name.lower() in taken:
            raise InputError(
                "inventory nodes.name", row.name, "a name of its own, not twice and not EC2's"
            )
        taken.add(row.name.lower())


def _owned(row: _NodeRow, index: int) -> OwnedNodes:
    return OwnedNodes(_instance(row, index), row.count, _offer(row))


def _instance(row: _NodeRow, index: int) -> InstanceType:
    gpus = find_gpus(row.gpu, f"inventory nodes.{index}.gpu")
    if len(gpus) != 1:
        names = ", ".join(g.name for g in gpus)
        raise InputError(f"inventory nodes.{index}.gpu", row.gpu, f"one of {names}", gpus[-1].name)
    return InstanceType(
        name=row.name,
        gpu=gpus[0].name,
        gpus=row.gpus_per_node,
        gpu_fraction=1.0,
        vcpus=0,
        memory_gib=0.0,
        nvme_gb=0,
        network_gbps=row.network.gbps,
        cards=(),
        efa_interfaces=0,
        nvlink=row.nvlink,
        architecture="x86_64",
        zones={ON_PREMISES: ()},
        rdma=row.network.kind in (Network.INFINIBAND, Network.ROCE),
    )


def _offer(row: _NodeRow) -> Offer:
    known = row.usd_per_hour is not None
    return Offer(
        instance_type=row.name,
        region=ON_PREMISES,
        purchase=Purchase.OWNED,
        usd_per_hour=row.usd_per_hour,
        price_source="your inventory" if known else None,
        evidence=Evidence.MEASURED if known else Evidence.UNKNOWN,
    )
