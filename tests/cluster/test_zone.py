"""Choosing the zone: by id, since names differ from account to account."""

from __future__ import annotations

import pytest

from cluster.zone import Zone, choose_zone
from sizing.errors import InputError

ACCOUNT = [Zone("us-east-1a", "use1-az6"), Zone("us-east-1b", "use1-az1"), Zone("us-east-1c", "x")]


def choose(offered: list[str], wanted: str | None = None) -> Zone:
    return choose_zone(ACCOUNT, offered, wanted, "p5.48xlarge", "us-east-1")


def test_the_first_zone_that_offers_the_type_in_the_plans_order() -> None:
    assert choose(["use1-az3", "use1-az1", "use1-az6"]).name == "us-east-1b"


def test_a_wanted_zone_wins_over_the_order() -> None:
    assert choose(["use1-az1", "use1-az6"], "us-east-1a").zone_id == "use1-az6"


def test_any_zone_will_do_where_the_offer_is_not_known() -> None:
    assert choose([]) == ACCOUNT[0]
    assert choose([], "us-east-1c").name == "us-east-1c"


@pytest.mark.parametrize("wanted", ["us-east-1c", "us-east-1z", "use1-az1", ""])
def test_a_wanted_zone_that_will_not_do_names_those_that_will(wanted: str) -> None:
    with pytest.raises(InputError, match="us-east-1a, us-east-1b") as caught:
        choose(["use1-az1", "use1-az6"], wanted)
    assert caught.value.key == "network.availabilityZone"
    assert caught.value.nearest in {"us-east-1a", "us-east-1b"}


def test_no_zone_at_all_names_where_it_is_offered() -> None:
    with pytest.raises(InputError, match="usw2-az1") as caught:
        choose(["usw2-az1"])
    assert caught.value.key == "region"
