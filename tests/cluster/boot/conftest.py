"""A node's software under a temporary folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.boot.nodes import Case, NodeRoot


@pytest.fixture
def lay_out(tmp_path: Path) -> Callable[[Case], NodeRoot]:
    """Lay out the software of a node."""
    return lambda case: NodeRoot(tmp_path / "node", case)
