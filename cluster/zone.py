"""Which availability zone the nodes go to. All of them share one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from sizing.errors import InputError

ZONE_KEY = "network.availabilityZone"


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone as an account sees it: AWS maps names (us-east-1a) to ids (use1-az1) per account."""

    name: str
    zone_id: str


def choose_zone(
    account: Sequence[Zone],
    offered: Sequence[str],
    wanted: str | None,
    instance_type: str,
    region: str,
) -> Zone:
    """The zone named `wanted`, else the first that offers the type.

    `offered` holds zone ids in order of preference; empty means that they are not known, and then
    every zone of the account will do. Raises InputError naming the zones that would be valid.
    """
    valid = _valid(account, offered)
    if not valid:
        shown = ", ".join(offered) or "unknown"
        raise InputError(
            "region",
            region,
            f"a region where this account has a zone with {instance_type} ({shown})",
        )
    if wanted is None:
        return valid[0]
    chosen = next((zone for zone in valid if zone.name == wanted), None)
    if chosen is None:
        raise _not_valid(wanted, valid, instance_type)
    return chosen


def _valid(account: Sequence[Zone], offered: Sequence[str]) -> list[Zone]:
    if not offered:
        return list(account)
    by_id = {zone.zone_id: zone for zone in account}
    return [by_id[zone_id] for zone_id in offered if zone_id in by_id]


def _not_valid(wanted: str, valid: Sequence[Zone], instance_type: str) -> InputError:
    names = sorted(zone.name for zone in valid)
    nearest = difflib.get_close_matches(wanted, names, n=1, cutoff=0.0)
    allowed = f"a zone of this account that offers {instance_type}: {', '.join(names)}"
    return InputError(ZONE_KEY, wanted, allowed, nearest[0] if nearest else None)
