"""EC2's actions on VPC endpoints, with the interfaces that AWS keeps for them."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from moto.ec2.utils import generate_route_id

from sandbox.local_aws.errors import ec2_errors
from sandbox.local_aws.refusals import RefusedError


class EndpointActions(EC2Response):
    """As moto's, with one interface a subnet, and private DNS as AWS allows it."""

    def create_vpc_endpoint(self) -> ActionResult:
        """moto gives the interfaces any address and no groups."""
        with ec2_errors():
            if self._get_param("VpcEndpointType") == "Interface":
                self._check_zones(self._get_param("SubnetIds", []))
                if self._get_bool_param("PrivateDnsEnabled", if_none=True):
                    self._check_private_dns(
                        self._get_param("VpcId"), self._get_param("ServiceName")
                    )
        result = super().create_vpc_endpoint()
        self._sync_interfaces(cast("dict[str, Any]", result.result)["VpcEndpoint"])
        return result

    def modify_vpc_endpoint(self) -> ActionResult:
        """moto leaves the interfaces as they were and overlooks private DNS."""
        endpoint = self.ec2_backend.get_vpc_end_point(self._get_param("VpcEndpointId"))
        dns = self._get_bool_param("PrivateDnsEnabled")
        with ec2_errors():
            if dns and not endpoint.private_dns_enabled:
                self._check_private_dns(endpoint.vpc_id, endpoint.service_name)
            subnets: list[str] = [
                *(endpoint.subnet_ids or []),
                *self._get_param("AddSubnetIds", []),
            ]
            removed = self._get_param("RemoveSubnetIds", [])
            self._check_zones([subnet for subnet in subnets if subnet not in removed])
        result = super().modify_vpc_endpoint()
        if dns is not None:
            endpoint.private_dns_enabled = dns
        self._sync_interfaces(endpoint)
        return result

    def delete_vpc_endpoints(self) -> ActionResult:
        """As moto's, which fails on a route table without the endpoint's route."""
        for identity in self._get_param("VpcEndpointIds", []):
            if endpoint := self.ec2_backend.vpc_end_points.get(identity):
                endpoint.route_table_ids = self._tables_with_route(endpoint)
        return super().delete_vpc_endpoints()

    def _sync_interfaces(self, endpoint: Any) -> None:
        """One interface for each of its subnets, with its security groups."""
        if str(endpoint.vpc_endpoint_type).lower() != "interface":
            return
        enis = self.ec2_backend.enis
        for identity in endpoint.network_interface_ids:
            enis.pop(identity, None)
        made = [
            self.ec2_backend.create_network_interface(
                subnet,
                "",
                group_ids=endpoint.security_group_ids,
                description=f"VPC Endpoint Interface {endpoint.id}",
            )
            for subnet in endpoint.subnet_ids
        ]
        for interface in made:
            interface.status = "in-use"
            interface.requester_managed = True
        endpoint.network_interface_ids = [interface.id for interface in made]

    def _check_zones(self, subnets: list[str]) -> None:
        zones = [self.ec2_backend.get_subnet(subnet).availability_zone for subnet in subnets]
        repeated = [zone for zone, count in Counter(zones).items() if count > 1]
        if repeated:
            raise RefusedError(
                "DuplicateSubnetsInSameZone",
                f"An endpoint takes one subnet a zone; several are in {repeated[0]}.",
            )

    def _check_private_dns(self, vpc_id: str, service: str) -> None:
        vpc = self.ec2_backend.get_vpc(vpc_id)
        if not (_is_true(vpc.enable_dns_support) and _is_true(vpc.enable_dns_hostnames)):
            raise RefusedError(
                "InvalidParameter",
                "Private DNS needs both enableDnsSupport and enableDnsHostnames of "
                f"{vpc_id} to be true.",
            )
        for other in self.ec2_backend.vpc_end_points.values():
            taken = (other.vpc_id, other.service_name) == (vpc_id, service)
            if taken and other.private_dns_enabled and other.state != "deleted":
                raise RefusedError(
                    "InvalidParameter",
                    f"Private DNS cannot be set: {other.id} has the name of {service} in {vpc_id}.",
                )

    def _tables_with_route(self, endpoint: Any) -> list[str]:
        names: list[str] = endpoint.route_table_ids or []
        prefix: str = endpoint.destination_prefix_list_id
        tables = self.ec2_backend.route_tables
        existing = [name for name in names if name in tables]
        return [t for t in existing if generate_route_id(t, prefix) in tables[t]._routes]


def _is_true(value: object) -> bool:
    """moto keeps this attribute as text in some places."""
    return str(value).lower() == "true"
