"""Network interfaces on several cards: moto has one card, and one interface a device index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from moto.ec2.models.elastic_network_interfaces import Attachment, NetworkInterface
from moto.ec2.models.instances import Instance
from moto.ec2.utils import random_eni_attach_id

from sandbox.local_aws.effective import slot

# moto keeps an instance's interfaces by device index, which several cards share; beyond card 0 the
# key is made unique with the card. Device indices stay far below this.
_KEYS_A_CARD = 1_000


class CardInterface(NetworkInterface):
    """An interface that knows its card and type; an efa-only one has no IP address."""

    def __init__(self, backend: Any, subnet_id: str, specification: Mapping[str, Any]) -> None:
        self.network_card_index, device = slot(specification)
        super().__init__(
            backend,
            subnet_id,
            specification.get("PrivateIpAddress") or [],
            device_index=device,
            group_ids=list(specification.get("Groups", [])),
            description=specification.get("Description"),
            delete_on_termination=bool(specification.get("DeleteOnTermination", True)),
        )
        self.interface_type = specification.get("InterfaceType") or "interface"
        if self.interface_type == "efa-only":
            self.private_ip_address = None
            self.private_ip_addresses = []
            self.private_dns_name = None

    @property
    def network_interface_id(self) -> str:
        """What the API calls `id`; moto derives it from its own class's name."""
        return self.id

    @property
    def attachment(self) -> Attachment | None:
        """moto's attachment, which always says card 0, with the card it is on."""
        attachment = super().attachment
        if attachment is not None:
            attachment.network_card_index = self.network_card_index
        return attachment


def attach_card_interfaces(
    backend: Any, instance: Instance, specifications: list[Mapping[str, Any]], tags: dict[str, str]
) -> None:
    """Add the interfaces that lie beyond the primary to a launched instance."""
    for specification in specifications:
        subnet_id = specification.get("SubnetId") or instance.subnet_id
        # moto's base class hides the class that a constructor returns.
        interface = cast("CardInterface", CardInterface(backend, str(subnet_id), specification))
        interface.add_tags(tags)
        _attach(instance, interface)
        backend.enis[interface.id] = interface


def drop_card_interfaces(instance: Instance) -> None:
    """What termination does: the instance keeps only the primary, which moto looks up."""
    for key in [key for key in instance.nics if key]:
        del instance.nics[key]


def _attach(instance: Instance, interface: CardInterface) -> None:
    # moto's own attach_eni would key the interface by its device index alone.
    key = interface.network_card_index * _KEYS_A_CARD + int(interface.device_index or 0)
    instance.nics[key] = interface
    interface.instance = instance
    interface.attachment_id = random_eni_attach_id()
    interface.attach_time = instance.launch_time
    interface.status = "in-use"
