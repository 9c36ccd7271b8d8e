"""Puts the stand-ins where the engine looks for plugins: small launchers, nothing copied."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

# Set by our tooling: the interpreter that has the SDK, and the folder that holds `sandbox`.
PYTHON_VARIABLE = "GPU_SIZING_PYTHON"
ROOT_VARIABLE = "GPU_SIZING_ROOT"

_MARK = "# Written by gpu-sizing's sandbox"
_LAUNCHER = """#!/bin/sh
{mark}: runs the stand-in with the interpreter that our tooling names.
: "${{{python}:?set by: python -m sandbox env}}" "${{{root}:?set by: python -m sandbox env}}"
exec "${python}" -P -c '{entry}' "${root}" {module} "$@"
"""
# The root comes by argument, since a PYTHONPATH would leak into the program that the host starts.
_ENTRY = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    'runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)'
)


def sdk_version() -> str:
    """The installed pulumi_aws version, which the engine asks the provider's plugin to have."""
    return version("pulumi-aws")


def write_launcher(path: Path, module: str) -> None:
    """An executable at `path` that runs `python -m module` with this project's interpreter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _LAUNCHER.format(
        mark=_MARK, python=PYTHON_VARIABLE, root=ROOT_VARIABLE, module=module, entry=_ENTRY
    )
    if path.exists() and path.read_text() == text:
        return
    partial = path.with_name(f"{path.name}.{os.getpid()}")  # clones share the engine's folder
    partial.write_text(text)
    partial.chmod(0o755)
    partial.replace(path)


def is_stand_in(path: Path) -> bool:
    """Whether an executable is one of our launchers."""
    with path.open("rb") as file:
        return _MARK.encode() in file.read(200)


def write_language_host(folder: Path) -> Path:
    """The stand-in language host's launcher, in `folder`."""
    path = folder / "pulumi-language-python"
    write_launcher(path, "sandbox.language_host")
    return path


def install_aws_provider(pulumi_home: Path) -> Path:
    """The stand-in `aws` provider in PULUMI_HOME, under the exact version that the SDK asks for."""
    folder = pulumi_home / "plugins" / f"resource-aws-v{sdk_version()}"
    path = folder / "pulumi-resource-aws"
    write_launcher(path, "sandbox.aws_provider")
    return path
