"""What the scripts of a node are told: assignments that bash reads, quoted for any text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from cluster.boot.flags import MASTER_PORT, engine_arguments, nodes_per_replica, streams
from cluster.efa import InterfaceType, network_interfaces
from cluster.identity import Identity
from cluster.names import NodePlacement
from cluster.serving import Serving
from sizing.catalog.instances import instance
from sizing.errors import InputError
from sizing.instance import InstanceType
from sizing.plan import Plan

_NOT_IN_A_STREAM = re.compile(r"[:*]")
# AWS's types whose GPUs hang on NVSwitch are those with NVLink among all eight.
_GPUS_ON_NVSWITCH = 8


def node_settings(
    plan: Plan, node: NodePlacement, identity: Identity, serving: Serving | None
) -> str:
    """node.env, all that the scripts of that node know.

    Of `REPLICAS` replicas from `FIRST` on, each has `SHARE` GPUs and a port from `PORT` on.
    """
    kind = instance(node.instance_type)
    facts: dict[str, str | int] = {
        "NODE": _NOT_IN_A_STREAM.sub("-", node.name),
        "REGION": identity.region,
        "STATUS_PARAMETER": identity.status_parameter(node.name),
        "GPUS": kind.gpus,
        "NVSWITCH": int(kind.nvlink and kind.gpus >= _GPUS_ON_NVSWITCH),
        "EFA": _efa_devices(kind) if node.spans_nodes else 0,
        "SERVES": int(serving is not None),
    }
    if serving is not None:
        facts |= _serving_facts(plan, node, identity, serving)
    arguments = engine_arguments(plan, node, serving) if serving else ()
    return f"{_assignments(facts)}ARGS=({shlex.join(arguments)})\n"


def _serving_facts(
    plan: Plan, node: NodePlacement, identity: Identity, serving: Serving
) -> dict[str, str | int]:
    weights = serving.weights
    return {
        "IMAGE": serving.image,
        "LOG_GROUP": identity.path,
        "SOURCE": "stream" if streams(serving) else weights.source.value,
        "LOCATION": weights.location,
        "REVISION": weights.revision or "",
        "TOKEN_SECRET": _secret("serving.huggingFaceTokenSecret", serving.token_secret, identity),
        "API_KEY_SECRET": _secret("serving.apiKeySecret", serving.api_key_secret, identity),
        "FIRST": node.first_replica,
        "REPLICAS": len(node.replicas),
        "SHARE": plan.layout.gpus,
        "PORT": serving.port,
        "NODES": nodes_per_replica(plan, node),
        "RANK": node.rank,
        "EXECUTOR": serving.executor.value,
        "MASTER_PORT": MASTER_PORT,
        "HEAD_PARAMETER": identity.head_parameter(node.first_replica),
    }


def _secret(key: str, name: str | None, identity: Identity) -> str:
    """The secret's name or ARN. An ARN of another region could not be read there."""
    parts = (name or "").split(":")
    if parts[0] == "arn" and parts[3:4] != [identity.region]:
        raise InputError(key, name, f"a secret in the nodes' own region, {identity.region}")
    return name or ""


def _efa_devices(kind: InstanceType) -> int:
    return sum(i.type is InterfaceType.EFA_ONLY for i in network_interfaces(kind))


def _assignments(facts: Mapping[str, str | int]) -> str:
    return "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in facts.items())
