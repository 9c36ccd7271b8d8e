"""The zones that would do, best first."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.preflight.facts import Facts, Question, Reservation, Unanswered, unknown, yes
from cluster.zone import ZONE_KEY, Zone, choose_zone
from sizing.catalog.instances import instance
from sizing.errors import InputError
from sizing.plan import Finding

WHAT = "offered"
_LISTED = 6


def valid_zones(question: Question, facts: Facts) -> tuple[Zone, ...]:
    """The account's zones that offer the type, in the catalogue's order of preference.

    Empty where AWS said neither which zones there are nor where the type is offered. Raises
    InputError where it said that none would do.
    """
    account = _account(facts)
    if not account:
        return ()
    if not isinstance(facts.offered, Unanswered):
        offered = facts.offered
        valid = [zone for zone in account if zone.name in offered]
    else:
        wanted = question.offered_zone_ids
        valid = [zone for zone in account if not wanted or zone.zone_id in wanted]
    if not valid:
        raise _nowhere(question)
    return tuple(sorted(valid, key=lambda zone: _preference(question, zone)))


def nodes_zone(
    question: Question, facts: Facts, valid: tuple[Zone, ...], reservation: Reservation | None
) -> str:
    """The name of the zone of nodes in a network of their own. Raises InputError if none will do.

    A zone that the stack's nodes already run in is kept: another one would replace them all.
    """
    wanted = question.network.availability_zone
    if reservation:
        return reserved_zone(reservation, wanted)
    if valid:
        kept = None if wanted else running_zone(facts, valid)
        chosen = choose_zone(valid, (), wanted or kept, question.instance_type, question.region)
        return chosen.name
    if wanted:
        return wanted
    raise InputError(
        ZONE_KEY, None, f"a zone's name, as AWS did not say which there are: {_why(facts)}"
    )


def reserved_zone(reservation: Reservation, wanted: str | None) -> str:
    """A reservation's zone. Raises InputError if the user asks for another one."""
    if wanted not in (None, reservation.zone):
        allowed = f"{reservation.zone}, where {reservation.id} lies, or nothing"
        raise InputError(ZONE_KEY, wanted, allowed, reservation.zone)
    return reservation.zone


def running_zone(facts: Facts, valid: tuple[Zone, ...]) -> str | None:
    """The valid zone that most of the stack's own nodes run in, None without any."""
    if isinstance(facts.running, Unanswered):
        return None
    names = {zone.name for zone in valid}
    zones = sorted(node.zone for node in facts.running.own if node.zone in names)
    return max(zones, key=zones.count, default=None)


def all_zones(facts: Facts, first: str) -> tuple[str, ...]:
    """Every zone's name, the chosen one first."""
    return (first, *sorted(zone.name for zone in _account(facts) if zone.name != first))


def zone_findings(
    question: Question, facts: Facts, zone: str, reservation: Reservation | None
) -> Iterator[Finding]:
    """What is known of the chosen zone."""
    if isinstance(facts.zones, Unanswered):
        yield unknown("zone", facts.zones)
    if isinstance(facts.offered, Unanswered):
        yield unknown(WHAT, facts.offered)
    elif zone in facts.offered or reservation:
        yield yes(WHAT, f"{question.instance_type} in {zone}")
    else:
        yield unknown(WHAT, f"{question.instance_type} was not seen in {zone}")


def _account(facts: Facts) -> tuple[Zone, ...]:
    """The account's zones; where AWS does not list them, those that offer the type."""
    if not isinstance(facts.zones, Unanswered):
        return facts.zones
    if isinstance(facts.offered, Unanswered):
        return ()
    return tuple(Zone(name, "") for name in sorted(facts.offered))


def _preference(question: Question, zone: Zone) -> tuple[int, str]:
    preferred = question.offered_zone_ids
    known = zone.zone_id in preferred
    return (preferred.index(zone.zone_id) if known else len(preferred), zone.name)


def _nowhere(question: Question) -> InputError:
    name, region = question.instance_type, question.region
    continent = region.partition("-")[0]
    others = [
        r for r in instance(name).zones if r != region and _is_closed(r) == _is_closed(region)
    ]
    regions = sorted(others, key=lambda r: (not r.startswith(continent), r))
    listed = ", ".join(regions[:_LISTED]) or "none is known"
    allowed = f"a region that offers {name} to this account, as no zone here does: {listed}"
    return InputError("region", region, allowed, regions[0] if regions else None)


def _is_closed(region: str) -> bool:
    """Whether a region takes accounts of its own: no other account can move there."""
    return region.startswith(("us-gov-", "cn-"))


def _why(facts: Facts) -> str:
    return facts.zones.reason if isinstance(facts.zones, Unanswered) else "it listed none"
