"""Which network interfaces a node is launched with: AWS's current rule for EFA."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sizing.instance import InstanceType


class InterfaceType(StrEnum):
    """`interface` is ENA: an address and ordinary traffic. `efa-only` is EFA without an address."""

    INTERFACE = "interface"
    EFA_ONLY = "efa-only"


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface at launch, by network card index and device index on that card."""

    card: int
    device: int
    type: InterfaceType


def network_interfaces(instance: InstanceType) -> tuple[Interface, ...]:
    """Every interface of a node of that type, the primary one first.

    The rule (EC2 User Guide, "Maximize network bandwidth with multiple network cards"): the primary
    (card 0, device 0) is ENA and can never be efa-only; card 0's EFA sits beside it at device 1;
    every other card that carries EFA has it at device 0.
    """
    # All cards even where no replica spans nodes: EFA-only interfaces cost nothing and take no
    # address, and adding them later would replace the node.
    primary = Interface(0, 0, InterfaceType.INTERFACE)
    efa = [Interface(card, int(card == 0), InterfaceType.EFA_ONLY) for card in _efa_cards(instance)]
    return (primary, *efa[: instance.efa_interfaces])


def addresses_per_node(instance: InstanceType) -> int:
    """IPv4 addresses that one node takes from its subnet."""
    return sum(i.type is InterfaceType.INTERFACE for i in network_interfaces(instance))


def _efa_cards(instance: InstanceType) -> list[int]:
    return [
        card
        for cards in instance.cards
        if InterfaceType.EFA_ONLY in cards.interface_types
        for card in range(cards.first, cards.last + 1)
    ]
