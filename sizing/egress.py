"""The nodes' way out: a NAT gateway where something lies on the internet, else AWS's endpoints."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sizing.errors import InputError
from sizing.stack_config import Egress as Choice

EGRESS_KEY = "network.egress"
_SESSION_MANAGER = ("ssm", "ssmmessages", "ec2messages")
_REGISTRY = ("ecr.api", "ecr.dkr")
PRIVATE_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@]+)"
)
"""An image in a private ECR registry, which nodes reach without the internet."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What serving nodes fetch: weights from the hub (None: from S3), an image, perhaps secrets."""

    hub_weights: str | None
    image: str
    secrets: bool


@dataclass(frozen=True, slots=True)
class Egress:
    """Either `nat`, or the AWS services that the nodes reach inside their VPC."""

    nat: bool
    services: tuple[str, ...] = ()


def choose_way_out(wanted: Choice, fetched: Fetched | None) -> Egress:
    """The way out that the nodes need; `fetched` is None for nodes alone.

    Those get NAT under `auto`: what will run on them is not known. Raises InputError where
    endpoints cannot do.
    """
    outside = _on_the_internet(fetched)
    if wanted is Choice.ENDPOINTS and outside:
        raise InputError(EGRESS_KEY, wanted.value, f"nat, since {outside}", Choice.NAT.value)
    nodes_alone = fetched is None and wanted is Choice.AUTO
    if wanted is Choice.NAT or outside or nodes_alone:
        return Egress(nat=True)
    return Egress(nat=False, services=_services(fetched))


def _on_the_internet(fetched: Fetched | None) -> str | None:
    """What the nodes must fetch from outside AWS's network, in words."""
    if fetched is None:
        return None
    if fetched.hub_weights is not None:
        return f"the weights ({fetched.hub_weights}) come from Hugging Face"
    if not PRIVATE_ECR.match(fetched.image):
        return f"the container ({fetched.image}) is not in a private ECR registry"
    return None


def _services(fetched: Fetched | None) -> tuple[str, ...]:
    if fetched is None:
        return (*_SESSION_MANAGER, "logs")
    secrets = ("secretsmanager",) if fetched.secrets else ()
    return (*_SESSION_MANAGER, "logs", *_REGISTRY, *secrets)
