"""One local AWS with the real engine, which speaks YAML too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.lifecycle import Sandbox
from sandbox.testing import engine_with_yaml_or_skip


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running local AWS."""
    folder = tmp_path_factory.mktemp("sandbox") / "state"
    with Sandbox(folder, engine_with_yaml_or_skip()) as started:
        yield started
