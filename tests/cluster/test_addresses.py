"""Cutting the VPC."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.addresses import RESERVED_BY_AWS, blocks
from sizing.errors import InputError


def test_default_vpc() -> None:
    cut = blocks("10.64.0.0/16", 2).of("us-east-1a")
    assert (cut.nodes, cut.balancer) == ("10.64.0.0/20", "10.64.128.0/27")
    assert cut.public == "10.64.192.0/28"


@given(prefix=st.integers(16, 22), block=st.integers(0, 2**8 - 1))
def test_every_zones_subnets_lie_in_the_vpc_apart_and_within_aws_limits(
    prefix: int, block: int
) -> None:
    vpc = IPv4Network((10 << 24 | block << 16, prefix), strict=False)
    cut = [blocks(str(vpc), 1).of(f"eu-west-1{letter}") for letter in "abcdefgh"]
    made = [IPv4Network(c) for zone in cut for c in (zone.nodes, zone.balancer, zone.public)]
    assert all(subnet.subnet_of(vpc) for subnet in made)
    assert all(16 <= subnet.prefixlen <= 28 for subnet in made)
    in_order = sorted(made)
    assert not any(a.overlaps(b) for a, b in pairwise(in_order))
    # A load balancer wants a /27 at least.
    assert all(IPv4Network(zone.balancer).prefixlen <= 27 for zone in cut)


def test_a_block_too_small_for_the_nodes_is_refused() -> None:
    room = 2**6 - RESERVED_BY_AWS
    assert blocks("10.0.0.0/22", room).of("us-east-1a").nodes == "10.0.0.0/26"
    with pytest.raises(InputError, match=f"hold {room + 1} addresses"):
        blocks("10.0.0.0/22", room + 1)


@pytest.mark.parametrize(
    ("cidr", "nearest"),
    [
        ("10.0.0.0/8", "10.0.0.0/16"),
        ("10.0.0.0/30", "10.0.0.0/22"),
        ("10.64.1.0/16", "10.64.0.0/16"),
        ("10.64.0.0", "10.64.0.0/22"),
        ("ten", None),
        ("10.0.0.0/33", None),
        ("fd00::/64", None),
        ("", None),
    ],
)
def test_bad_blocks_name_the_key_and_the_nearest(cidr: str, nearest: str | None) -> None:
    with pytest.raises(InputError) as caught:
        blocks(cidr, 1)
    assert caught.value.key == "network.vpcCidr"
    found = caught.value.nearest
    assert (None if found is None else str(found)) == nearest
