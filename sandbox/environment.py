"""The variables that make boto3, Pulumi and the program use the sandbox and nothing else."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.aws_provider.clients import DUMMY_ACCESS_KEY, DUMMY_SECRET_KEY
from sandbox.plugins import PYTHON_VARIABLE, ROOT_VARIABLE

DEFAULT_REGION = "us-east-1"
_PACKAGE_PARENT = Path(__file__).resolve().parents[1]
# What the caller has of these would lead to a real account, stack or plugin.
_DROPPED_PREFIXES = ("AWS_", "PULUMI_")
_LOOPBACK = "127.0.0.1,localhost,::1"


def sandbox_variables(endpoint: str, state: Path) -> dict[str, str]:
    """The variables by themselves, without PATH. `state` is the sandbox's folder."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": DUMMY_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": DUMMY_SECRET_KEY,
        "AWS_REGION": DEFAULT_REGION,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PULUMI_HOME": str(state / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{state / 'backend'}",
        "PULUMI_CONFIG_PASSPHRASE": "sandbox",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        PYTHON_VARIABLE: sys.executable,
        ROOT_VARIABLE: str(_PACKAGE_PARENT),
        # A proxy must not be asked for what is on this machine.
        "NO_PROXY": _LOOPBACK,
        "no_proxy": _LOOPBACK,
    }


def subprocess_environment(variables: Mapping[str, str], folders: list[Path]) -> dict[str, str]:
    """The caller's environment with ours instead of its AWS and Pulumi settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_DROPPED_PREFIXES)}
    path = os.pathsep.join([*map(str, folders), kept.get("PATH", os.defpath)])
    return {**kept, **variables, "PATH": path}


def export_lines(variables: Mapping[str, str], folders: list[Path]) -> str:
    """The same as lines for `eval` in a shell, whose own AWS and Pulumi settings are unset."""
    foreign = [name for name in os.environ if name.startswith(_DROPPED_PREFIXES)]
    unset = [f"unset {name}" for name in sorted(foreign) if name not in variables]
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    front = "".join(f"{shlex.quote(str(folder))}:" for folder in folders)
    return "\n".join([*unset, *lines, f'export PATH={front}"$PATH"'])
