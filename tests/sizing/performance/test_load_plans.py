"""Plans for a load: what users buy to answer their requests in time."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from sizing.cli import failures
from sizing.errors import InputError, NoPlanError
from sizing.plan import Plan
from sizing.planner import make_plan
from sizing.render.plan import render_plan
from sizing.request import request_from
from sizing.stack_config import StackConfig

CHAT = {"requestsPerSecond": 20, "promptTokens": 1000, "outputTokens": 250}


def plan(model: str = "llama-3.1-8b", load: dict[str, Any] | None = None, **values: Any) -> Plan:
    workload = {**CHAT, **(load or {})}
    return _plan(json.dumps({"model": model, "workload": workload, **values}))


@cache
def _plan(text: str) -> Plan:
    config = StackConfig.from_mapping(json.loads(text))
    return make_plan(request_from(config, nodes_alone=True))


def monthly(found: Plan) -> float:
    assert found.cost.usd_per_month is not None
    return found.cost.usd_per_month


@pytest.mark.parametrize(
    ("model", "load"),
    [
        ("llama-3.1-8b", {"targets": {"ttftMs": 300, "tpotMs": 15}}),
        ("llama-3.1-8b", {"targets": {"ttftMs": 400}, "lengths": "lognormal"}),
        ("llama-3.1-70b", {"promptTokens": 6000, "targets": {"ttftMs": 1500, "tpotMs": 30}}),
        ("gpt-oss-120b", {"targets": {"tpotMs": 12, "percentile": "p99"}}),
    ],
)
def test_the_simulation_of_the_plan_meets_what_was_asked(model: str, load: dict[str, Any]) -> None:
    found = plan(model, load)
    seen, asked = found.performance, found.workload.load
    assert seen is not None
    assert asked is not None
    percentile = asked.targets.percentile.value
    assert getattr(seen.ttft_ms, percentile) <= (asked.targets.ttft_ms or 1e9)
    assert seen.tpot_ms is not None
    assert getattr(seen.tpot_ms, percentile) <= (asked.targets.tpot_ms or 1e9)
    assert seen.capacity_requests_per_second >= asked.requests_per_second
    assert seen.utilization <= 1
    assert seen.requests_per_second_per_replica * found.replicas == pytest.approx(20, rel=1e-3)


LOOSER = [
    {"targets": {"ttftMs": 150, "tpotMs": 9}},
    {"targets": {"ttftMs": 150, "tpotMs": 12}},
    {"targets": {"ttftMs": 400, "tpotMs": 20}},
    {"targets": {"ttftMs": 400, "tpotMs": 20, "percentile": "p50"}},
    {"targets": {"tpotMs": 40}},
    {},
]


@pytest.mark.parametrize("gpu", ["H100", "any"])
@pytest.mark.parametrize("model", ["llama-3.1-8b", "llama-3.1-70b", "qwen3-30b-a3b"])
def test_looser_targets_never_cost_more(model: str, gpu: str) -> None:
    costs: list[float] = []
    for load in LOOSER:
        try:
            costs.append(monthly(plan(model, load, gpu=gpu)))
        except NoPlanError:
            costs.append(float("inf"))
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > costs[-1]


def test_more_requests_never_cost_less() -> None:
    load = {"targets": {"ttftMs": 400, "tpotMs": 15}}
    rates = (1, 5, 20, 60, 200)
    costs = [monthly(plan(load={**load, "requestsPerSecond": rate})) for rate in rates]
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]


def test_a_tight_time_between_tokens_takes_wider_tensor_parallelism() -> None:
    loose = plan("llama-3.1-70b", {"requestsPerSecond": 1, "targets": {"tpotMs": 40}})
    tight = plan("llama-3.1-70b", {"requestsPerSecond": 1, "targets": {"tpotMs": 16}})
    assert tight.layout.tp > 2
    assert monthly(tight) >= monthly(loose)


def test_targets_out_of_reach_are_an_honest_no_with_what_is_reachable() -> None:
    with pytest.raises(NoPlanError) as caught:
        plan("llama-3.1-70b", {"targets": {"tpotMs": 5}})
    assert "p5.48xlarge: TPOT " in caught.value.message
    assert "ms of 5 asked for a request alone, at best (TP 8 x PP 1)" in caught.value.message
    assert any(line.startswith("without workload.targets: ") for line in caught.value.relaxed)


def test_a_percentile_that_no_number_of_copies_reaches_is_a_no() -> None:
    # Alone the mean prompt would do; one in twenty is many times longer.
    load = {"lengths": "lognormal", "targets": {"ttftMs": 40}, "promptTokens": 4000}
    load |= {"requestsPerSecond": 2}
    with pytest.raises(NoPlanError, match=r"p95 TTFT .* ms of 40 asked on"):
        plan(load=load, instanceTypes={"allow": ["p5.48xlarge"]})


def test_the_concurrency_follows_from_the_load() -> None:
    found = plan()
    seen = found.performance
    assert seen is not None
    expected = 20 * seen.latency_ms.mean / 1000
    assert found.workload.concurrency == pytest.approx(expected, abs=1.1)
    assert found.workload.context == 1250
    assert found.engine_flags["max-model-len"] == "1250"


def test_cached_prompts_and_accepted_drafts_save() -> None:
    tight = {"targets": {"tpotMs": 6}}
    drafted = {**tight, "speculative": {"tokens": 3, "acceptance": 0.7}}
    assert monthly(plan(load=drafted)) < monthly(plan(load=tight))
    heavy = {"promptTokens": 8000, "requestsPerSecond": 40}
    cached = {**heavy, "prefixCacheHitRate": 0.8}
    assert monthly(plan(load=cached)) < monthly(plan(load=heavy))


def test_money_and_energy_of_tokens_follow_from_the_rates() -> None:
    found = plan()
    seen = found.performance
    assert seen is not None
    tokens_per_month = 20 * 250 * 3600 * found.cost.hours_per_month
    at_load = seen.cost_at_load.usd_per_million_output_tokens
    assert at_load == pytest.approx(monthly(found) / tokens_per_month * 1e6, rel=1e-3)
    assert (seen.cost_at_capacity.usd_per_million_output_tokens or 0) <= (at_load or 0)
    total = seen.cost_at_load.usd_per_million_total_tokens
    assert total == pytest.approx((at_load or 0) / 5, rel=1e-3)
    kwh = seen.energy.kw / (20 * 250) * 1e6 / 3600
    assert seen.energy.kwh_per_million_output_tokens == pytest.approx(kwh, rel=1e-2)
    assert seen.energy.kw_per_node * found.nodes == pytest.approx(seen.energy.kw, abs=0.02)


def test_the_page_tells_the_load_and_stays_narrow() -> None:
    page = render_plan(plan(load={"targets": {"ttftMs": 400, "tpotMs": 20}}))
    assert "20 requests a second of 1,000 + 250 tokens" in page
    assert "p95 up to 400" in page
    assert "per million output tokens" in page
    assert max(map(len, page.splitlines())) <= 100


def test_a_plan_survives_its_json_and_says_nothing_of_a_load_that_was_not_asked() -> None:
    found = plan()
    assert Plan.model_validate_json(found.model_dump_json()) == found
    config = StackConfig.from_mapping({"model": "llama-3.1-8b"})
    without = json.loads(make_plan(request_from(config)).model_dump_json())
    assert "performance" not in without
    assert "load" not in without["workload"]


def test_the_same_question_has_the_same_answer() -> None:
    config = StackConfig.from_mapping({"model": "llama-3.1-8b", "workload": CHAT})
    assert make_plan(request_from(config)) == make_plan(request_from(config))


@pytest.mark.parametrize(
    ("load", "key"),
    [
        ({"requestsPerSecond": 0}, "workload.requestsPerSecond"),
        ({"requestsPerSecond": -1}, "workload.requestsPerSecond"),
        ({"requestsPerSecond": float("nan")}, "workload.requestsPerSecond"),
        ({"requestsPerSecond": None}, "workload.requestsPerSecond"),
        ({"promptTokens": 0}, "workload.promptTokens"),
        ({"promptTokens": None}, "workload.promptTokens"),
        ({"promptTokens": 131_072}, "workload.promptTokens"),
        ({"promptTokens": 1000, "context": 1100}, "workload.promptTokens"),
        ({"promptTokens": 40_000, "lengths": "lognormal"}, "workload.promptTokens"),
        ({"outputTokens": 0}, "workload.outputTokens"),
        ({"targets": {"ttftMs": 0}}, "workload.targets.ttftMs"),
        ({"targets": {"tpotMs": -5}}, "workload.targets.tpotMs"),
        ({"targets": {"percentile": "p97"}}, "workload.targets.percentile"),
        ({"prefixCacheHitRate": 1}, "workload.prefixCacheHitRate"),
        ({"prefixCacheHitRate": -0.1}, "workload.prefixCacheHitRate"),
        ({"speculative": {"tokens": 0, "acceptance": 0.5}}, "workload.speculative.tokens"),
        ({"speculative": {"tokens": 3, "acceptance": 1.5}}, "workload.speculative.acceptance"),
        ({"speculative": {"tokens": 3}}, "workload.speculative.acceptance"),
        ({"concurrency": 4}, "workload.concurrency"),
    ],
)
def test_mistakes_name_the_key(load: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as caught:
        request_from(
            StackConfig.from_mapping({"model": "llama-3.1-8b", "workload": {**CHAT, **load}})
        )
    assert caught.value.key == key


@pytest.mark.parametrize(
    "alone",
    [
        {"targets": {"ttftMs": 100}},
        {"promptTokens": 100},
        {"outputTokens": 100},
        {"prefixCacheHitRate": 0.5},
        {"lengths": "lognormal"},
        {"speculative": {"tokens": 2, "acceptance": 0.5}},
    ],
)
def test_what_only_a_load_has_asks_for_the_load(alone: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"workload\.requestsPerSecond: is missing"):
        request_from(StackConfig.from_mapping({"model": "llama-3.1-8b", "workload": alone}))


def test_the_rule_of_thumb_knows_no_time() -> None:
    with pytest.raises(InputError, match="nearest: engine"):
        plan(method="rule-of-thumb")


def test_the_command_names_its_own_options(capsys: pytest.CaptureFixture[str]) -> None:
    from sizing.cli.app import app

    asked = ["plan", "llama-3.1-8b", "--requests-per-second", "5", "--prompt-tokens", "100"]
    assert failures.answering(app, [*asked, "--output-tokens", "0"]) == 2
    assert capsys.readouterr().err.startswith("error: output-tokens: 0 is not valid")
    bad = [*asked, "--output-tokens", "9", "--percentile", "p42"]
    assert failures.answering(app, bad) == 2
    assert capsys.readouterr().err.startswith("error: percentile: 'p42' is not valid")
    good = [*asked, "--output-tokens", "9", "--ttft-ms", "500", "--json"]
    assert failures.answering(app, good) == 0
    assert json.loads(capsys.readouterr().out)["performance"]["evidence"] == "estimated"


def test_a_report_tells_the_load() -> None:
    from datetime import date

    from sizing.report.markdown import render_markdown
    from sizing.report.page import sections
    from sizing.report.study import make_study

    config = StackConfig.from_mapping({"model": "llama-3.1-8b", "workload": CHAT})
    request = request_from(config, nodes_alone=True)
    study = make_study(request, make_plan(request), date(2026, 11, 24))
    assert "20 requests a second of 1,000 + 250 tokens" in render_markdown(study)
    assert "served" in [section.key for section in sections(study)]
    # The curves are of what is in flight: they begin where the plan is.
    assert study.concurrency.asked == study.plan.workload.concurrency > 1


def test_the_budget_is_held_against_the_copies_that_a_simulation_asks_for() -> None:
    # By means fewer copies would do, and those are within the budget.
    load = {"targets": {"ttftMs": 500, "tpotMs": 30}, "lengths": "lognormal"}
    load |= {"promptTokens": 4000, "requestsPerSecond": 10}
    only = {"allow": ["p5.4xlarge"]}
    month = monthly(plan(load=load, instanceTypes=only))
    with pytest.raises(NoPlanError, match=r"over budget.* over budget\.monthlyUsd"):
        plan(load=load, instanceTypes=only, budget={"monthlyUsd": month - 1})


def test_a_type_that_serves_the_load_is_not_said_to_be_too_slow() -> None:
    for load in LOOSER[2:]:
        found = plan("llama-3.1-70b", load)
        slow = [name for r in found.rejected if r.kind == "latency" for name in r.candidates]
        assert found.instance_type not in slow
