"""Capacity reservations and capacity blocks, which moto does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.local_aws.refusals import RefusedError

CAPACITY_BLOCK = "capacity-block"
_DEFAULT = "default"
_MOST_HOURS = 182 * 24
# Random ids would do; counting ones make a recorded session easier to read.
_ID_FORMAT = "cr-{:017x}"
_OFFERING_FORMAT = "cbr-{:017x}"
_FILTERS = {
    "availability-zone", "end-date-type", "instance-match-criteria", "instance-platform",
    "instance-type", "owner-id", "state", "tenancy",
}  # fmt: skip


@dataclass
class CapacityReservation:
    """One reservation; the attributes have the names that the API's answer has."""

    capacity_reservation_id: str
    capacity_reservation_arn: str
    owner_id: str
    instance_type: str
    instance_platform: str
    availability_zone: str
    total_instance_count: int
    in_use: Callable[[str], int]
    start_date: datetime
    create_date: datetime
    end_date: datetime | None = None
    end_date_type: str = "unlimited"
    tenancy: str = "default"
    instance_match_criteria: str = "open"
    reservation_type: str = _DEFAULT
    ebs_optimized: bool = False
    cancelled: bool = False
    tags: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    @property
    def state(self) -> str:
        """As the clock has it now."""
        now = datetime.now(UTC)
        if self.cancelled:
            return "cancelled"
        if self.end_date is not None and self.end_date <= now:
            return "expired"
        return "scheduled" if self.start_date > now else "active"

    @property
    def available_instance_count(self) -> int:
        """What a launch can still take: nothing before the start or after the end."""
        taken = self.in_use(self.capacity_reservation_id)
        return max(self.total_instance_count - taken, 0) if self.state == "active" else 0

    @property
    def is_block(self) -> bool:
        """Whether it is a capacity block, which has a market of its own."""
        return self.reservation_type == CAPACITY_BLOCK


@dataclass(frozen=True)
class BlockOffering:
    """A capacity block that could be bought; the fee is no price, since none is known here."""

    capacity_block_offering_id: str
    instance_type: str
    availability_zone: str
    instance_count: int
    start_date: datetime
    end_date: datetime
    capacity_block_duration_hours: int
    upfront_fee: str = "0.00"
    currency_code: str = "USD"
    tenancy: str = "default"

    @property
    def capacity_block_duration_minutes(self) -> int:
        """The same in minutes."""
        return self.capacity_block_duration_hours * 60


