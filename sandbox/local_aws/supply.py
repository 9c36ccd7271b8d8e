"""What there is to launch with at the moment: instances, reservations, vCPUs, addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.utilities.utils import get_partition

from sandbox.local_aws.limits import LIMITS, quota_of
from sandbox.local_aws.reservations import CapacityReservation, Reservations
from sandbox.local_aws.supply_refusals import Supply

_LIVE = ("pending", "running")
# By (account, region).
_ALL: dict[tuple[str, str], Reservations] = {}


def reservations(account: str, region: str) -> Reservations:
    """The reservations of that account and region."""
    key = (account, region)
    if key not in _ALL:
        backend: Any = ec2_backends[account][region]
        prefix = f"arn:{get_partition(region)}:ec2:{region}:{account}"
        _ALL[key] = Reservations(account, prefix, lambda one: len(occupants(backend, one)))
    return _ALL[key]


def occupants(backend: Any, reservation: str) -> list[Any]:
    """The live instances in a reservation."""
    return [one for one in _live(backend) if reservation_of(one) == reservation]


def reservation_of(instance: Any) -> str | None:
    """The id of the reservation that an instance runs in."""
    return getattr(instance, "capacity_reservation_id", None)


def in_use(account: str, instance_type: str) -> int:
    """How many of the type run outside reservations or are reserved, in all regions."""
    running = sum(
        1
        for backend in _backends(account)
        for instance in _live(backend)
        if instance.instance_type == instance_type and reservation_of(instance) is None
    )
    return running + sum(
        held.reserved(instance_type) for (owner, _), held in _ALL.items() if owner == account
    )


def left(account: str, instance_type: str) -> int | None:
    """How many more of the type can be had; None where nothing limits it."""
    most = LIMITS.capacity.get(instance_type)
    return None if most is None else max(most - in_use(account, instance_type), 0)


def supply_for(
    request: Mapping[str, Any], zone: str, account: str, region: str, backend: Any
) -> Supply:
    """What the effective request would draw on."""
    kind: str = request.get("InstanceType", "m1.small")
    market = request.get("InstanceMarketOptions", {}).get("MarketType")
    wish = request.get("CapacityReservationSpecification", {})
    target = wish.get("CapacityReservationTarget", {}).get("CapacityReservationId")
    preference = wish.get("CapacityReservationPreference", "open")
    count = int(request.get("MinCount", 1))
    tenancy = request.get("Placement", {}).get("Tenancy", "default")
    held = reservations(account, region)
    found: CapacityReservation | None = None
    if target:
        found = held.get(target)
    elif market is None and preference != "none":
        found = held.open_match(kind, zone, tenancy, count)
    quota = quota_of(kind, market)
    return Supply(
        count=count,
        kind=kind,
        zone=zone,
        tenancy=tenancy,
        market=market,
        target=target,
        only_reserved=preference == "capacity-reservations-only",
        reservation=found,
        left=left(account, kind),
        quota=quota,
        vcpus=count * _vcpus(kind),
        vcpus_left=_vcpus_left(backend, quota.code) if quota else None,
        addresses=_addresses(request, count),
        free_addresses={
            subnet: backend.get_subnet(subnet).available_ip_address_count
            for subnet in _addresses(request, count)
        },
    )


def _backends(account: str) -> Iterator[Any]:
    return iter(cast("dict[str, Any]", ec2_backends[account]).values())


def _live(backend: Any) -> list[Any]:
    return [one for one in backend.all_instances() if one.state in _LIVE]


def _vcpus(instance_type: str) -> int:
    facts = cast("dict[str, Any]", INSTANCE_TYPES.get(instance_type, {}))
    return int(facts.get("VCpuInfo", {}).get("DefaultVCpus", 0))


def _vcpus_left(backend: Any, code: str) -> float:
    used = 0
    for instance in _live(backend):
        counted = quota_of(instance.instance_type, instance.lifecycle)
        if counted and counted.code == code and reservation_of(instance) is None:
            used += _vcpus(instance.instance_type)
    return LIMITS.quota(code) - used


def _addresses(request: Mapping[str, Any], count: int) -> dict[str, int]:
    """How many addresses the launch takes of each subnet; an efa-only interface takes none."""
    interfaces: list[Mapping[str, Any]] = request.get("NetworkInterfaces", [])
    subnet = request.get("SubnetId")
    if not interfaces:
        return {subnet: count} if subnet else {}
    taken: Counter[str] = Counter()
    for interface in interfaces:
        if interface.get("InterfaceType") != "efa-only" and interface.get("SubnetId"):
            taken[interface["SubnetId"]] += count
    return dict(taken)
