"""Reservations and capacity blocks: what they are for, and when they are none."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from cluster.preflight import Reservation, derived_purchase
from cluster.preflight.reservation import check_reservation
from sizing.errors import InputError
from sizing.instance import Purchase
from tests.cluster.preflight.answers import (
    DENIED,
    NOW,
    RESERVATION_ID,
    block,
    own_nodes,
    question,
    reservation,
)

HOUR = timedelta(hours=1)
NONE = own_nodes(0)


@pytest.mark.parametrize(
    ("found", "given", "purchase"),
    [
        (reservation(), None, Purchase.ON_DEMAND),
        (reservation(), Purchase.ON_DEMAND, Purchase.ON_DEMAND),
        (reservation(), Purchase.RESERVED, Purchase.RESERVED),
        (block(HOUR), None, Purchase.CAPACITY_BLOCK),
        (block(HOUR), Purchase.CAPACITY_BLOCK, Purchase.CAPACITY_BLOCK),
    ],
)
def test_purchase(found: Reservation, given: Purchase | None, purchase: Purchase) -> None:
    assert derived_purchase(found, given) is purchase


@pytest.mark.parametrize(
    ("found", "given", "right"),
    [
        (reservation(), Purchase.SPOT, "on-demand"),
        (reservation(), Purchase.CAPACITY_BLOCK, "on-demand"),
        (block(HOUR), Purchase.ON_DEMAND, "capacity-block"),
        (block(HOUR), Purchase.SPOT, "capacity-block"),
    ],
)
def test_a_contradiction_names_the_right_purchase(
    found: Reservation, given: Purchase, right: str
) -> None:
    with pytest.raises(InputError, match=RESERVATION_ID) as caught:
        derived_purchase(found, given)
    assert (caught.value.key, caught.value.value) == ("purchase", given.value)
    assert caught.value.nearest == right


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            reservation(state="scheduled", starts=NOW + 24 * HOUR, ends=NOW + 48 * HOUR),
            "scheduled and begins at 2026-11-25 12:00 UTC and ends at 2026-11-26 12:00 UTC",
        ),
        (
            reservation(state="expired", starts=NOW - 48 * HOUR, ends=NOW - HOUR),
            r"expired \(its end: 2026-11-24 11:00 UTC\)",
        ),
        (reservation(state="cancelled"), "this one is cancelled"),
        (reservation(state="pending"), "this one is pending"),
        (
            reservation(instance_type="p4d.24xlarge"),
            "one of p5.48xlarge, which the plan takes; this one is of p4d.24xlarge",
        ),
        (reservation(ends=NOW), "not ended; this one ended at 2026-11-24 12:00 UTC"),
        (
            block(timedelta(minutes=29)),
            "more than 30 minutes left; this one ends at 2026-11-24 12:29 UTC, and EC2 terminates",
        ),
        (block(timedelta(minutes=30)), "its nodes 30 minutes before$"),
        (reservation(free=1), "room for 2 x p5.48xlarge; of this one's 2, 1 are free and 0"),
        (reservation(free=0, total=4), "of this one's 4, 0 are free"),
    ],
)
def test_a_reservation_that_will_not_do(found: Reservation, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        check_reservation(question(), found, NONE, NOW)
    assert (caught.value.key, caught.value.value) == ("capacityReservationId", RESERVATION_ID)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (reservation(), "2 of 2 x p5.48xlarge free in us-east-1b, default tenancy; no end date"),
        (reservation(tenancy="dedicated"), "dedicated tenancy"),
        (reservation(ends=NOW + HOUR), "ends at 2026-11-24 13:00 UTC, in 60 minutes"),
        (block(timedelta(minutes=31)), "30 minutes before, in 1 minutes"),
        (block(72 * HOUR), "30 minutes before, in 2 days"),
    ],
)
def test_a_reservation_that_will_do_says_when_it_ends(found: Reservation, said: str) -> None:
    finding = check_reservation(question(), found, NONE, NOW)
    assert finding.verdict == "yes"
    assert said in finding.detail


def test_our_own_nodes_in_it_count_as_free() -> None:
    nodes = own_nodes(2, reservation_id=RESERVATION_ID)
    assert check_reservation(question(), reservation(free=0), nodes, NOW).verdict == "yes"
    elsewhere = own_nodes(2, reservation_id="cr-other")
    with pytest.raises(InputError, match="0 this stack's own"):
        check_reservation(question(), reservation(free=0), elsewhere, NOW)


def test_without_seeing_our_own_a_full_one_is_unknown_and_a_small_one_a_no() -> None:
    full = check_reservation(question(), reservation(free=0), DENIED, NOW)
    assert full.verdict == "unknown"
    with pytest.raises(InputError, match="room for 2"):
        check_reservation(question(), reservation(free=0, total=1), DENIED, NOW)


def test_dates_of_other_time_zones() -> None:
    tokyo = timezone(timedelta(hours=9))
    ends = datetime(2026, 11, 24, 22, 0, tzinfo=tokyo)
    finding = check_reservation(question(), reservation(ends=ends), NONE, NOW.astimezone(tokyo))
    assert "ends at 2026-11-24 13:00 UTC, in 60 minutes" in finding.detail


@pytest.mark.parametrize("purchase", [Purchase.SPOT, Purchase.CAPACITY_BLOCK])
def test_only_a_purchase_that_the_user_wrote_contradicts(purchase: Purchase) -> None:
    changes: dict[str, Any] = {"purchase": purchase}
    assert check_reservation(question(**changes), reservation(), NONE, NOW).verdict == "yes"
    with pytest.raises(InputError, match="purchase"):
        check_reservation(question(purchase_given=True, **changes), reservation(), NONE, NOW)
