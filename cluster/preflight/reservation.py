"""A capacity reservation or capacity block: read from AWS, and judged against the plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cluster.market import RESERVATION_KEY
from cluster.preflight.facts import Question, Reservation, Running, Unanswered, unknown, yes
from sizing.aws import AwsError, Clients, asked
from sizing.errors import InputError, nearest_name
from sizing.instance import Purchase
from sizing.plan import Finding

WHAT = "reservation"
BLOCK = "capacity-block"
# EC2 ends what still runs in a capacity block this long before the block's own end.
BLOCK_CLEARED_BEFORE_END = timedelta(minutes=30)
_NOT_FOUND = frozenset(
    {"InvalidCapacityReservationId.NotFound", "InvalidCapacityReservationId.Malformed"}
)
_OF_A_RESERVATION = (Purchase.ON_DEMAND, Purchase.RESERVED)
_LISTED = 5


def reservation_facts(clients: Clients, region: str, reservation_id: str) -> Reservation:
    """The reservation with that id in the region.

    Raises InputError if there is none or no credentials are found, AwsError if AWS refuses to say.
    """
    client = clients.client("ec2", region)
    try:
        rows = _rows(client, CapacityReservationIds=[reservation_id])
    except AwsError as error:
        if error.code not in _NOT_FOUND:
            raise
        rows = []
    if not rows:
        raise _not_found(reservation_id, region, _others(client))
    return _reservation(rows[0])


def derived_purchase(reservation: Reservation, given: Purchase | None) -> Purchase:
    """The purchase option that launches into the reservation; `given` is what the user wrote.

    Raises InputError naming the right option where the two contradict each other.
    """
    if reservation.kind == BLOCK:
        if given in (None, Purchase.CAPACITY_BLOCK):
            return Purchase.CAPACITY_BLOCK
        raise _contradiction(reservation, given, (Purchase.CAPACITY_BLOCK,))
    if given is None:
        return Purchase.ON_DEMAND
    if given in _OF_A_RESERVATION:
        return given
    raise _contradiction(reservation, given, _OF_A_RESERVATION)


def check_reservation(
    question: Question, found: Reservation, running: Running | Unanswered, now: datetime
) -> Finding:
    """Whether the nodes can be launched into the reservation; raises InputError if they cannot."""
    derived_purchase(found, question.purchase if question.purchase_given else None)
    if found.state != "active":
        raise _refused(found, f"an active one; this one is {_state_and_dates(found)}")
    if found.instance_type != question.instance_type:
        raise _refused(
            found,
            f"one of {question.instance_type}, which the plan takes; this one is of "
            f"{found.instance_type} (plan for that with instanceTypes.allow)",
        )
    if found.ends and _cleared(found, found.ends) <= now:
        left = "with more than 30 minutes left" if found.kind == BLOCK else "that has not ended"
        raise _refused(found, f"one {left}; this one {_ending(found, now)}")
    return _room(question, found, running, now)


def _room(
    question: Question, found: Reservation, running: Running | Unanswered, now: datetime
) -> Finding:
    said = f"{found.id}, {found.noun}: {found.free} of {found.total} x {found.instance_type} free"
    where = f"in {found.zone}, {found.tenancy} tenancy; {_ending(found, now)}"
    if found.free >= question.nodes:
        return yes(WHAT, f"{said} {where}")
    if isinstance(running, Unanswered) and found.total >= question.nodes:
        why = f"{question.nodes} are needed, and which are this stack's own is not known"
        return unknown(WHAT, f"{said} {where}; {why} ({running.reason})")
    own = 0 if isinstance(running, Unanswered) else _own(running, found.id)
    if found.free + own >= question.nodes:
        return yes(WHAT, f"{said} and {own} this stack's own {where}")
    raise _refused(
        found,
        f"one with room for {question.nodes} x {found.instance_type}; of this one's {found.total}, "
        f"{found.free} are free and {own} this stack's own",
    )


def _own(running: Running, reservation_id: str) -> int:
    return sum(node.reservation_id == reservation_id for node in running.own)


def _cleared(found: Reservation, ends: datetime) -> datetime:
    """When the last instance in it is ended."""
    return ends - BLOCK_CLEARED_BEFORE_END if found.kind == BLOCK else ends


def _ending(found: Reservation, now: datetime) -> str:
    if found.ends is None:
        return "no end date"
    if found.ends <= now:
        return f"ended at {moment(found.ends)}"
    if found.kind != BLOCK:
        return f"ends at {moment(found.ends)}, in {_span(found.ends - now)}"
    cleared = _cleared(found, found.ends)
    left = f", in {_span(cleared - now)}" if cleared > now else ""
    return f"ends at {moment(found.ends)}, and EC2 terminates its nodes 30 minutes before{left}"


def _state_and_dates(found: Reservation) -> str:
    begins = f"begins at {moment(found.starts)}" if found.starts else ""
    ends = f"ends at {moment(found.ends)}" if found.ends else ""
    if found.state in ("expired", "cancelled"):
        return f"{found.state} (its end: {moment(found.ends)})" if found.ends else found.state
    dates = " and ".join(filter(None, (begins, ends)))
    return f"{found.state} and {dates}" if dates else found.state


def moment(when: datetime) -> str:
    """A date and time as people read it, in UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _span(left: timedelta) -> str:
    minutes = int(left.total_seconds() // 60)
    units = (("days", minutes // (24 * 60)), ("hours", minutes // 60))
    unit, count = next(((u, n) for u, n in units if n >= 2), ("minutes", minutes))
    return f"{count} {unit}"


def _refused(found: Reservation, allowed: str) -> InputError:
    return InputError(RESERVATION_KEY, found.id, allowed)


def _contradiction(
    found: Reservation, given: Purchase | None, right: tuple[Purchase, ...]
) -> InputError:
    allowed = f"{' or '.join(right)}, as {RESERVATION_KEY} {found.id} is {found.noun}"
    return InputError("purchase", given and given.value, allowed, right[0].value)


def _not_found(reservation_id: str, region: str, others: list[Reservation]) -> InputError:
    listed = ", ".join(
        f"{other.id} ({other.total} x {other.instance_type}, {other.state}, {other.zone})"
        for other in others[:_LISTED]
    )
    allowed = f"the id of a capacity reservation in {region}"
    nearest = nearest_name(reservation_id, [other.id for other in others])
    return InputError(
        RESERVATION_KEY, reservation_id, f"{allowed}: {listed or 'none found'}", nearest
    )


def _others(client: Any) -> list[Reservation]:
    """The reservations that would do, for an error that is raised anyway."""
    usable = [{"Name": "state", "Values": ["active", "scheduled", "pending"]}]
    try:
        return [_reservation(row) for row in _rows(client, Filters=usable)]
    except AwsError:
        return []


def _rows(client: Any, **arguments: Any) -> list[dict[str, Any]]:
    answer = asked(lambda: client.describe_capacity_reservations(**arguments))
    return answer.get("CapacityReservations", [])


def _reservation(row: dict[str, Any]) -> Reservation:
    return Reservation(
        id=row["CapacityReservationId"],
        kind=row.get("ReservationType", "default"),
        instance_type=row["InstanceType"],
        zone=row["AvailabilityZone"],
        state=row["State"],
        tenancy=row.get("Tenancy", "default"),
        total=int(row["TotalInstanceCount"]),
        free=int(row["AvailableInstanceCount"]),
        ends=_utc(row.get("EndDate")),
        targeted=row.get("InstanceMatchCriteria") == "targeted",
        starts=_utc(row.get("StartDate")),
    )


def _utc(when: datetime | None) -> datetime | None:
    return when.astimezone(UTC) if when else None
