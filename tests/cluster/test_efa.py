"""The network card layout, against AWS's published one."""

from __future__ import annotations

import pytest

from cluster.efa import Interface, InterfaceType, addresses_per_node, network_interfaces
from sizing.catalog.instances import instance, instance_names
from sizing.instance import NetworkCards

ENA, EFA = InterfaceType.INTERFACE, InterfaceType.EFA_ONLY
ALL = ("interface", "efa", "efa-only")


@pytest.mark.parametrize(
    ("name", "total", "efa"),
    [
        ("p5.48xlarge", 33, 32),
        ("p5e.48xlarge", 33, 32),
        ("p5en.48xlarge", 17, 16),
        ("p6-b200.48xlarge", 9, 8),
        ("p6-b300.48xlarge", 17, 16),
        ("p4d.24xlarge", 5, 4),
        ("p5.4xlarge", 2, 1),
        ("g6e.48xlarge", 5, 4),
        ("g6e.8xlarge", 2, 1),
        ("g6e.xlarge", 1, 0),
        ("g5g.metal", 1, 0),
    ],
)
def test_counts(name: str, total: int, efa: int) -> None:
    interfaces = network_interfaces(instance(name))
    assert len(interfaces) == total
    assert sum(i.type is EFA for i in interfaces) == efa


def test_p5_puts_efa_beside_the_primary_and_first_on_every_other_card() -> None:
    first, second, *others = network_interfaces(instance("p5.48xlarge"))
    assert (first, second) == (Interface(0, 0, ENA), Interface(0, 1, EFA))
    assert others == [Interface(card, 0, EFA) for card in range(1, 32)]


def test_p6_b300_has_no_efa_on_its_first_card() -> None:
    first, *others = network_interfaces(instance("p6-b300.48xlarge"))
    assert first == Interface(0, 0, ENA)
    assert others == [Interface(card, 0, EFA) for card in range(1, 17)]


def test_a_type_without_efa_gets_its_one_interface() -> None:
    assert network_interfaces(instance("g6e.xlarge")) == (Interface(0, 0, ENA),)


def test_fewer_efa_interfaces_than_cards_are_respected() -> None:
    cards = (NetworkCards(first=0, last=3, interface_types=ALL),)
    limited = instance("g6e.48xlarge").model_copy(update={"cards": cards, "efa_interfaces": 2})
    assert network_interfaces(limited)[1:] == (Interface(0, 1, EFA), Interface(1, 0, EFA))


def test_cards_without_efa_between_others_stay_empty() -> None:
    cards = (
        NetworkCards(first=0, last=0, interface_types=ALL),
        NetworkCards(first=1, last=2, interface_types=("interface",)),
        NetworkCards(first=3, last=3, interface_types=ALL),
    )
    mixed = instance("p4d.24xlarge").model_copy(update={"cards": cards, "efa_interfaces": 2})
    assert [i.card for i in network_interfaces(mixed) if i.type is EFA] == [0, 3]


@pytest.mark.parametrize("name", instance_names())
def test_every_type_obeys_ec2(name: str) -> None:
    kind = instance(name)
    interfaces = network_interfaces(kind)
    places = [(i.card, i.device) for i in interfaces]
    assert len(set(places)) == len(places)
    assert interfaces[0] == Interface(0, 0, ENA)
    assert all(0 <= i.card < kind.card_count for i in interfaces)
    assert sum(i.type is EFA for i in interfaces) == kind.efa_interfaces
    assert addresses_per_node(kind) == 1