class Reservations:
    """The reservations of one account and region; `in_use` counts a reservation's instances."""

    def __init__(self, account: str, arn_prefix: str, in_use: Callable[[str], int]) -> None:
        self._account = account
        self._arn_prefix = arn_prefix
        self._in_use = in_use
        self._made: dict[str, CapacityReservation] = {}
        self._offered: dict[str, BlockOffering] = {}

    def create(
        self, params: Mapping[str, Any], zone: str, tags: list[dict[str, str]]
    ) -> CapacityReservation:
        """A reservation that is active at once."""
        end = _when(params.get("EndDate"))
        kind = params.get("EndDateType", "limited" if end else "unlimited")
        if (kind == "limited") != (end is not None):
            raise RefusedError(
                "InvalidParameterCombination", f"EndDateType {kind} does not go with the EndDate."
            )
        if end is not None and end <= datetime.now(UTC):
            raise RefusedError("InvalidParameterValue", "EndDate must be in the future.")
        made = self._new(
            params["InstanceType"], params["InstancePlatform"], zone, int(params["InstanceCount"])
        )
        made.end_date, made.end_date_type = end, kind
        made.tenancy = params.get("Tenancy", made.tenancy)
        made.instance_match_criteria = params.get("InstanceMatchCriteria", "open")
        made.ebs_optimized = params.get("EbsOptimized") in (True, "true")
        made.tags = tags
        return made

    def offer(
        self, instance_type: str, count: int, zones: Iterable[str], hours: int, start: object
    ) -> list[BlockOffering]:
        """One block in each zone, from `start` or now on; AWS sells whole days, up to 182."""
        if hours % 24 or not 24 <= hours <= _MOST_HOURS:
            raise RefusedError(
                "InvalidParameterValue",
                f"CapacityDurationHours is {hours}; choose a multiple of 24 up to {_MOST_HOURS}.",
            )
        begin = max(_when(start) or datetime.now(UTC), datetime.now(UTC))
        made = [
            BlockOffering(
                _OFFERING_FORMAT.format(len(self._offered) + number),
                instance_type,
                zone,
                count,
                begin,
                begin + timedelta(hours=hours),
                hours,
            )
            for number, zone in enumerate(sorted(zones), start=1)
        ]
        self._offered.update({offer.capacity_block_offering_id: offer for offer in made})
        return made

    def purchase(
        self, offering: str, platform: str, tags: list[dict[str, str]]
    ) -> CapacityReservation:
        """The block of that offering as a reservation."""
        if offering not in self._offered:
            raise RefusedError(
                "InvalidCapacityBlockOfferingIdNotFound", f"There is no block offering {offering}."
            )
        offer = self._offered.pop(offering)
        made = self._new(
            offer.instance_type, platform, offer.availability_zone, offer.instance_count
        )
        made.start_date, made.end_date = offer.start_date, offer.end_date
        made.end_date_type = "limited"
        made.reservation_type = CAPACITY_BLOCK
        made.instance_match_criteria = "targeted"
        made.tags = tags
        return made

    def get(self, identity: str) -> CapacityReservation | None:
        """The reservation with that id, in whatever state."""
        return self._made.get(identity)

    def require(self, identity: str) -> CapacityReservation:
        """The same, or InvalidCapacityReservationId.NotFound."""
        if identity not in self._made:
            raise RefusedError(
                "InvalidCapacityReservationId.NotFound",
                f"The capacity reservation {identity} does not exist.",
            )
        return self._made[identity]

    def find(
        self, ids: list[str], filters: Mapping[str, Iterable[str]]
    ) -> list[CapacityReservation]:
        """Those with the ids, or all; an unknown id is an error, as at AWS."""
        found = [self.require(identity) for identity in ids] or list(self._made.values())
        for name, values in filters.items():
            found = [one for one in found if _filter_value(one, name) in values]
        return found

    def cancel(self, identity: str) -> None:
        """End a reservation; a capacity block is paid and stays."""
        found = self.require(identity)
        if found.is_block:
            raise RefusedError(
                "OperationNotPermitted", f"The capacity block {identity} cannot be cancelled."
            )
        found.cancelled = True

    def open_match(
        self, instance_type: str, zone: str, tenancy: str, count: int
    ) -> CapacityReservation | None:
        """The reservation that a launch without a target falls into."""
        wanted = (instance_type, zone, tenancy, "open")
        for one in self._made.values():
            facts = (one.instance_type, one.availability_zone, one.tenancy)
            fits = (*facts, one.instance_match_criteria) == wanted
            if fits and one.available_instance_count >= count:
                return one
        return None

    def reserved(self, instance_type: str) -> int:
        """How many instances of the type active reservations hold, but for capacity blocks."""
        return sum(
            one.total_instance_count
            for one in self._made.values()
            if one.instance_type == instance_type and one.state == "active" and not one.is_block
        )

    def _new(self, instance_type: str, platform: str, zone: str, count: int) -> CapacityReservation:
        identity = _ID_FORMAT.format(len(self._made) + 1)
        now = datetime.now(UTC)
        made = CapacityReservation(
            identity,
            f"{self._arn_prefix}:capacity-reservation/{identity}",
            self._account,
            instance_type,
            platform,
            zone,
            count,
            self._in_use,
            start_date=now,
            create_date=now,
        )
        self._made[identity] = made
        return made


def _when(value: object) -> datetime | None:
    """A date of the API, which comes parsed or as text."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _filter_value(reservation: CapacityReservation, name: str) -> str:
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return next((tag["Value"] for tag in reservation.tags if tag["Key"] == key), "")
    if name not in _FILTERS:
        raise RefusedError("InvalidParameterValue", f"The filter '{name}' is invalid.")
    return getattr(reservation, name.replace("-", "_"))
