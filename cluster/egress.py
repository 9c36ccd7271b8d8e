"""The nodes' way out: a NAT gateway where something lies on the internet, else AWS's endpoints."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.policies import ecr_image
from cluster.serving import Serving, WeightSource
from sizing.errors import InputError
from sizing.stack_config import Egress as Choice

EGRESS_KEY = "network.egress"
_SESSION_MANAGER = ("ssm", "ssmmessages", "ec2messages")
_REGISTRY = ("ecr.api", "ecr.dkr")


@dataclass(frozen=True, slots=True)
class Egress:
    """Either `nat`, or the AWS services that the nodes reach inside their VPC."""

    nat: bool
    services: tuple[str, ...] = ()


def choose_egress(wanted: Choice, serving: Serving | None) -> Egress:
    """The way out that the nodes need. Raises InputError where endpoints cannot do.

    Nodes alone get NAT under `auto`: what will run on them is not known.
    """
    outside = _on_the_internet(serving)
    if wanted is Choice.ENDPOINTS and outside:
        raise InputError(EGRESS_KEY, wanted.value, f"nat, since {outside}", Choice.NAT.value)
    nodes_alone = serving is None and wanted is Choice.AUTO
    if wanted is Choice.NAT or outside or nodes_alone:
        return Egress(nat=True)
    return Egress(nat=False, services=_services(serving))


def _on_the_internet(serving: Serving | None) -> str | None:
    """What the nodes must fetch from outside AWS's network, in words."""
    if serving is None:
        return None
    if serving.weights.source is WeightSource.HUGGING_FACE:
        return f"the weights ({serving.weights.location}) come from Hugging Face"
    if ecr_image(serving.image) is None:
        return f"the container ({serving.image}) is not in a private ECR registry"
    return None


def _services(serving: Serving | None) -> tuple[str, ...]:
    if serving is None:
        return (*_SESSION_MANAGER, "logs")
    secrets = ("secretsmanager",) if serving.api_key_secret or serving.token_secret else ()
    return (*_SESSION_MANAGER, "logs", *_REGISTRY, *secrets)
