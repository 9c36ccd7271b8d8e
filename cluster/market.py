"""How EC2 is asked for the nodes: on demand, as spot, or into a reservation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sizing.errors import InputError
from sizing.instance import Purchase

RESERVATION_KEY = "capacityReservationId"
_RESERVATION_ID = re.compile(r"cr-[0-9a-f]{8,17}")
_NEEDS_RESERVATION = (Purchase.CAPACITY_BLOCK, Purchase.RESERVED)
_MARKET_TYPES = {Purchase.SPOT: "spot", Purchase.CAPACITY_BLOCK: "capacity-block"}


@dataclass(frozen=True, slots=True)
class Market:
    """EC2's market type (None is on demand) and the reservation to launch into, if any."""

    market_type: str | None
    reservation_id: str | None


def market_for(purchase: Purchase, reservation_id: str | None) -> Market:
    """The market of a purchase option.

    Raises InputError where a reservation is missing, malformed, or combined with spot.
    """
    if not reservation_id:
        if purchase in _NEEDS_RESERVATION:
            allowed = f"the id of the reservation (cr-...), as purchase is {purchase}"
            raise InputError(RESERVATION_KEY, None, allowed)
        return Market(_MARKET_TYPES.get(purchase), None)
    if not _RESERVATION_ID.fullmatch(reservation_id):
        raise InputError(RESERVATION_KEY, reservation_id, "cr- and 8 to 17 hexadecimal digits")
    if purchase is Purchase.SPOT:
        raise InputError(
            RESERVATION_KEY, reservation_id, "nothing with purchase spot: spot cannot be reserved"
        )
    return Market(_MARKET_TYPES.get(purchase), reservation_id)
