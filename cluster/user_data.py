"""What a node is told at its first boot: the facts of the plan, and nothing secret."""

from __future__ import annotations

import json

import yaml

from cluster.names import NodePlacement
from sizing.errors import InputError
from sizing.plan import Plan

PLAN_PATH = "/etc/gpu-sizing/plan.json"
# EC2's limit, in bytes before base64.
MAX_BYTES = 16 * 1024


def user_data(plan: Plan, node: NodePlacement) -> str:
    """A cloud-init document that writes the plan's facts for that node to PLAN_PATH.

    Raises InputError if it is larger than EC2 takes.
    """
    file = {
        "path": PLAN_PATH,
        "owner": "root:root",
        "permissions": "0644",
        "content": json.dumps(plan_facts(plan, node)),
    }
    document = "#cloud-config\n" + yaml.safe_dump(
        {"write_files": [file]}, sort_keys=False, width=MAX_BYTES
    )
    size = len(document.encode())
    if size > MAX_BYTES:
        raise InputError("user data", f"{size} bytes", f"at most {MAX_BYTES} bytes (EC2's limit)")
    return document


def plan_facts(plan: Plan, node: NodePlacement) -> dict[str, object]:
    """The facts a node needs to know its part."""
    # Only what calls for another node when it changes: user data is read at first boot, so a
    # change replaces the node, which a different concurrency or replica count must not do.
    return {
        "model": plan.hf_id or plan.model,
        "precision": plan.precision,
        "kv_dtype": plan.kv_dtype,
        "layout": plan.layout.model_dump(),
        "replicas": list(node.replicas),
        "rank": node.rank,
    }
