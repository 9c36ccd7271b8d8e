"""EC2 as moto serves it, with what moto lacks, judged by `refusals.py`.

moto finds an action's code by name in its response class, parses every request by AWS's own model
and serialises whatever objects are returned: so a subclass that overrides actions is all it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import moto.ec2.urls
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.responses import EC2Response
from moto.ec2.utils import generate_route_id

from sandbox.local_aws.effective import Params, effective_request, slot
from sandbox.local_aws.images import resolve_image
from sandbox.local_aws.interfaces import attach_card_interfaces, drop_card_interfaces
from sandbox.local_aws.placement_groups import PlacementGroups, placement_groups
from sandbox.local_aws.refusals import Launch, RefusedError, check_launch, check_user_data


class LocalEc2Response(EC2Response):
    """The actions that differ from moto's."""

    def run_instances(self) -> ActionResult:
        """Judge the effective request, launch through moto, then add what moto left out."""
        request = self._effective_request()
        group = request.get("Placement", {}).get("GroupName")
        with _Ec2Errors():
            check_launch(self._launch(request))
            if group:
                self._groups.require(group)
        primary, others = _split_primary(request.get("NetworkInterfaces", []))
        self.params = {**request, **({"NetworkInterfaces": [primary]} if primary else {})}
        result = super().run_instances()
        reservation = cast("Reservation", result.result)
        for instance in reservation.instances:
            self._complete(instance, request, primary, others)
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

    def delete_vpc_endpoints(self) -> ActionResult:
        """As moto's, which fails on a route table without the endpoint's route."""
        for identity in self._get_param("VpcEndpointIds", []):
            if endpoint := self.ec2_backend.vpc_end_points.get(identity):
                endpoint.route_table_ids = self._tables_with_route(endpoint)
        return super().delete_vpc_endpoints()

    def create_placement_group(self) -> ActionResult:
        """Not in moto."""
        tags = [
            tag
            for specification in self._get_param("TagSpecifications", [])
            for tag in specification.get("Tags", [])
        ]
        self.error_on_dryrun()
        with _Ec2Errors():
            group = self._groups.create(cast("Params", self.params), tags)
        return ActionResult({"PlacementGroup": group})

    def describe_placement_groups(self) -> ActionResult:
        """Not in moto."""
        names, ids = self._get_param("GroupNames", []), self._get_param("GroupIds", [])
        filters = self._filters_from_querystring()
        with _Ec2Errors():
            found = self._groups.find(names, ids)
        wanted = {"group-name": "group_name", "strategy": "strategy", "state": "state"}
        for name, values in filters.items():
            if name not in wanted:
                raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid.")
            found = [group for group in found if getattr(group, wanted[name]) in values]
        return ActionResult({"PlacementGroups": found})

    def delete_placement_group(self) -> ActionResult:
        """Not in moto."""
        name = self._get_param("GroupName")
        self.error_on_dryrun()
        with _Ec2Errors():
            self._groups.delete(name, in_use=self._occupied(name))
        return EmptyResult()

    def create_tags(self) -> ActionResult:
        """As moto's; placement groups keep their own tags."""
        new: list[dict[str, str]] = self._get_param("Tags", [])
        names = {tag["Key"] for tag in new}
        for group in self._take_groups():
            group.tags = [*(tag for tag in group.tags if tag["Key"] not in names), *new]
        return super().create_tags() if self._get_param("Resources") else EmptyResult()

    def delete_tags(self) -> ActionResult:
        """As moto's; placement groups keep their own tags."""
        names = {tag["Key"] for tag in self._get_param("Tags", [])}
        for group in self._take_groups():
            group.tags = [tag for tag in group.tags if tag["Key"] not in names]
        return super().delete_tags() if self._get_param("Resources") else EmptyResult()

    @property
    def _groups(self) -> PlacementGroups:
        return placement_groups(self.current_account, self.region, self.partition)

    def _take_groups(self) -> list[Any]:
        """The placement groups among the request's resources, which are taken off it."""
        ids: list[str] = self._get_param("Resources", [])
        mine = [identity for identity in ids if identity.startswith("pg-")]
        if not mine:
            return []
        self.params = {
            **cast("Params", self.params),
            "Resources": [i for i in ids if i not in mine],
        }
        with _Ec2Errors():
            return [self._groups.by_id(identity) for identity in mine]

    def _occupied(self, name: str) -> bool:
        return any(
            instance.placement.group_name == name and instance.state != "terminated"
            for instance in self.ec2_backend.all_instances()
        )

    def _effective_request(self) -> Params:
        request = dict(cast("Params", self.params))
        template: Mapping[str, Any] = {}
        if reference := request.get("LaunchTemplate"):
            data = self.ec2_backend._get_template_from_args(reference).data
            template = {key: _plain(value) for key, value in data.items() if value is not None}
        merged = effective_request(template, request)
        if image := merged.get("ImageId"):
            with _Ec2Errors():
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

    def _zone(self, request: Params) -> str:
        """The zone of the subnet, else the one that is asked for, else the region's first."""
        inner = [i["SubnetId"] for i in request.get("NetworkInterfaces", []) if "SubnetId" in i]
        subnet_id = next(iter(inner), request.get("SubnetId"))
        if subnet_id:
            return self.ec2_backend.get_subnet(subnet_id).availability_zone
        asked = request.get("Placement", {}).get("AvailabilityZone")
        return asked or f"{self.region}a"

    def _tables_with_route(self, endpoint: Any) -> list[str]:
        names: list[str] = endpoint.route_table_ids or []
        prefix: str = endpoint.destination_prefix_list_id
        tables = self.ec2_backend.route_tables
        existing = [name for name in names if name in tables]
        return [t for t in existing if generate_route_id(t, prefix) in tables[t]._routes]

    def _check_template_user_data(self) -> None:
        with _Ec2Errors():
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
        if primary is not None:
            root = instance.nics[0]
            root.interface_type = primary.get("InterfaceType") or "interface"
            root.delete_on_termination = primary.get("DeleteOnTermination", True)
            root.add_tags(tags)
        attach_card_interfaces(self.ec2_backend, instance, others, tags)


def install() -> None:
    """Make moto's server answer EC2 with this class; before its first request."""
    moto.ec2.urls.url_paths["{0}/"] = LocalEc2Response.dispatch


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


class _Ec2Errors:
    """Turns a refusal into the error that moto serialises in EC2's XML form."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, RefusedError):
            raise EC2ClientError(error.code, str(error)) from error
