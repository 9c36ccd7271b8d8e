"""The table of resource types. To add one, write its entry and list it here."""

from __future__ import annotations

from sandbox.aws_provider.egress import EGRESS
from sandbox.aws_provider.firewall import FIREWALL
from sandbox.aws_provider.identity import IDENTITY
from sandbox.aws_provider.instance import INSTANCE
from sandbox.aws_provider.launch import LAUNCH
from sandbox.aws_provider.network import NETWORK
from sandbox.aws_provider.resource import ResourceType
from sandbox.aws_provider.routing import ROUTING

RESOURCES: dict[str, ResourceType] = {
    kind.token: kind
    for kind in (*NETWORK, *EGRESS, *ROUTING, *FIREWALL, *LAUNCH, *INSTANCE, *IDENTITY)
}
