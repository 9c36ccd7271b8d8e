"""Links between ranks: the wrong one makes eight cheap cards look like one node of H100."""

from __future__ import annotations

import pytest

from sizing.catalog.gpus import gpu as catalogue_gpu
from sizing.performance.links import link


@pytest.mark.parametrize(
    ("gpu", "ranks", "gigabytes"),
    [
        ("H100", 8, 450),
        ("H800", 8, 200),
        ("B200", 4, 900),
        ("L40S", 2, 32),
        ("RTX-PRO-6000", 4, 64),
        ("RTX-3090", 2, 56.25),
        ("RTX-3090", 4, 32),
        ("H100", 16, 50),
        ("GB200", 16, 900),
    ],
)
def test_the_slowest_link_counts(gpu: str, ranks: int, gigabytes: float) -> None:
    assert link(catalogue_gpu(gpu), ranks).bytes_per_s == gigabytes * 1e9
