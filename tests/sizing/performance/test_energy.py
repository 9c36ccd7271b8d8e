"""Power and the cost of tokens: figures that go into a budget."""

from __future__ import annotations

import pytest

from benchmarks.power import LIMIT, main, runs
from sizing.catalog.gpus import gpu
from sizing.evidence import Evidence
from sizing.performance.energy import BUSY, HOST_SHARE, IDLE, PUE, energy
from sizing.performance.money import token_cost
from sizing.plan import Cost

H100 = gpu("H100")


def test_an_idle_node_draws_its_idle_gpus_and_its_host() -> None:
    found = energy(H100, 1, 8, 8, share=0.9, utilization=0.0, output_per_s=1, total_per_s=1)
    watts = 8 * H100.tdp_w * (IDLE + HOST_SHARE) * PUE
    assert found.kw_per_node == pytest.approx(watts / 1000, abs=0.01)


def test_a_busy_node_draws_more_and_gpus_without_a_copy_stay_idle() -> None:
    busy = energy(H100, 2, 8, 16, 0.9, 1.0, 100, 500)
    half = energy(H100, 2, 8, 8, 0.9, 1.0, 100, 500)
    idle = energy(H100, 2, 8, 16, 0.9, 0.0, 100, 500)
    assert busy.kw > half.kw > idle.kw
    assert busy.gpu_power_share == 0.9
    assert busy.kw == pytest.approx(2 * busy.kw_per_node, abs=0.01)
    # A DGX H100 draws 10.2 kW at most.
    assert busy.kw_per_node < 10.2 * PUE


def test_kwh_of_tokens_are_power_over_rate() -> None:
    found = energy(H100, 1, 8, 8, 0.8, 1.0, 1000, 5000)
    assert found.kwh_per_million_output_tokens == pytest.approx(found.kw / 3.6, rel=2e-3)
    assert found.kwh_per_million_total_tokens == pytest.approx(found.kw / 18, rel=2e-2)


def test_measured_power_is_met() -> None:
    assert main() == 0
    assert LIMIT <= 0.2
    for run in runs():
        assert 0 < run.reading <= 1
        assert 0 < run.computing <= 1
        assert run.measured > IDLE
        assert BUSY > IDLE


def cost(month: float | None, hours: float = 730.0) -> Cost:
    return Cost(usd_per_month=month, hours_per_month=hours, evidence=Evidence.MEASURED, lines=())


def test_tokens_cost_what_the_month_costs() -> None:
    found = token_cost(cost(7300.0), output_per_s=1000, total_per_s=4000)
    # $10 an hour over 3.6 million tokens.
    assert found.usd_per_million_output_tokens == pytest.approx(2.7778, abs=1e-4)
    assert found.usd_per_million_total_tokens == pytest.approx(0.6944, abs=1e-4)


def test_hours_that_are_billed_and_not_used_make_tokens_dearer() -> None:
    whole, half = token_cost(cost(7300.0), 1000, 4000), token_cost(cost(7300.0, 365.0), 1000, 4000)
    assert half.usd_per_million_output_tokens == pytest.approx(
        2 * (whole.usd_per_million_output_tokens or 0), rel=1e-3
    )


def test_an_unknown_price_is_not_zero() -> None:
    assert token_cost(cost(None), 1000, 4000).usd_per_million_output_tokens is None
