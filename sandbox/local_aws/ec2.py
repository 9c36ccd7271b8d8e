"""EC2 as moto serves it, with what moto lacks, judged by `refusals.py`.

moto finds an action's code by name in its response class, parses every request by AWS's own model
and serialises whatever objects are returned: so a subclass that overrides actions is all it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import moto.ec2.urls
from moto.core.responses import ActionResult
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.ec2.models.instances import Instance, Reservation

from sandbox.local_aws import security_rules
from sandbox.local_aws.effective import Params, effective_request, slot
from sandbox.local_aws.endpoints import EndpointActions
from sandbox.local_aws.errors import ec2_errors
from sandbox.local_aws.images import resolve_image
from sandbox.local_aws.interfaces import attach_card_interfaces, drop_card_interfaces
from sandbox.local_aws.placement_actions import PlacementActions
from sandbox.local_aws.refusals import Launch, check_launch, check_user_data
from sandbox.local_aws.reservation_actions import ReservationActions
from sandbox.local_aws.security_rules import SecurityRuleActions
from sandbox.local_aws.supply import supply_for
from sandbox.local_aws.supply_refusals import Supply, check_reservation, check_supply


class LocalEc2Response(PlacementActions, ReservationActions, EndpointActions, SecurityRuleActions):
    """The actions that differ from moto's."""

    def run_instances(self) -> ActionResult:
        """Judge the effective request, launch through moto, then add what moto left out."""
        request = self._effective_request()
        group = request.get("Placement", {}).get("GroupName")
        launch = self._launch(request)
        with ec2_errors():
            check_launch(launch)
            if group:
                self.groups.require(group)
            supply = self._supply(launch)
            check_reservation(supply)
            if not self._get_bool_param("DryRun"):
                check_supply(supply)
        primary, others = _split_primary(request.get("NetworkInterfaces", []))
        self.params = {**request, **({"NetworkInterfaces": [primary]} if primary else {})}
        result = super().run_instances()
        reservation = cast("Reservation", result.result)
        for instance in reservation.instances:
            self._complete(instance, request, primary, others)
            _reserve(instance, supply)
        return result

    def terminate_instances(self) -> ActionResult:
        """As moto's, without the interfaces that the instance had."""
        result = super().terminate_instances()
        for identity in self._get_param("InstanceIds", []):
            drop_card_interfaces(self.ec2_backend.get_instance(identity))
        return result

    def delete_nat_gateway(self) -> ActionResult:
        """As moto's, without the interface that the gateway had."""
        result = super().delete_nat_gateway()
        gateway = self.ec2_backend.nat_gateways[self._get_param("NatGatewayId")]
        self.ec2_backend.delete_network_interface(gateway._eni.id)
        return result

    def modify_instance_attribute(self) -> ActionResult:
        """As moto's, which keeps the primary interface's old groups beside the new ones."""
        result = super().modify_instance_attribute()
        if self._get_param("Groups"):
            instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
            instance.nics[0]._group_set = list(instance.security_groups)
        return result

    def create_launch_template(self) -> ActionResult:
        """As moto's, with AWS's limit on user data."""
        self._check_template_user_data()
        return super().create_launch_template()

    def create_launch_template_version(self) -> ActionResult:
        """As moto's, with AWS's limit on user data."""
        self._check_template_user_data()
        return super().create_launch_template_version()

    def _effective_request(self) -> Params:
        request = dict(cast("Params", self.params))
        template: Mapping[str, Any] = {}
        if reference := request.get("LaunchTemplate"):
            data = self.ec2_backend._get_template_from_args(reference).data
            template = {key: _plain(value) for key, value in data.items() if value is not None}
        merged = effective_request(template, request)
        if image := merged.get("ImageId"):
            with ec2_errors():
                merged["ImageId"] = resolve_image(image, self.current_account, self.region)
        return merged

    def _launch(self, request: Params) -> Launch:
        name = request.get("InstanceType", "m1.small")  # AWS's default
        offers = INSTANCE_TYPE_OFFERINGS["availability-zone"].get(self.region, [])
        return Launch(
            request=request,
            kind=INSTANCE_TYPES.get(name),
            zone=self._zone(request),
            offered={offer["Location"] for offer in offers if offer["InstanceType"] == name},
        )

    def _supply(self, launch: Launch) -> Supply:
        place = (launch.zone, self.current_account, self.region)
        return supply_for(launch.request, *place, self.ec2_backend)

    def _zone(self, request: Params) -> str:
        """The zone of the subnet, else the one that is asked for, else the region's first."""
        inner = [i["SubnetId"] for i in request.get("NetworkInterfaces", []) if "SubnetId" in i]
        subnet_id = next(iter(inner), request.get("SubnetId"))
        if subnet_id:
            return self.ec2_backend.get_subnet(subnet_id).availability_zone
        asked = request.get("Placement", {}).get("AvailabilityZone")
        return asked or f"{self.region}a"

    def _check_template_user_data(self) -> None:
        with ec2_errors():
            encoded = self._get_param("LaunchTemplateData.UserData")
            check_user_data(encoded, code="InvalidUserData.Malformed")

    def _complete(
        self,
        instance: Instance,
        request: Params,
        primary: Mapping[str, Any] | None,
        others: list[Mapping[str, Any]],
    ) -> None:
        placement = request.get("Placement", {})
        instance.placement.group_name = placement.get("GroupName", "")
        instance.placement.tenancy = placement.get("Tenancy", "default")
        market = request.get("InstanceMarketOptions", {}).get("MarketType")
        if market:
            instance.lifecycle = market  # moto takes every market for spot
        tags = _tags_for("network-interface", request)
        asked = primary or {}
        root = instance.nics[0]
        root.interface_type = asked.get("InterfaceType") or "interface"
        root.delete_on_termination = asked.get("DeleteOnTermination", True)
        root.add_tags(tags)
        attach_card_interfaces(self.ec2_backend, instance, others, tags)


def install() -> None:
    """Make moto's server answer EC2 with this class; before its first request."""
    security_rules.install()
    moto.ec2.urls.url_paths["{0}/"] = LocalEc2Response.dispatch


def _reserve(instance: Any, supply: Supply) -> None:
    found = supply.reservation
    if supply.target:
        wish = {"CapacityReservationTarget": {"CapacityReservationId": supply.target}}
    else:
        wish = {"CapacityReservationPreference": "open"}
    instance.capacity_reservation_specification = wish
    instance.capacity_reservation_id = found.capacity_reservation_id if found else None


def _split_primary(
    interfaces: list[Mapping[str, Any]],
) -> tuple[dict[str, Any] | None, list[Mapping[str, Any]]]:
    primary = next((dict(i) for i in interfaces if slot(i) == (0, 0)), None)
    return primary, [i for i in interfaces if slot(i) != (0, 0)]


def _tags_for(kind: str, request: Params) -> dict[str, str]:
    for specification in request.get("TagSpecifications", []):
        if specification["ResourceType"] == kind:
            return {tag["Key"]: tag["Value"] for tag in specification["Tags"]}
    return {}


def _plain(value: Any) -> Any:
    """A template's user data is an object of moto's own; the API's form is base64 text."""
    return value.as_bytes().decode() if hasattr(value, "as_bytes") else value
