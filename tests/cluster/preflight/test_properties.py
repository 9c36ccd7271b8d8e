"""What holds for every account: the zone is offered, the subnet has room, an error is one line."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from cluster.preflight.facts import Running, Site, Subnet
from cluster.preflight.site import decide
from sizing.errors import InputError
from sizing.stack_config import NetworkConfig
from tests.cluster.preflight.answers import (
    NOW,
    ZONES,
    facts,
    own_nodes,
    question,
    reservation,
    subnet,
)

LETTERS = "abcd"
names = st.sampled_from([zone.name for zone in ZONES])
preferences = st.lists(st.sampled_from([z.zone_id for z in ZONES] + ["use1-az9"]), unique=True)
letters = st.sampled_from(LETTERS)
running = st.builds(own_nodes, st.integers(0, 3), letters)


@st.composite
def subnets(draw: st.DrawFn) -> tuple[Subnet, ...]:
    """Some subnets of one VPC."""
    free, public = st.integers(0, 30), st.booleans()
    return tuple(
        subnet(f"subnet-{n}", letter, free_addresses=draw(free), public_addresses=draw(public))
        for n, letter in enumerate(draw(st.lists(letters, min_size=1, max_size=6)))
    )


@given(st.frozensets(names, min_size=1), preferences, st.none() | names, running)
def test_the_zone_is_always_offered(
    offered: frozenset[str], preferred: list[str], wanted: str | None, nodes: Running
) -> None:
    network = NetworkConfig(availability_zone=wanted)
    asked = question(offered_zone_ids=tuple(preferred), network=network)
    try:
        site = decide(asked, facts(offered=offered, running=nodes), NOW)
    except InputError as error:
        assert wanted not in offered
        assert error.nearest in offered
        return
    assert site.zone in offered
    assert wanted in (None, site.zone)
    assert sorted(site.zones) == [zone.name for zone in ZONES]
    assert site.zones[0] == site.zone


@given(letters, st.frozensets(names), st.none() | names)
def test_with_a_reservation_it_is_the_reservations(
    letter: str, offered: frozenset[str], wanted: str | None
) -> None:
    held = reservation(zone=f"us-east-1{letter}")
    network = NetworkConfig(availability_zone=wanted)
    asked = question(reservation_id=held.id, network=network)
    try:
        site = decide(asked, facts(offered=offered, reservation=held), NOW)
    except InputError as error:
        assert wanted not in (None, held.zone)
        assert error.nearest == held.zone
        return
    assert site.zone == held.zone


@given(subnets(), st.integers(1, 20), st.booleans(), running)
def test_never_a_subnet_without_room(
    given_subnets: tuple[Subnet, ...], addresses: int, serving: bool, nodes: Running
) -> None:
    network = NetworkConfig(subnet_ids=tuple(s.id for s in given_subnets))
    asked = question(network=network, addresses=addresses, serving=serving)
    answers = facts(subnets=given_subnets, neighbours=given_subnets, running=nodes)
    try:
        site = decide(asked, answers, NOW)
    except InputError as error:
        assert "\n" not in error.message
        return
    by_id = {s.id: s for s in given_subnets}
    chosen = by_id[str(site.node_subnet)]
    assert chosen.free_addresses >= addresses
    assert not chosen.public_addresses
    assert chosen.zone == site.zone
    assert site.zone in {"us-east-1a", "us-east-1c"}
    assert _balanced(site, by_id) == serving


@given(subnets())
def test_the_nearest_subnet_would_do(given_subnets: tuple[Subnet, ...]) -> None:
    asked = question(network=NetworkConfig(vpc_id="vpc-1"), serving=False)
    answers = facts(subnets=(), neighbours=given_subnets)
    try:
        decide(asked, answers, NOW)
    except InputError as error:
        assume(error.nearest is not None)
        network = NetworkConfig(vpc_id="vpc-1", subnet_ids=(str(error.nearest),))
        fixed = question(network=network, serving=False)
        site = decide(fixed, facts(subnets=given_subnets, neighbours=given_subnets), NOW)
        assert site.node_subnet == error.nearest


def _balanced(site: Site, by_id: dict[str, Subnet]) -> bool:
    zones = [by_id[identity].zone for identity in site.load_balancer_subnets]
    return len(zones) == len(set(zones)) >= 2 and site.zone in zones
