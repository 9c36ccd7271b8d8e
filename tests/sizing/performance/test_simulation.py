"""The simulated load: what a wrong one would promise to users who wait."""

from __future__ import annotations

from math import inf, sqrt
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.load import LONGEST, Lengths
from sizing.performance.arrivals import Arrival, poisson_arrivals
from sizing.performance.replica import Setup
from sizing.performance.simulation import Simulated, run, simulate
from tests.sizing.performance.plain import LinearStep, plain

ROOMY = Setup(LinearStep(), kv_tokens=10**7, max_num_seqs=256, max_num_batched_tokens=8192)

# Times that no sum of steps meets to the last digit: of a tie either order would be right.
arrivals = st.lists(
    st.tuples(
        st.floats(0, 2, allow_nan=False), st.integers(1, 300), st.integers(1, 40), st.floats(0, 0.9)
    ),
    min_size=1,
    max_size=25,
).map(
    lambda rows: [Arrival(sqrt(2) * t, p, o, min(p - 1, int(p * c))) for t, p, o, c in sorted(rows)]
)
setups = st.builds(
    Setup,
    step=st.builds(
        LinearStep,
        fixed=st.floats(1e-3, 0.1),
        attended=st.sampled_from([0.0, 1e-5]),
        window=st.sampled_from([inf, 60.0, 200.0]),
        host=st.sampled_from([0.0, 0.02]),
    ),
    kv_tokens=st.integers(340, 2000),
    max_num_seqs=st.integers(1, 8),
    max_num_batched_tokens=st.integers(16, 256),
    tokens_per_step=st.sampled_from([1.0, 1.0, 1.75]),
    drafted=st.integers(0, 1),
)


@settings(max_examples=300, deadline=None)
@given(arrivals, setups, st.integers(1, 3))
def test_jumping_over_equal_steps_changes_nothing(
    load: list[Arrival], setup: Setup, replicas: int
) -> None:
    record = run(load, setup, replicas).record
    admitted, first, finished = plain(load, setup, replicas)
    assert record.admitted == pytest.approx(admitted, rel=1e-9, abs=1e-9)
    assert record.first == pytest.approx(first, rel=1e-9, abs=1e-9)
    assert record.finished == pytest.approx(finished, rel=1e-9, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(arrivals, setups, st.integers(1, 3))
def test_every_request_is_answered_once_in_order_of_what_happens_to_it(
    load: list[Arrival], setup: Setup, replicas: int
) -> None:
    record = run(load, setup, replicas).record
    for arrival, admitted, first, finished in zip(
        load, record.admitted, record.first, record.finished, strict=True
    ):
        assert arrival.time <= admitted < first <= finished < inf
        assert (first == finished) == (arrival.output == 1)
    seen = simulate(load, setup, replicas)
    assert 0 < seen.utilization <= 1
    assert 0 < seen.kv_use <= 1
    assert seen.running <= setup.max_num_seqs * replicas * (1 + 1e-9)


def served(per_second: float, *, replicas: int = 1, setup: Setup = ROOMY) -> Simulated:
    load = poisson_arrivals(20_000, per_second, 200, 50, seed=7)
    return simulate(load, setup, replicas, fill=1000, drain=1000)


def test_the_same_seed_gives_the_same_answer_and_another_seed_another() -> None:
    assert served(20) == served(20)
    other = simulate(poisson_arrivals(20_000, 20, 200, 50, seed=8), ROOMY, 1, fill=1000, drain=1000)
    assert other != served(20)


def test_one_at_a_time_waits_as_pollaczek_and_khinchine_say() -> None:
    # One sequence at once with answers of one token: M/D/1, mean wait = load x service / 2(1-load).
    alone = Setup(LinearStep(token=0.0, pair=0.0), 10**6, 1, 8192)
    load = poisson_arrivals(200_000, 70, 100, 1, seed=3)
    seen = simulate(load, alone, 1)
    busy = 70 * 0.01
    wait = busy * 0.01 / (2 * (1 - busy))
    assert seen.ttft.mean == pytest.approx(wait + 0.01, rel=0.03)
    assert seen.utilization == pytest.approx(busy, rel=0.01)
    assert seen.tpot is None


def test_requests_in_the_system_are_their_rate_times_their_stay() -> None:
    seen = served(25)
    assert seen.running + seen.queued == pytest.approx(25 * seen.latency.mean, rel=0.03)
    assert seen.output_tokens_per_s == pytest.approx(25 * 50, rel=0.03)
    assert seen.total_tokens_per_s == pytest.approx(25 * 250, rel=0.03)


@pytest.mark.parametrize("per_second", [5.0, 20.0, 35.0])
def test_more_copies_make_nobody_wait_longer(per_second: float) -> None:
    # The same requests at the same times: only the number of copies differs.
    before = served(per_second)
    for replicas in (2, 3, 4):
        after = served(per_second, replicas=replicas)
        for name in ("mean", "p50", "p95", "p99"):
            assert getattr(after.latency, name) <= getattr(before.latency, name) * 1.01
            assert getattr(after.ttft, name) <= getattr(before.ttft, name) * 1.05
        before = after


def test_a_full_cache_makes_requests_wait_and_is_never_overdrawn() -> None:
    tight = Setup(LinearStep(), 1000, 256, 8192)
    seen, roomy = served(30, setup=tight), served(30)
    assert seen.kv_use <= 1
    assert seen.running == pytest.approx(4)
    assert roomy.running > 10
    assert seen.queued > roomy.queued


def test_a_request_that_the_cache_never_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="250 tokens in a cache of 249"):
        run([Arrival(0.0, 200, 50)], Setup(LinearStep(), 249, 8, 64), 1)


def test_accepted_drafts_shorten_answers() -> None:
    quick = Setup(LinearStep(), 10**7, 256, 8192, tokens_per_step=2.5, drafted=3)
    one, plain_one = served(5, setup=quick), served(5)
    assert one.tpot is not None
    assert plain_one.tpot is not None
    assert one.tpot.mean == pytest.approx(plain_one.tpot.mean / 2.5, rel=0.1)


@pytest.mark.parametrize("lengths", list(Lengths))
def test_lengths_keep_the_mean_that_was_asked(lengths: Lengths) -> None:
    load = poisson_arrivals(50_000, 10, 1000, 200, lengths=lengths, seed=1)
    assert fmean(a.prompt for a in load) == pytest.approx(1000, rel=0.02)
    assert fmean(a.output for a in load) == pytest.approx(200, rel=0.02)
    assert max(a.output for a in load) <= LONGEST * 200
    assert len({a.prompt for a in load}) == 1 or lengths is Lengths.LOGNORMAL
    assert load[-1].time == pytest.approx(5000, rel=0.02)


def test_cached_prompts_are_not_computed_again_but_for_one_token() -> None:
    load = poisson_arrivals(20_000, 20, 200, 50, cached_share=0.9, seed=7)
    assert simulate(load, ROOMY, 1, fill=1000, drain=1000).ttft.mean < served(20).ttft.mean
    assert poisson_arrivals(1, 1, 1, 1, cached_share=0.99)[0].cached == 0
