"""Means in closed form: were they worse than a simulation, the search would pass over the best."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sizing.load import Load, Speculative, Targets
from sizing.performance.replica import Setup
from sizing.performance.screen import HIGHEST_SHARE, Screen
from sizing.performance.speculation import Speculating
from sizing.performance.trial import attempt
from tests.sizing.performance.plain import LinearStep

SETUP = Setup(LinearStep(), kv_tokens=200_000, max_num_seqs=256, max_num_batched_tokens=2048)
LOAD = Load(requests_per_second=1.0, prompt_tokens=400, output_tokens=100)


def at(per_second: float) -> Load:
    return LOAD.model_copy(update={"requests_per_second": per_second})


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7, 0.9])
def test_a_simulation_is_no_quicker_than_the_means_and_not_far_from_them(share: float) -> None:
    screen = Screen(SETUP, LOAD)
    rate = share * screen.highest()
    seen = attempt(at(rate), SETUP, screen, 1).simulated
    assert seen.tpot is not None
    mean = screen.tpot(screen.sequences_at(rate))
    # Two per cent are the sample's: 2,000 requests.
    assert mean <= seen.tpot.mean * 1.02
    assert seen.tpot.mean == pytest.approx(mean, rel=0.15)
    assert screen.ttft(screen.sequences_at(rate)) <= seen.ttft.mean * 1.02


def test_the_rate_of_a_number_of_sequences_is_the_number_at_that_rate() -> None:
    screen = Screen(SETUP, LOAD)
    for sequences in (1.0, 5.0, 40.0):
        assert screen.sequences_at(screen.rate(sequences)) == pytest.approx(sequences, rel=1e-3)


def test_targets_lower_what_a_copy_carries_down_to_nothing() -> None:
    def highest(ttft_ms: float | None = None, tpot_ms: float | None = None) -> float:
        targets = Targets(ttft_ms=ttft_ms, tpot_ms=tpot_ms)
        return Screen(SETUP, LOAD.model_copy(update={"targets": targets})).highest()

    free = highest()
    assert free > highest(tpot_ms=20) > highest(tpot_ms=15) > 0
    assert free >= highest(ttft_ms=100) > 0
    ttft, tpot = Screen(SETUP, LOAD).alone
    assert highest(ttft_ms=ttft * 990) == 0
    assert highest(tpot_ms=tpot * 990) == 0


def test_a_tenth_of_what_a_copy_carries_is_kept_free() -> None:
    screen = Screen(SETUP, LOAD)
    full = screen.rate(256)
    assert screen.highest() == pytest.approx(HIGHEST_SHARE * full, rel=1e-6)


@pytest.mark.parametrize(
    "smaller",
    [
        {"max_num_seqs": 8},
        {"kv_tokens": 4000.0},
        {"max_num_batched_tokens": 40},
        {"request_s": 0.5},
    ],
)
def test_every_limit_of_the_engine_counts(smaller: dict[str, float]) -> None:
    limited = Screen(replace(SETUP, **smaller), LOAD)  # pyright: ignore[reportArgumentType]
    assert 0 < limited.highest() < Screen(SETUP, LOAD).highest()


def test_prompts_alone_have_no_time_between_tokens() -> None:
    screen = Screen(SETUP, LOAD.model_copy(update={"output_tokens": 1}))
    assert screen.tpot(4.0) == 0
    assert screen.highest() > 0


@pytest.mark.parametrize(
    ("tokens", "acceptance", "expected"),
    [(1, 0.0, 1.0), (1, 0.5, 1.5), (3, 0.5, 1.875), (4, 1.0, 5.0)],
)
def test_tokens_of_a_step_with_drafts(tokens: int, acceptance: float, expected: float) -> None:
    drafts = Speculative(tokens=tokens, acceptance=acceptance)
    assert drafts.tokens_per_step == pytest.approx(expected)


def test_drafting_is_not_free() -> None:
    plain, drafting = LinearStep(), Speculating(LinearStep(), drafted=3, layers=10)
    assert drafting.seconds(0, 0, 8, 800) > plain.seconds(0, 0, 8, 800) * 1.3
    # Prompts are read as ever.
    assert drafting.seconds(500, 1e5, 0, 0) == plain.seconds(500, 1e5, 0, 0)
