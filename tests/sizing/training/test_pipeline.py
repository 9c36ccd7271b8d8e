"""Pipelines: how many micro-batches wait in a stage, and which stage is the fullest."""

from __future__ import annotations

import pytest

from sizing.training.memory import training_memory
from sizing.training.pipeline import in_flight, stages
from tests.sizing.training.jobs import job


@pytest.mark.parametrize(
    ("schedule", "virtual", "batches", "waiting"),
    [
        ("gpipe", 1, 8, [8, 8, 8, 8]),
        ("gpipe", 1, 2, [2, 2, 2, 2]),
        ("1f1b", 1, 8, [4, 3, 2, 1]),
        ("1f1b", 1, 2, [2, 2, 2, 1]),
        # Chunks of half a stage: 2 x 3 + 4 + 1 of them on the first rank.
        ("interleaved-1f1b", 2, 8, [11 / 2, 9 / 2, 7 / 2, 5 / 2]),
        ("interleaved-1f1b", 4, 8, [19 / 4, 17 / 4, 15 / 4, 13 / 4]),
        ("interleaved-1f1b", 2, 2, [2, 2, 2, 2]),
    ],
)
def test_micro_batches_in_flight(
    schedule: str, virtual: int, batches: int, waiting: list[float]
) -> None:
    asked = job(
        pp=4, sharding="zero1", schedule=schedule, virtual_stages=virtual, micro_batches=batches
    )
    assert [in_flight(asked, index) for index in range(4)] == waiting


def test_one_stage_has_one_micro_batch_in_flight() -> None:
    assert [s.in_flight for s in stages(job(micro_batches=8))] == [1]


def test_stages_share_out_every_layer() -> None:
    found = stages(job(pp=4, sharding="none"))
    assert sum(stage.layers for stage in found) == 32
    assert [(s.is_first, s.is_last) for s in found] == [
        (True, False),
        (False, False),
        (False, False),
        (False, True),
    ]


def test_the_first_stage_of_1f1b_is_fuller_than_the_second() -> None:
    """It holds a micro-batch more, and the embedding."""
    found = {
        m.stage: m.parts.total
        for m in training_memory(job(pp=4, sharding="none", checkpointing="none", micro_batches=8))
    }
    assert found[0] > found[1] > found[2]


def test_the_worst_stage_comes_first() -> None:
    found = training_memory(job(pp=4, sharding="zero1"))
    totals = [m.parts.total for m in found]
    assert totals == sorted(totals, reverse=True)
    assert sorted(m.stage for m in found) == [0, 1, 2, 3]
