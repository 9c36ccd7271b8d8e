"""Where the nodes go, and what is said when they cannot go there."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.preflight.facts import Dns, Routes, Running
from cluster.preflight.site import check_question, decide
from sizing.errors import InputError
from sizing.stack_config import Egress, NetworkConfig
from tests.cluster.preflight.answers import (
    DENIED,
    NOW,
    VPC_ID,
    existing,
    facts,
    own_nodes,
    question,
    reservation,
    subnet,
)

ALONE: dict[str, Any] = {"serving": False}


def test_the_catalogues_first_zone_that_is_really_offered() -> None:
    site = decide(question(), facts(), NOW)
    assert site.zone == "us-east-1c"
    assert site.zones == ("us-east-1c", "us-east-1a", "us-east-1b", "us-east-1d")
    assert (site.vpc_id, site.node_subnet, site.load_balancer_subnets) == (None, None, ())
    assert {check.verdict for check in site.checks} == {"yes"}


@pytest.mark.parametrize(
    ("asked", "answers", "zone"),
    [
        ({"network": NetworkConfig(availability_zone="us-east-1a")}, {}, "us-east-1a"),
        ({}, {"offered": frozenset({"us-east-1d"})}, "us-east-1d"),
        ({}, {"offered": DENIED}, "us-east-1c"),
        ({"offered_zone_ids": ()}, {"offered": DENIED}, "us-east-1a"),
        ({}, {"zones": DENIED}, "us-east-1a"),
        ({}, {"running": own_nodes(2, "a")}, "us-east-1a"),
        ({}, {"running": own_nodes(2, "b")}, "us-east-1c"),
        ({"reservation_id": "cr-1"}, {"reservation": reservation()}, "us-east-1b"),
        ({"reservation_id": "cr-1"}, {"reservation": DENIED}, "us-east-1c"),
        (
            {"network": NetworkConfig(availability_zone="us-east-1q"), **ALONE},
            {"zones": DENIED, "offered": DENIED},
            "us-east-1q",
        ),
    ],
)
def test_zone_of_a_new_network(asked: dict[str, Any], answers: dict[str, Any], zone: str) -> None:
    assert decide(question(**asked), facts(**answers), NOW).zone == zone


@pytest.mark.parametrize(
    ("asked", "answers", "key", "said"),
    [
        (
            {"network": NetworkConfig(availability_zone="us-east-1b")},
            {},
            "network.availabilityZone",
            r"'us-east-1b' .* offers p5.48xlarge: us-east-1a, us-east-1c; nearest: us-east-1[ac]",
        ),
        (
            {
                "network": NetworkConfig(availability_zone="us-east-1a"),
                "reservation_id": "cr-1",
            },
            {"reservation": reservation()},
            "network.availabilityZone",
            "us-east-1b, where cr-0123456789abcdef0 lies, or nothing; nearest: us-east-1b",
        ),
        (
            {},
            {"offered": frozenset[str]()},
            "region",
            "that offers p5.48xlarge to this account, as no zone here does: us-east-2, us-west-1.*"
            "nearest: us-east-2",
        ),
        (
            {},
            {"zones": DENIED, "offered": DENIED},
            "network.availabilityZone",
            "is missing; allowed: a zone's name, as AWS did not say .*UnauthorizedOperation",
        ),
        (
            {"network": NetworkConfig(availability_zone="us-east-1q")},
            {"zones": DENIED, "offered": DENIED},
            "serving.enabled",
            "a load balancer takes two zones .*nearest: false",
        ),
    ],
)
def test_no_zone(asked: dict[str, Any], answers: dict[str, Any], key: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        decide(question(**asked), facts(**answers), NOW)
    assert caught.value.key == key


def test_an_existing_network() -> None:
    site = decide(question(network=existing("subnet-b", "subnet-c", "subnet-a")), facts(), NOW)
    assert (site.zone, site.node_subnet) == ("us-east-1c", "subnet-c")
    assert (site.vpc_id, site.vpc_cidr) == (VPC_ID, "10.0.0.0/16")
    assert site.load_balancer_subnets == ("subnet-b", "subnet-c", "subnet-a")
    assert {check.verdict for check in site.checks} == {"yes"}


def test_nodes_alone_need_no_second_zone() -> None:
    site = decide(question(network=existing("subnet-a"), **ALONE), facts(), NOW)
    assert (site.node_subnet, site.load_balancer_subnets) == ("subnet-a", ())


@pytest.mark.parametrize(
    ("network", "key", "said"),
    [
        (
            NetworkConfig(vpc_cidr="10.0.0.0/16", subnet_ids=("subnet-a",)),
            "network.vpcCidr",
            "nothing with network.subnetIds",
        ),
        (
            NetworkConfig(vpc_cidr="10.0.0.0/16", vpc_id=VPC_ID),
            "network.vpcCidr",
            "nothing with network.vpcId",
        ),
        (
            NetworkConfig(egress=Egress.NAT, subnet_ids=("subnet-a",)),
            "network.egress",
            "'nat' is not valid.*nearest: auto",
        ),
        (
            NetworkConfig(load_balancer_subnet_ids=("subnet-a",)),
            "network.loadBalancerSubnetIds",
            "nothing without network.subnetIds",
        ),
    ],
)
def test_contradictions_are_found_without_asking(
    network: NetworkConfig, key: str, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        check_question(question(network=network))
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("network", "answers", "key", "said"),
    [
        (
            existing("subnet-a", vpc_id="vpc-2"),
            {},
            "network.vpcId",
            r"'vpc-2' .* the id of a VPC in us-east-1: vpc-1 \(10.0.0.0/16\)",
        ),
        (
            NetworkConfig(vpc_id=VPC_ID),
            {"subnets": ()},
            "network.subnetIds",
            r"is missing.*us-east-1a subnet-a \(100 free\), us-east-1c subnet-c",
        ),
        (
            existing("subnet-x"),
            {},
            "network.subnetIds",
            "'subnet-x' is not valid; allowed: the id of a subnet in us-east-1: us-east-1a ",
        ),
        (
            existing("subnet-a", "subnet-o"),
            {"subnets": (subnet("subnet-a", "a"), subnet("subnet-o", "c", vpc_id="vpc-2"))},
            "network.subnetIds",
            "'subnet-o' is not valid.*subnets of vpc-1, as the others; this one is of vpc-2",
        ),
        (
            existing("subnet-b"),
            {},
            "network.subnetIds",
            r"'subnet-b \(us-east-1b\)' .* offers p5.48xlarge \(us-east-1c, us-east-1a\): ",
        ),
        (
            existing("subnet-a", availability_zone="us-east-1c"),
            {},
            "network.availabilityZone",
            r"'us-east-1c' .* one of network.subnetIds: us-east-1a \(subnet-a\)",
        ),
        (
            existing("subnet-a"),
            {"subnets": (subnet("subnet-a", "a", public_addresses=True),)},
            "network.subnetIds",
            "a private subnet, as nodes never get a public address: .*subnet-c",
        ),
        (
            existing("subnet-a"),
            {"subnets": (subnet("subnet-a", "a", free_addresses=1),)},
            "network.subnetIds",
            r"2 free addresses for 2 x p5.48xlarge \(subnet-a has 1\).*nearest: subnet-c",
        ),
        (
            existing("subnet-a"),
            {"dns": Dns(support=False, hostnames=True)},
            "network.vpcId",
            "modify-vpc-attribute --vpc-id vpc-1 --enable-dns-support`",
        ),
    ],
)
def test_an_existing_network_that_will_not_do(
    network: NetworkConfig, answers: dict[str, Any], key: str, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        decide(question(network=network, **ALONE), facts(**answers), NOW)
    assert caught.value.key == key


def test_a_reservations_zone_has_no_given_subnet() -> None:
    asked = question(network=existing("subnet-a"), reservation_id="cr-1", **ALONE)
    with pytest.raises(InputError, match=r"in us-east-1b, where cr-.*subnet-b") as caught:
        decide(asked, facts(reservation=reservation()), NOW)
    assert caught.value.nearest == "subnet-b"


def test_our_own_nodes_addresses_count_as_free() -> None:
    full = subnet("subnet-a", "a", free_addresses=0)
    nodes = own_nodes(2, addresses={"subnet-a": 1})
    asked = question(network=existing("subnet-a"), **ALONE)
    site = decide(asked, facts(subnets=(full,), running=nodes), NOW)
    assert site.node_subnet == "subnet-a"
    assert any("2 this stack already has" in check.detail for check in site.checks)


def test_nodes_stay_in_the_subnet_that_they_run_in() -> None:
    nodes = own_nodes(2, "a", addresses={"subnet-a": 1})
    asked = question(network=existing("subnet-c", "subnet-a"), **ALONE)
    assert decide(asked, facts(running=nodes), NOW).node_subnet == "subnet-a"


def test_a_full_subnet_is_unknown_where_own_nodes_are_not_seen() -> None:
    full = subnet("subnet-a", "a", free_addresses=0)
    asked = question(network=existing("subnet-a"), **ALONE)
    site = decide(asked, facts(subnets=(full,), running=DENIED), NOW)
    assert verdict(site.checks, "subnet") == "unknown"
    tiny = subnet("subnet-a", "a", free_addresses=0, cidr="10.0.0.0/28")
    with pytest.raises(InputError, match="12 free addresses"):
        decide(
            question(network=existing("subnet-a"), addresses=12, **ALONE),
            facts(subnets=(tiny,), running=DENIED),
            NOW,
        )


@pytest.mark.parametrize(
    ("network", "answers", "said"),
    [
        (existing("subnet-a"), {}, r"is missing; .*at least two zones.*nearest: \[subnet-a, "),
        (
            existing("subnet-a", load_balancer_subnet_ids=("subnet-b", "subnet-c")),
            {},
            "one subnet in us-east-1a too: a load balancer reaches no node outside its zones",
        ),
        (
            existing("subnet-a", load_balancer_subnet_ids=("subnet-a", "subnet-x")),
            {},
            "'subnet-x' is not valid; allowed: the id of a subnet",
        ),
        (
            existing("subnet-a", load_balancer_subnet_ids=("subnet-a", "subnet-2", "subnet-b")),
            {
                "subnets": (
                    subnet("subnet-a", "a"),
                    subnet("subnet-2", "a"),
                    subnet("subnet-b", "b"),
                )
            },
            "'subnet-2' is not valid; allowed: one subnet a zone; subnet-a is in us-east-1a too",
        ),
        (
            existing("subnet-a", load_balancer_subnet_ids=("subnet-a", "subnet-b")),
            {"subnets": (subnet("subnet-a", "a"), subnet("subnet-b", "b", free_addresses=7))},
            r"at least 8 free addresses each \(subnet-b has 7\).*or serving.enabled: false",
        ),
        (
            existing("subnet-a", load_balancer_subnet_ids=("subnet-a", "subnet-b")),
            {"subnets": (subnet("subnet-a", "a", free_addresses=9), subnet("subnet-b", "b"))},
            r"subnet-a has 7 once the nodes have theirs",
        ),
    ],
)
def test_load_balancer_subnets_that_will_not_do(
    network: NetworkConfig, answers: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        decide(question(network=network), facts(**answers), NOW)
    assert caught.value.key == "network.loadBalancerSubnetIds"


def test_one_load_balancer_subnet_a_zone_of_those_with_room() -> None:
    subnets = (
        subnet("subnet-a", "a"),
        subnet("subnet-1", "b", free_addresses=3),
        subnet("subnet-2", "b"),
        subnet("subnet-3", "b"),
    )
    asked = question(network=existing("subnet-a", "subnet-1", "subnet-2", "subnet-3"))
    assert decide(asked, facts(subnets=subnets), NOW).load_balancer_subnets == (
        "subnet-a",
        "subnet-2",
    )


def test_a_load_balancer_that_is_there_may_have_taken_the_addresses() -> None:
    subnets = (subnet("subnet-a", "a"), subnet("subnet-b", "b", free_addresses=6))
    network = existing("subnet-a", load_balancer_subnet_ids=("subnet-a", "subnet-b"))
    answers = facts(subnets=subnets, running=own_nodes(2, addresses={"subnet-a": 1}))
    site = decide(question(network=network), answers, NOW)
    assert site.load_balancer_subnets == ("subnet-a", "subnet-b")
    assert verdict(site.checks, "load balancer") == "unknown"


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        (Routes("nat-1", {}), "yes"),
        (Routes("igw-1", {"subnet-a": "tgw-1"}), "yes"),
        (Routes("nat-1", {"subnet-a": "igw-1"}), "unknown"),
        (Routes("nat-1", {"subnet-a": None}), "unknown"),
        (DENIED, "unknown"),
        (None, "unknown"),
    ],
)
def test_the_way_out_is_said(routes: Routes, expected: str) -> None:
    site = decide(question(network=existing("subnet-a"), **ALONE), facts(routes=routes), NOW)
    assert verdict(site.checks, "way out") == expected


def test_denied_answers_are_unknown_and_stop_nothing() -> None:
    denied = facts(
        running=DENIED,
        quota_limit=DENIED,
        offered=DENIED,
        vpcs=DENIED,
        dns=DENIED,
        subnets=DENIED,
        neighbours=DENIED,
        routes=DENIED,
    )
    network = existing("subnet-a", vpc_id=VPC_ID, availability_zone="us-east-1a")
    site = decide(question(network=network), denied, NOW)
    assert (site.zone, site.vpc_id, site.vpc_cidr) == ("us-east-1a", VPC_ID, None)
    assert (site.node_subnet, site.load_balancer_subnets) == ("subnet-a", ("subnet-a",))
    assert {check.verdict for check in site.checks} == {"unknown"}


@pytest.mark.parametrize(
    ("network", "key"),
    [
        (existing("subnet-a", vpc_id=VPC_ID), "network.availabilityZone"),
        (existing("subnet-a", availability_zone="us-east-1a"), "network.vpcId"),
        (NetworkConfig(vpc_id=VPC_ID, availability_zone="us-east-1a"), "network.subnetIds"),
    ],
)
def test_what_hidden_subnets_would_have_told_must_be_given(
    network: NetworkConfig, key: str
) -> None:
    with pytest.raises(InputError, match="is missing") as caught:
        decide(question(network=network), facts(subnets=DENIED), NOW)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("limit", "others", "expected"),
    [(384, 0, "yes"), (480, 96, "yes"), (1000, DENIED, "unknown"), (DENIED, 0, "unknown")],
)
def test_enough_quota(limit: Any, others: Any, expected: str) -> None:
    running = others if others is DENIED else Running((), others)
    site = decide(question(), facts(quota_limit=limit, running=running), NOW)
    assert verdict(site.checks, "quota") == expected


@pytest.mark.parametrize(
    ("limit", "running", "value"),
    [(0, Running((), 0), 384), (383, DENIED, 384), (384, Running((), 96), 480)],
)
def test_too_little_quota_says_how_to_raise_it(limit: int, running: Any, value: int) -> None:
    with pytest.raises(InputError, match=rf"'{limit} vCPUs' .*2 x p5.48xlarge need 384") as caught:
        decide(question(), facts(quota_limit=float(limit), running=running), NOW)
    assert caught.value.key == "AWS quota L-417A185B"
    assert f"--quota-code L-417A185B --desired-value {value}`" in caught.value.allowed
    assert "30 minutes" in caught.value.allowed


def test_a_reservation_takes_no_quota() -> None:
    site = decide(
        question(reservation_id="cr-1"), facts(reservation=reservation(), quota_limit=0.0), NOW
    )
    assert not any(check.what == "quota" for check in site.checks)
    assert site.reservation == reservation()


def verdict(checks: tuple[Any, ...], what: str) -> str:
    """The verdict on one thing."""
    return next(check.verdict for check in checks if check.what == what)
