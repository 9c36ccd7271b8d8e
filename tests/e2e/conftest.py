"""A copy of the project whose stack files a test may change, beside a local AWS of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.lifecycle import Sandbox
from sandbox.testing import engine_or_skip

ROOT = Path(__file__).parent.parent.parent
LINKED = ("sizing", "cluster", "__main__.py", ".venv")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with stack files of its own."""
    folder = tmp_path_factory.mktemp("project")
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    return folder


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running local AWS with the real engine."""
    with Sandbox(tmp_path_factory.mktemp("sandbox") / "state", engine_or_skip()) as started:
        yield started
