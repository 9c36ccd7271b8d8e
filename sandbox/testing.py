"""For tests that run the real engine: whether they must, and projects they may change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.engine import Engine, EngineError, can_have_engine, ensure_engine

_TRUE = ("1", "true", "yes")
# What a program may need from the project's root; each is linked, never copied.
_NOT_LINKED = {".git", ".sandbox", "Pulumi.yaml", "stacks"}


def engine_required(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a missing engine is a failure: in CI, or where GPU_SIZING_REQUIRE_ENGINE says so."""
    names = ("CI", "GPU_SIZING_REQUIRE_ENGINE")
    return any(environment.get(name, "").lower() in _TRUE for name in names)


def engine_or_skip() -> Engine:
    """The engine. Skips only where there is neither pulumi nor Go and nothing requires it."""
    if not can_have_engine() and not engine_required():
        pytest.skip("neither pulumi nor Go is installed: the engine tests cannot run")
    try:
        return ensure_engine()
    except EngineError as error:
        pytest.fail(f"the Pulumi engine cannot be had: {error}", pytrace=False)


def engine_with_yaml_or_skip() -> Engine:
    """The engine with Pulumi's YAML language host."""
    engine = engine_or_skip()
    try:
        engine.ensure_yaml_host()
    except EngineError as error:
        pytest.fail(f"Pulumi's YAML language host cannot be had: {error}", pytrace=False)
    return engine


def scratch_project(root: Path, folder: Path, stack: str, config: str) -> Path:
    """A project in `folder` that runs the program of `root` with a stack file of its own.

    `config` is the text of the stack's YAML file. The engine writes into stack files, so tests
    must not use those of the project. Returns `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for entry in root.iterdir():
        if entry.name not in _NOT_LINKED:
            folder.joinpath(entry.name).symlink_to(entry.absolute())
    shutil.copy(root / "Pulumi.yaml", folder / "Pulumi.yaml")
    stacks = folder / "stacks"
    stacks.mkdir()
    stacks.joinpath(f"Pulumi.{stack}.yaml").write_text(config)
    return folder
