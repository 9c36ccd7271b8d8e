"""EC2's actions on capacity reservations and capacity blocks, which moto does not have."""

from __future__ import annotations

from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.ec2.responses import EC2Response

from sandbox.local_aws.effective import Params
from sandbox.local_aws.errors import ec2_errors
from sandbox.local_aws.refusals import RefusedError
from sandbox.local_aws.reservations import CAPACITY_BLOCK, Reservations
from sandbox.local_aws.supply import left, reservations

_HOURS_DEFAULT = 24


class ReservationActions(EC2Response):
    """Reservations and blocks, from the offering to the end."""

    def create_capacity_reservation(self) -> ActionResult:
        """A plain reservation, active at once, if there is that capacity."""
        params = cast("Params", self.params)
        kind, count = params["InstanceType"], int(params["InstanceCount"])
        self.error_on_dryrun()
        with ec2_errors():
            zone = self._zone_of(params, kind)
            free = left(self.current_account, kind)
            if free is not None and count > free:
                raise RefusedError(
                    "InsufficientInstanceCapacity", f"There is not sufficient {kind} capacity."
                )
            made = self.held.create(params, zone, self._tags_for("capacity-reservation"))
        return ActionResult({"CapacityReservation": made})

    def describe_capacity_reservations(self) -> ActionResult:
        """By id, filters or all."""
        filters = cast("dict[str, list[str]]", self._filters_from_querystring())
        with ec2_errors():
            found = self.held.find(self._get_param("CapacityReservationIds", []), filters)
        return ActionResult({"CapacityReservations": found})

    def cancel_capacity_reservation(self) -> ActionResult:
        """A plain reservation ends; its instances run on."""
        self.error_on_dryrun()
        with ec2_errors():
            self.held.cancel(self._get_param("CapacityReservationId"))
        return ActionResult({"Return": True})

    def describe_capacity_block_offerings(self) -> ActionResult:
        """One in each zone that has the type, whenever it is wanted."""
        kind: str = self._get_param("InstanceType", "")
        facts = cast("dict[str, Any]", INSTANCE_TYPES.get(kind, {}))
        with ec2_errors():
            if CAPACITY_BLOCK not in facts.get("SupportedUsageClasses", []):
                raise RefusedError(
                    "InvalidParameterValue", f"There are no capacity blocks of '{kind}'."
                )
            offered = self.held.offer(
                kind,
                self._get_int_param("InstanceCount", 1),
                self._zones_with(kind),
                self._get_int_param("CapacityDurationHours", _HOURS_DEFAULT),
                self._get_param("StartDateRange"),
            )
        return ActionResult({"CapacityBlockOfferings": offered})

    def purchase_capacity_block(self) -> ActionResult:
        """An offering becomes a reservation that is scheduled or active."""
        self.error_on_dryrun()
        with ec2_errors():
            made = self.held.purchase(
                self._get_param("CapacityBlockOfferingId"),
                self._get_param("InstancePlatform"),
                self._tags_for("capacity-reservation"),
            )
        return ActionResult({"CapacityReservation": made, "CapacityReservations": [made]})

    @property
    def held(self) -> Reservations:
        """The reservations of the request's account and region."""
        return reservations(self.current_account, self.region)

    def _tags_for(self, kind: str) -> list[dict[str, str]]:
        return [
            tag
            for specification in self._get_param("TagSpecifications", [])
            if specification.get("ResourceType") in (kind, None)
            for tag in specification.get("Tags", [])
        ]

    def _zone_of(self, params: Params, kind: str) -> str:
        zones = self.ec2_backend.describe_availability_zones()
        by_id = {zone.zone_id: zone.name for zone in zones}
        zone = params.get("AvailabilityZone") or by_id.get(params.get("AvailabilityZoneId", ""))
        if zone not in self._zones_with(kind):
            raise RefusedError(
                "Unsupported", f"Instance type {kind} is not supported in Availability Zone {zone}."
            )
        return zone

    def _zones_with(self, kind: str) -> set[str]:
        offers = INSTANCE_TYPE_OFFERINGS["availability-zone"].get(self.region, [])
        return {offer["Location"] for offer in offers if offer["InstanceType"] == kind}
