"""How the VPC's addresses are cut into subnets."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network

from sizing.errors import InputError

CIDR_KEY = "network.vpcCidr"
# AWS keeps the first four addresses and the last one of every subnet.
RESERVED_BY_AWS = 5
_SMALLEST_PREFIX, _LARGEST_PREFIX, _LARGEST_PREFIX_SERVING = 16, 27, 24
_PUBLIC_PREFIX = 28
# AWS's minimum for a load balancer's subnet.
_BALANCER_PREFIX = 27


@dataclass(frozen=True, slots=True)
class Subnets:
    """CIDR blocks: `nodes` is private, `public` holds the NAT gateway, `balancer` are private too,
    one for each zone of the load balancer."""

    nodes: str
    public: str
    balancer: tuple[str, ...] = ()


def subnets(vpc_cidr: str, addresses: int, *, serving: bool = False) -> Subnets:
    """The VPC's first half for nodes, its last /28 for the NAT gateway, two /27 before it.

    Raises InputError if `vpc_cidr` is not a VPC's block or its half holds fewer than `addresses`.
    """
    # Half of the VPC whatever the node count: a subnet's block cannot grow without replacing nodes.
    vpc = _network(vpc_cidr, _LARGEST_PREFIX_SERVING if serving else _LARGEST_PREFIX)
    nodes, rest = vpc.subnets(prefixlen_diff=1)
    if nodes.num_addresses - RESERVED_BY_AWS < addresses:
        raise InputError(CIDR_KEY, vpc_cidr, f"a block whose half holds {addresses} addresses")
    *_, public = rest.subnets(new_prefix=_PUBLIC_PREFIX)
    return Subnets(
        nodes=str(nodes), public=str(public), balancer=_balancer(rest) if serving else ()
    )


def _balancer(rest: IPv4Network) -> tuple[str, ...]:
    """The last blocks that leave the public subnet's own /27 alone."""
    *_, first, second, _ = rest.subnets(new_prefix=_BALANCER_PREFIX)
    return (str(first), str(second))


def _network(vpc_cidr: str, largest_prefix: int) -> IPv4Network:
    allowed = f"an IPv4 block from /{_SMALLEST_PREFIX} to /{largest_prefix}, such as 10.64.0.0/16"
    try:
        network = ip_network(vpc_cidr, strict=False)
    except ValueError:
        raise InputError(CIDR_KEY, vpc_cidr, allowed) from None
    if not isinstance(network, IPv4Network):
        raise InputError(CIDR_KEY, vpc_cidr, allowed)
    prefix = min(max(network.prefixlen, _SMALLEST_PREFIX), largest_prefix)
    nearest = ip_network((network.network_address, prefix), strict=False)
    if str(nearest) != vpc_cidr:
        raise InputError(CIDR_KEY, vpc_cidr, allowed, nearest)
    return network
