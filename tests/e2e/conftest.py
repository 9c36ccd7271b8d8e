"""A copy of the project whose stack files a test may change, beside a local AWS of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.lifecycle import Sandbox
from sandbox.testing import engine_or_skip, scratch_project

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with a stack file of its own."""
    config = (ROOT / "stacks" / "Pulumi.local.yaml").read_text()
    return scratch_project(ROOT, tmp_path_factory.mktemp("e2e") / "project", "local", config)


@pytest.fixture(scope="module")
def empty_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program without any stack file but those that a test writes."""
    folder = tmp_path_factory.mktemp("e2e") / "project"
    return scratch_project(ROOT, folder, "unused", "config: {}\n")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running local AWS with the real engine."""
    with Sandbox(tmp_path_factory.mktemp("sandbox") / "state", engine_or_skip()) as started:
        yield started
