"""User data: the cloud-init document that turns an AWS image into a node of a cluster."""

from __future__ import annotations

import json
import shlex
from functools import cache
from importlib.resources import files

import yaml

from cluster.boot.settings import node_settings
from cluster.identity import Identity
from cluster.names import NodePlacement
from cluster.serving import Serving
from sizing.errors import InputError
from sizing.plan import Plan

# EC2's limit, in bytes before base64.
MAX_BYTES = 16 * 1024
PLAN_PATH = "/etc/gpu-sizing/plan.json"

_PACKAGE = "cluster.boot"
_SETTINGS = "/etc/gpu-sizing"
_SCRIPTS = "/opt/gpu-sizing"
_UNITS = "/etc/systemd/system"
_ALWAYS = ("storage", "gate")
_SERVING = ("weights", "engine")


def user_data(plan: Plan, node: NodePlacement, identity: Identity, serving: Serving | None) -> str:
    """The cloud-init document of that node: scripts, systemd units, settings, no secret.

    Without `serving` the node only checks itself and says so. Raises InputError if it is larger
    than EC2 takes, or for what the engine would refuse to start with.
    """
    document = "#cloud-config\n" + yaml.dump(
        {
            "write_files": _files(plan, node, identity, serving),
            "runcmd": ["systemctl daemon-reload", _enable(node, serving)],
        },
        Dumper=_Dumper,
        sort_keys=False,
        width=MAX_BYTES,
    )
    size = len(document.encode())
    if size > MAX_BYTES:
        raise InputError("user data", f"{size} bytes", f"at most {MAX_BYTES} bytes (EC2's limit)")
    return document


def plan_facts(plan: Plan, node: NodePlacement) -> dict[str, object]:
    """What a person who looks around on a node wants to know of the plan."""
    # Only what calls for another node when it changes: user data is read at first boot, so a
    # change replaces the node, which a different concurrency or replica count must not do.
    served = {
        "precision": plan.precision,
        "kv_dtype": plan.kv_dtype,
        "layout": plan.layout.model_dump(),
    }
    return {
        "model": plan.hf_id or plan.model,
        # How a run is cut is no reason either to lose what it has written so far.
        **({} if plan.training else served),
        "replicas": list(node.replicas),
        "rank": node.rank,
    }


def _files(
    plan: Plan, node: NodePlacement, identity: Identity, serving: Serving | None
) -> list[dict[str, str]]:
    made = [
        _file(PLAN_PATH, json.dumps(plan_facts(plan, node)) + "\n"),
        _file(f"{_SETTINGS}/node.env", node_settings(plan, node, identity, serving)),
        _file(f"{_SCRIPTS}/lib.sh", _text("lib.sh")),
    ]
    for name in (*_ALWAYS, *(_SERVING if serving else ())):
        unit = _unit(name)
        made.append(_file(f"{_SCRIPTS}/{name}", _text(name), "0755"))
        made.append(_file(f"{_UNITS}/{unit}", _text(unit)))
    return made


def _enable(node: NodePlacement, serving: Serving | None) -> str:
    # The rest is pulled in by what needs it.
    units = [_unit("engine", replica) for replica in node.replicas] if serving else [_unit("gate")]
    return shlex.join(("systemctl", "enable", "--now", "--no-block", *units))


def _unit(name: str, replica: int | None = None) -> str:
    instance = f"@{'' if replica is None else replica}" if name == "engine" else ""
    return f"gpu-sizing-{name}{instance}.service"


def _file(path: str, content: str, permissions: str = "") -> dict[str, str]:
    return {"path": path, "content": content} | (
        {"permissions": permissions} if permissions else {}
    )


@cache
def _text(name: str) -> str:
    """A file of this package without its comments, which need not fit into 16 KB."""
    text = (files(_PACKAGE) / "files" / name).read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    return "".join(x for x in lines if not x.lstrip().startswith("#") or x.startswith("#!"))


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as it is, so that a person can read it."""


def _as_it_is(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _as_it_is)
