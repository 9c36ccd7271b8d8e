"""Cutting the VPC."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.addresses import RESERVED_BY_AWS, subnets
from sizing.errors import InputError


def test_default_vpc() -> None:
    cut = subnets("10.64.0.0/16", 2)
    assert (cut.nodes, cut.public) == ("10.64.0.0/17", "10.64.255.240/28")


@given(prefix=st.integers(16, 27), block=st.integers(0, 2**8 - 1))
def test_subnets_lie_in_the_vpc_apart_and_within_aws_limits(prefix: int, block: int) -> None:
    vpc = ip_network((10 << 24 | block << 16, prefix), strict=False)
    cut = subnets(str(vpc), 1)
    nodes, public = IPv4Network(cut.nodes), IPv4Network(cut.public)
    assert nodes.subnet_of(IPv4Network(str(vpc)))
    assert public.subnet_of(IPv4Network(str(vpc)))
    assert not nodes.overlaps(public)
    assert 16 <= nodes.prefixlen <= 28
    assert public.prefixlen == 28


def test_a_block_too_small_for_the_nodes_is_refused() -> None:
    room = 2**4 - RESERVED_BY_AWS
    assert subnets("10.0.0.0/27", room).nodes == "10.0.0.0/28"
    with pytest.raises(InputError, match="holds 12 addresses"):
        subnets("10.0.0.0/27", room + 1)


@pytest.mark.parametrize(
    ("cidr", "nearest"),
    [
        ("10.0.0.0/8", "10.0.0.0/16"),
        ("10.0.0.0/30", "10.0.0.0/27"),
        ("10.64.1.0/16", "10.64.0.0/16"),
        ("10.64.0.0", "10.64.0.0/27"),
        ("ten", None),
        ("10.0.0.0/33", None),
        ("fd00::/64", None),
        ("", None),
    ],
)
def test_bad_blocks_name_the_key_and_the_nearest(cidr: str, nearest: str | None) -> None:
    with pytest.raises(InputError) as caught:
        subnets(cidr, 1)
    assert caught.value.key == "network.vpcCidr"
    found = caught.value.nearest
    assert (None if found is None else str(found)) == nearest
