"""Projects for the pack's tests with the real engine, beside one local AWS."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.lifecycle import Sandbox
from sandbox.testing import engine_or_skip, scratch_project

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running local AWS with the real engine."""
    with Sandbox(tmp_path_factory.mktemp("sandbox") / "state", engine_or_skip()) as started:
        yield started


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's own program, without a stack of its own."""
    folder = tmp_path_factory.mktemp("policy") / "project"
    return scratch_project(ROOT, folder, "unused", "config: {}\n")


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of one of the small programs that the pack must not let through."""

    def copy(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(Path(__file__).with_name("programs") / name, folder)
        folder.joinpath("stacks").mkdir()
        return folder

    return copy
