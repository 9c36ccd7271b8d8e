"""No public address: on a machine, by a subnet's habit, or on a load balancer."""

from __future__ import annotations

from policy.resources import LAUNCHES, Resource
from policy.values import UNKNOWN, blocks, is_true

_SUBNETS = frozenset({"aws:ec2/subnet:Subnet", "aws:ec2/defaultSubnet:DefaultSubnet"})
_BALANCERS = frozenset(
    {
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:alb/loadBalancer:LoadBalancer",
        "aws:elb/loadBalancer:LoadBalancer",
    }
)
_ADDRESS_OWNERS = {
    "aws:ec2/eip:Eip": ("instance", "networkInterface"),
    "aws:ec2/eipAssociation:EipAssociation": ("instanceId", "networkInterfaceId"),
}


def public_address(resource: Resource) -> str | None:
    """What gives the resource, or what is launched in it, an address on the internet."""
    props = resource.props
    if resource.kind in LAUNCHES:
        return _on_machine(resource)
    if resource.kind in _SUBNETS and is_true(props.get("mapPublicIpOnLaunch")):
        return "mapPublicIpOnLaunch is true: it must be false"
    if resource.kind in _BALANCERS:
        return _on_balancer(resource)
    for key in _ADDRESS_OWNERS.get(resource.kind, ()):
        # An unknown owner is an owner: it is the id of something that is made first.
        if props.get(key):
            return f"{key} is set: an elastic IP address gives it a public address"
    return None


def _on_machine(resource: Resource) -> str | None:
    if is_true(resource.props.get("associatePublicIpAddress")):
        return "associatePublicIpAddress is true: it must be false"
    for index, interface in enumerate(blocks(resource.props.get("networkInterfaces"))):
        if is_true(interface.get("associatePublicIpAddress")):
            return f"networkInterfaces[{index}].associatePublicIpAddress is true: it must be false"
    return None


def _on_balancer(resource: Resource) -> str | None:
    internal = resource.props.get("internal")
    # A gateway load balancer has no side to the internet.
    if internal is UNKNOWN or resource.props.get("loadBalancerType") == "gateway":
        return None
    return None if is_true(internal) else "internal is not true: it faces the internet"
