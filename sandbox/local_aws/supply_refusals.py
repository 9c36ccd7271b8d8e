"""The launches that AWS refuses for want of something, and with which error code.

Pure functions over what there is (see `supply.py`). As in `refusals.py`, codes are AWS's own where
it documents them or a public report shows them; the README says which are our best knowledge only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.local_aws.limits import Quota
from sandbox.local_aws.refusals import RefusedError
from sandbox.local_aws.reservations import CAPACITY_BLOCK, CapacityReservation

_EXCEEDED = "ReservationCapacityExceeded"


@dataclass(frozen=True)
class Supply:
    """What one launch asks for and what there is.

    `target` is the reservation id that is asked for, `reservation` the one that it would run in;
    `left`, `vcpus_left` are None where nothing limits them; both address tables are by subnet.
    """

    count: int
    kind: str
    zone: str
    tenancy: str
    market: str | None
    target: str | None
    only_reserved: bool
    reservation: CapacityReservation | None
    left: int | None
    quota: Quota | None
    vcpus: float
    vcpus_left: float | None
    addresses: Mapping[str, int]
    free_addresses: Mapping[str, int]


def check_reservation(supply: Supply) -> None:
    """Raise RefusedError where the target cannot be right, whatever is free at the moment."""
    if supply.target is None:
        return
    if supply.reservation is None:
        raise RefusedError(
            "InvalidCapacityReservationId.NotFound",
            f"The capacity reservation {supply.target} does not exist.",
        )
    for rule in _TARGET_RULES:
        rule(supply, supply.reservation)


def check_supply(supply: Supply) -> None:
    """Raise RefusedError where there is not enough of something at the moment."""
    for rule in _ROOM_RULES:
        rule(supply)


def _has_begun(supply: Supply, found: CapacityReservation) -> None:
    if found.state == "scheduled":
        raise RefusedError(
            "InvalidCapacityReservationState.PendingActivation",
            f"{supply.target} begins at {found.start_date:%Y-%m-%d %H:%M} UTC.",
        )


def _has_not_ended(supply: Supply, found: CapacityReservation) -> None:
    if found.state != "active":
        raise RefusedError(_EXCEEDED, f"{supply.target} is {found.state}.")


def _in_its_market(supply: Supply, found: CapacityReservation) -> None:
    if found.is_block != (supply.market == CAPACITY_BLOCK):
        right = f"is a capacity block: choose the market type {CAPACITY_BLOCK}"
        wrong = f"is no capacity block: leave the market type {CAPACITY_BLOCK} out"
        raise RefusedError(
            "InvalidParameterValue",
            "The market type (purchasing) option is not valid. "
            f"{supply.target} {right if found.is_block else wrong}.",
        )


def _compatible(supply: Supply, found: CapacityReservation) -> None:
    pairs = {
        "instance type": (found.instance_type, supply.kind),
        "Availability Zone": (found.availability_zone, supply.zone),
        "tenancy": (found.tenancy, supply.tenancy),
    }
    for name, (there, asked) in pairs.items():
        if there != asked:
            raise RefusedError(
                _EXCEEDED, f"{supply.target} is not compatible: its {name} is {there}, not {asked}."
            )


_TARGET_RULES: tuple[Callable[[Supply, CapacityReservation], None], ...] = (
    _has_begun,
    _has_not_ended,
    _in_its_market,
    _compatible,
)


def _reservation_has_room(supply: Supply) -> None:
    found = supply.reservation
    if found is not None and found.available_instance_count < supply.count:
        raise RefusedError(
            _EXCEEDED,
            f"{found.capacity_reservation_id} has {found.available_instance_count} of "
            f"{found.total_instance_count} instances available; {supply.count} are needed.",
        )
    if found is None and supply.only_reserved:
        raise RefusedError(_EXCEEDED, f"No open reservation of {supply.kind} has room.")


def _within_quota(supply: Supply) -> None:
    quota, free = supply.quota, supply.vcpus_left
    if supply.reservation is not None or quota is None or free is None or supply.vcpus <= free:
        return
    spot = supply.market == "spot"
    raise RefusedError(
        "MaxSpotInstanceCountExceeded" if spot else "VcpuLimitExceeded",
        f"{supply.vcpus:g} vCPUs are more than the {max(free, 0):g} that are left of the quota "
        f"'{quota.name}' ({quota.code}).",
    )


def _capacity_is_there(supply: Supply) -> None:
    if supply.reservation is None and supply.left is not None and supply.count > supply.left:
        raise RefusedError(
            "InsufficientInstanceCapacity",
            f"There is not sufficient {supply.kind} capacity in the Availability Zone "
            f"{supply.zone} at the moment.",
        )


def _addresses_are_free(supply: Supply) -> None:
    for subnet, needed in supply.addresses.items():
        free = supply.free_addresses[subnet]
        if needed > free:
            raise RefusedError(
                "InsufficientFreeAddressesInSubnet",
                f"{subnet} has {free} free addresses; {needed} are needed.",
            )


_ROOM_RULES: tuple[Callable[[Supply], None], ...] = (
    _reservation_has_room,
    _within_quota,
    _capacity_is_there,
    _addresses_are_free,
)
