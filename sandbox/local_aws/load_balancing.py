"""Elastic Load Balancing as moto serves it, with what AWS refuses and what it keeps in subnets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, cast

import moto.elb.urls
import moto.elbv2.models
import moto.elbv2.urls
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.elb.urls import api_version_elb_backend
from moto.elbv2.exceptions import ELBClientError, InvalidTargetError, LoadBalancerNotFoundError
from moto.elbv2.models import FakeTargetGroup
from moto.elbv2.responses import ELBV2Response

_VERSION = "2015-12-01"
_NAME = re.compile(r"(?!internal-)(?!-)[A-Za-z0-9-]{1,32}(?<!-)")
_ADDRESSES_NEEDED = 8
_PROTECTED = "deletion_protection.enabled"


class LocalElbResponse(ELBV2Response):
    """The actions that differ from moto's."""

    def create_load_balancer(self) -> ActionResult:
        """moto takes any name and any number of zones, and puts nothing into the subnets."""
        name, subnets = self._get_param("Name", ""), self._get_param("Subnets", [])
        if not _NAME.fullmatch(name):
            raise ELBClientError(
                "ValidationError",
                f"The load balancer name '{name}' must have 1 to 32 letters, digits or hyphens, "
                "not begin or end with a hyphen, nor begin with 'internal-'.",
            )
        if self._get_param("Type", "application") == "application":
            self._check_subnets(subnets)
        result = super().create_load_balancer()
        (made,) = cast("dict[str, list[Any]]", result.result)["LoadBalancers"]
        made.state = "active"
        self._sync_interfaces(made)
        return result

    def delete_load_balancer(self) -> ActionResult:
        """moto overlooks the protection."""
        found = self.elbv2_backend.load_balancers.get(self._get_param("LoadBalancerArn"))
        if found is None:
            return super().delete_load_balancer()
        if found.attrs.get(_PROTECTED) == "true":
            raise ELBClientError(
                "OperationNotPermitted",
                f"Load balancer {found.arn} cannot be deleted: deletion protection is enabled.",
            )
        self._drop_interfaces(found)
        return super().delete_load_balancer()

    def set_subnets(self) -> ActionResult:
        """As moto's, with the interfaces."""
        return self._then_sync(super().set_subnets())

    def set_security_groups(self) -> ActionResult:
        """As moto's, with the interfaces."""
        return self._then_sync(super().set_security_groups())

    def _then_sync(self, result: ActionResult) -> ActionResult:
        found = self.elbv2_backend.load_balancers.get(self._get_param("LoadBalancerArn"))
        if found is None:
            raise LoadBalancerNotFoundError
        self._sync_interfaces(found)
        return result

    def _check_subnets(self, ids: Iterable[str]) -> None:
        subnets = [self._ec2.get_subnet(identity) for identity in ids]
        zones = [subnet.availability_zone for subnet in subnets]
        if len(set(zones)) < 2:
            raise ELBClientError(
                "ValidationError",
                "At least two subnets in two different Availability Zones must be specified.",
            )
        if len(set(zones)) < len(zones):
            raise ELBClientError(
                "InvalidConfigurationRequest",
                "A load balancer cannot have several subnets in one Availability Zone.",
            )
        for subnet in subnets:
            if subnet.available_ip_address_count < _ADDRESSES_NEEDED:
                raise ELBClientError(
                    "InvalidSubnet",
                    f"{subnet.id} has {subnet.available_ip_address_count} free addresses; a load "
                    f"balancer needs at least {_ADDRESSES_NEEDED}.",
                )

    def _sync_interfaces(self, balancer: Any) -> None:
        """One interface in each of its subnets: they take addresses and hold on to groups."""
        self._drop_interfaces(balancer)
        for subnet in balancer.subnets:
            made = self._ec2.create_network_interface(
                subnet, "", group_ids=balancer.security_groups, description=_mark(balancer)
            )
            made.status = "in-use"
            made.requester_managed = True

    def _drop_interfaces(self, balancer: Any) -> None:
        enis = self._ec2.enis
        for identity in [key for key, one in enis.items() if one.description == _mark(balancer)]:
            del enis[identity]

    @property
    def _ec2(self) -> Any:
        return ec2_backends[self.current_account][self.region]


class LocalTargetGroup(FakeTargetGroup):
    """Targets by id and port, where moto has one port an id; an unknown instance is refused."""

    def register(self, targets: list[dict[str, Any]]) -> None:
        """Add targets; all must be in the group's VPC and run."""
        for target in targets:
            self._check(target["Id"])
        self.targets.update(self._keyed(target) for target in targets)

    def deregister(self, targets: list[dict[str, Any]]) -> None:
        """Take targets off: without a port all of that id."""
        for target in targets:
            keys = [key for key, known in self.targets.items() if _same(known, target)]
            if not keys:
                raise InvalidTargetError
            for key in keys:
                self.deregistered_targets[target["Id"]] = self.targets.pop(key)

    def deregister_terminated_instances(self, instance_ids: list[str]) -> None:
        """What becomes of a target whose instance is gone."""
        for key in [key for key, one in self.targets.items() if one["Id"] in instance_ids]:
            target = self.targets.pop(key)
            self.terminated_targets[target["Id"]] = target

    def health_for(self, target: dict[str, Any], ec2_backend: Any) -> Any:
        """moto's answer for the one target that is meant."""
        known = next((one for one in self.targets.values() if _same(one, target)), None)
        if known is None:
            return super().health_for(target, ec2_backend)
        everything = self.targets
        self.targets = {target["Id"]: known}
        try:
            return super().health_for(target, ec2_backend)
        finally:
            self.targets = everything

    def _keyed(self, target: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        port = target.get("Port", self.port)
        return f"{target['Id']}:{port}", {"Id": target["Id"], "Port": port}

    def _check(self, identity: str) -> None:
        if self.target_type != "instance":
            return
        instance = self.ec2_backend.get_instance_by_id(identity)
        if instance is None or instance.vpc_id != self.vpc_id or instance.state != "running":
            raise InvalidTargetError


def install() -> None:
    """Make moto's server answer Elastic Load Balancing with these; before its first request."""
    moto.elbv2.models.FakeTargetGroup = LocalTargetGroup
    for urls in (moto.elb.urls, moto.elbv2.urls):  # the host name is the same: either may be asked
        urls.url_paths["{0}/$"] = _dispatch


def _dispatch(*args: Any, **kwargs: Any) -> Any:
    if args[0].values.get("Version") == _VERSION:
        return LocalElbResponse.dispatch(*args, **kwargs)
    return api_version_elb_backend(*args, **kwargs)


def _mark(balancer: Any) -> str:
    return f"ELB {balancer.arn.rpartition('loadbalancer/')[2]}"


def _same(known: dict[str, Any], asked: dict[str, Any]) -> bool:
    port = asked.get("Port")
    return known["Id"] == asked["Id"] and (port is None or str(known["Port"]) == str(port))
