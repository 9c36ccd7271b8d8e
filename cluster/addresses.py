"""How the VPC's addresses are cut into subnets, a set of them for each zone."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from itertools import islice

from sizing.errors import InputError

CIDR_KEY = "network.vpcCidr"
# AWS keeps the first four addresses and the last one of every subnet.
RESERVED_BY_AWS = 5
ZONES = 8
_SMALLEST_PREFIX, _LARGEST_PREFIX = 16, 22
# AWS's minimum for a load balancer's subnet, and for any subnet.
_BALANCER_PREFIX, _PUBLIC_PREFIX = 27, 28


@dataclass(frozen=True, slots=True)
class Subnets:
    """One zone's CIDR blocks; only `public`, the NAT gateway's, has a route to the internet."""

    nodes: str
    balancer: str
    public: str


@dataclass(frozen=True, slots=True)
class Blocks:
    """A VPC's block, cut alike for every zone.

    Each zone has blocks of its own: nodes that move to another zone get the new subnet before the
    old one goes.
    """

    vpc: IPv4Network

    def of(self, zone: str) -> Subnets:
        """The blocks of a zone by its name; the letter at its end decides."""
        slot = (ord(zone[-1]) - ord("a")) % ZONES
        nodes, rest = self.vpc.subnets(prefixlen_diff=1)
        balancer, public = rest.subnets(prefixlen_diff=1)
        return Subnets(
            nodes=_block(nodes, nodes.prefixlen + 3, slot),
            balancer=_block(balancer, _BALANCER_PREFIX, slot),
            public=_block(public, _PUBLIC_PREFIX, slot),
        )

    @property
    def node_addresses(self) -> int:
        """How many addresses a zone's nodes can take."""
        return self.vpc.num_addresses // (2 * ZONES) - RESERVED_BY_AWS


def blocks(vpc_cidr: str, addresses: int) -> Blocks:
    """The VPC's blocks. Raises InputError if `vpc_cidr` is not a VPC's block, or too small for
    `addresses` in one zone."""
    found = Blocks(_network(vpc_cidr))
    if found.node_addresses < addresses:
        need = f"a larger block: a zone's sixteenth of it must hold {addresses} addresses"
        raise InputError(CIDR_KEY, vpc_cidr, need)
    return found


def _block(network: IPv4Network, prefix: int, slot: int) -> str:
    return str(next(islice(network.subnets(new_prefix=prefix), slot, None)))


def _network(vpc_cidr: str) -> IPv4Network:
    allowed = f"an IPv4 block from /{_SMALLEST_PREFIX} to /{_LARGEST_PREFIX}, such as 10.64.0.0/16"
    try:
        network = ip_network(vpc_cidr, strict=False)
    except ValueError:
        raise InputError(CIDR_KEY, vpc_cidr, allowed) from None
    if not isinstance(network, IPv4Network):
        raise InputError(CIDR_KEY, vpc_cidr, allowed)
    prefix = min(max(network.prefixlen, _SMALLEST_PREFIX), _LARGEST_PREFIX)
    nearest = ip_network((network.network_address, prefix), strict=False)
    if str(nearest) != vpc_cidr:
        raise InputError(CIDR_KEY, vpc_cidr, allowed, nearest)
    return network
