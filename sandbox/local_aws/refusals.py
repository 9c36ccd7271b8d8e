"""The launches that AWS refuses, and with which error code.

Pure functions over the effective request (see `effective.py`) and the facts of the instance type
in the form of DescribeInstanceTypes. Codes are AWS's own where a public report shows them; the
README says which are our best knowledge only. The messages are ours.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.local_aws.effective import slot

USER_DATA_LIMIT_BYTES = 16_384
_EFA_TYPES = ("efa", "efa-only")
_COMBINATION = "InvalidParameterCombination"
_VALUE = "InvalidParameterValue"


class RefusedError(Exception):
    """A request that AWS refuses, with EC2's error code."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True)
class Launch:
    """One launch to judge: `request` is the effective one, `kind` the type's description.

    `kind` is None for a type that AWS does not know; `offered` are the zones that have it.
    """

    request: Mapping[str, Any]
    kind: Mapping[str, Any] | None
    zone: str
    offered: Collection[str]

    @property
    def interfaces(self) -> list[Mapping[str, Any]]:
        """The interface specifications, in the request's order."""
        return self.request.get("NetworkInterfaces", [])

    @property
    def network(self) -> Mapping[str, Any]:
        """The type's NetworkInfo."""
        return (self.kind or {}).get("NetworkInfo", {})

    @property
    def type_name(self) -> str:
        """The instance type that is asked for."""
        return self.request.get("InstanceType", "")


def check_launch(launch: Launch) -> None:
    """Raise RefusedError for the first thing about the launch that AWS would not accept."""
    for rule in _RULES:
        rule(launch)


def check_user_data(encoded: str | None, code: str = _VALUE) -> None:
    """Raise RefusedError for user data that is not base64 or decodes to more than 16 KB."""
    if not encoded:
        return
    try:
        size = len(base64.b64decode(encoded, validate=True))
    except binascii.Error as error:
        raise RefusedError("InvalidUserData.Malformed", "User data is not valid base64.") from error
    if size > USER_DATA_LIMIT_BYTES:
        limit = f"at most {USER_DATA_LIMIT_BYTES} bytes"
        raise RefusedError(code, f"User data may have {limit} before encoding; it has {size}.")


def _known_type(launch: Launch) -> None:
    if launch.kind is None:
        raise RefusedError(_VALUE, f"Invalid value '{launch.type_name}' for InstanceType.")


def _offered_in_zone(launch: Launch) -> None:
    if launch.zone in launch.offered:
        return
    others = ", ".join(sorted(launch.offered)) or "another region: no zone here has it"
    raise RefusedError(
        "Unsupported",
        f"Instance type {launch.type_name} is not supported in Availability Zone {launch.zone}; "
        f"choose {others}.",
    )


def _no_instance_level_network(launch: Launch) -> None:
    if not launch.interfaces:
        return
    both = "may not be given together with network interfaces"
    if launch.request.get("SubnetId"):
        raise RefusedError(_COMBINATION, f"An instance-level subnet ID {both}.")
    if launch.request.get("SecurityGroupIds") or launch.request.get("SecurityGroups"):
        raise RefusedError(_COMBINATION, f"An instance-level security group {both}.")


def _no_public_address_on_several(launch: Launch) -> None:
    asked = any("AssociatePublicIpAddress" in interface for interface in launch.interfaces)
    if asked and len(launch.interfaces) > 1:
        raise RefusedError(
            _COMBINATION,
            "AssociatePublicIpAddress may not be specified with several network interfaces.",
        )


def _one_interface_a_slot(launch: Launch) -> None:
    repeated = [place for place, n in Counter(map(slot, launch.interfaces)).items() if n > 1]
    if repeated:
        card, device = repeated[0]
        raise RefusedError(
            _VALUE, f"Two network interfaces have network card {card} and device index {device}."
        )


def _primary_is_present(launch: Launch) -> None:
    if launch.interfaces and (0, 0) not in map(slot, launch.interfaces):
        raise RefusedError(
            _COMBINATION, "No network interface is at network card 0, device index 0."
        )


def _primary_carries_ip(launch: Launch) -> None:
    primary = [i for i in launch.interfaces if slot(i) == (0, 0)]
    if primary and _kind_of(primary[0]) == "efa-only":
        raise RefusedError(
            _COMBINATION, "The primary network interface may not be of type efa-only."
        )


def _cards_exist(launch: Launch) -> None:
    cards = launch.network.get("MaximumNetworkCards", 1)
    for card, _ in map(slot, launch.interfaces):
        if card >= cards:
            raise RefusedError(
                _VALUE,
                f"Network card index {card} is not valid: {launch.type_name} has {cards} card(s), "
                f"0 to {cards - 1}.",
            )


def _cards_hold_them(launch: Launch) -> None:
    for interface in launch.interfaces:
        card, device = slot(interface)
        facts = _card(launch, card)
        most = facts["MaximumNetworkInterfaces"]
        if device >= most:
            raise RefusedError(
                _VALUE,
                f"Device index {device} is not valid on network card {card} of "
                f"{launch.type_name}, which takes {most} interfaces: 0 to {most - 1}.",
            )


def _cards_have_efa(launch: Launch) -> None:
    for interface in _efa(launch):
        card = slot(interface)[0]
        wanted = _kind_of(interface)
        if wanted not in _card(launch, card).get("InterfaceTypes", ["interface"]):
            raise RefusedError(
                _COMBINATION,
                f"Network card {card} of {launch.type_name} does not support the interface type "
                f"{wanted}.",
            )


def _efa_within_limit(launch: Launch) -> None:
    most = launch.network.get("EfaInfo", {}).get("MaximumEfaInterfaces", 0)
    asked = len(list(_efa(launch)))
    if asked > most:
        raise RefusedError(
            "AttachmentLimitExceeded",
            f"{asked} EFA interfaces exceed the limit of {launch.type_name}, which is {most}.",
        )


def _market_fits_reservation(launch: Launch) -> None:
    market = launch.request.get("InstanceMarketOptions", {}).get("MarketType")
    target = launch.request.get("CapacityReservationSpecification", {}).get(
        "CapacityReservationTarget"
    )
    if market == "spot" and target:
        raise RefusedError(_COMBINATION, "A spot instance may not target a capacity reservation.")
    if market == "capacity-block" and not target:
        raise RefusedError(_COMBINATION, "The capacity-block market needs a reservation target.")


def _user_data_fits(launch: Launch) -> None:
    check_user_data(launch.request.get("UserData"))


def _efa(launch: Launch) -> Iterator[Mapping[str, Any]]:
    return (i for i in launch.interfaces if _kind_of(i) in _EFA_TYPES)


def _kind_of(interface: Mapping[str, Any]) -> str:
    return interface.get("InterfaceType") or "interface"


def _card(launch: Launch, index: int) -> Mapping[str, Any]:
    cards = launch.network.get("NetworkCards", [])
    most = launch.network.get("MaximumNetworkInterfaces", 1)
    found = next((c for c in cards if c["NetworkCardIndex"] == index), None)
    return found or {"MaximumNetworkInterfaces": most}


# In the order in which a request is judged: what is asked for before what the type can do.
_RULES: tuple[Callable[[Launch], None], ...] = (
    _no_instance_level_network,
    _no_public_address_on_several,
    _one_interface_a_slot,
    _primary_is_present,
    _primary_carries_ip,
    _market_fits_reservation,
    _user_data_fits,
    _known_type,
    _offered_in_zone,
    _cards_exist,
    _cards_hold_them,
    _cards_have_efa,
    _efa_within_limit,
)
