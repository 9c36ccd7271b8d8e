"""The table of resource types. To add one, write its entry and list it here."""

from __future__ import annotations

from sandbox.aws_provider.egress import EGRESS
from sandbox.aws_provider.endpoint import ENDPOINT
from sandbox.aws_provider.events import EVENTS
from sandbox.aws_provider.firewall import FIREWALL
from sandbox.aws_provider.identity import IDENTITY
from sandbox.aws_provider.instance import INSTANCE
from sandbox.aws_provider.launch import LAUNCH
from sandbox.aws_provider.listener import LISTENER
from sandbox.aws_provider.load_balancer import LOAD_BALANCER
from sandbox.aws_provider.monitoring import MONITORING
from sandbox.aws_provider.network import NETWORK
from sandbox.aws_provider.resource import ResourceType
from sandbox.aws_provider.routing import ROUTING
from sandbox.aws_provider.secrets import SECRETS
from sandbox.aws_provider.target_group import TARGET_GROUP
from sandbox.aws_provider.topics import TOPICS

_PARTS = (
    NETWORK,
    EGRESS,
    ENDPOINT,
    ROUTING,
    FIREWALL,
    LAUNCH,
    INSTANCE,
    IDENTITY,
    LOAD_BALANCER,
    LISTENER,
    TARGET_GROUP,
    SECRETS,
    MONITORING,
    EVENTS,
    TOPICS,
)
RESOURCES: dict[str, ResourceType] = {kind.token: kind for part in _PARTS for kind in part}
