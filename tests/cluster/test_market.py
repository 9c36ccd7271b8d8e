"""Purchase options as EC2 wants them said."""

from __future__ import annotations

import pytest

from cluster.market import Market, market_for
from sizing.errors import InputError
from sizing.instance import Purchase

ID = "cr-0123456789abcdef0"


@pytest.mark.parametrize(
    ("purchase", "reservation", "market"),
    [
        (Purchase.ON_DEMAND, "", Market(None, None)),
        (Purchase.ON_DEMAND, None, Market(None, None)),
        (Purchase.ON_DEMAND, ID, Market(None, ID)),
        (Purchase.SPOT, "", Market("spot", None)),
        (Purchase.CAPACITY_BLOCK, ID, Market("capacity-block", ID)),
        (Purchase.RESERVED, ID, Market(None, ID)),
    ],
)
def test_market(purchase: Purchase, reservation: str | None, market: Market) -> None:
    assert market_for(purchase, reservation) == market


@pytest.mark.parametrize(
    ("purchase", "reservation", "said"),
    [
        (Purchase.CAPACITY_BLOCK, "", "as purchase is capacity-block"),
        (Purchase.RESERVED, "", "as purchase is reserved"),
        (Purchase.SPOT, ID, "spot cannot be reserved"),
        (Purchase.ON_DEMAND, "cr-", "hexadecimal"),
        (Purchase.CAPACITY_BLOCK, "block-1", "hexadecimal"),
    ],
)
def test_what_ec2_would_refuse(purchase: Purchase, reservation: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        market_for(purchase, reservation)
    assert caught.value.key == "capacityReservationId"
