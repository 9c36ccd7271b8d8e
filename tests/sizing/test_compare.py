"""Precisions side by side: what a reader compares must be what `sizing plan` would buy."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.catalog.model_store import model_names
from sizing.cli.app import app
from sizing.cli.failures import answering
from sizing.comparison import EVALUATE, PUBLISHED, AtPrecision, Comparison, compare
from sizing.errors import InputError, NoPlanError
from sizing.performance.kept_busy import kept_busy
from sizing.planner import make_plan
from sizing.render.compare import answer, render_comparison
from sizing.request import Request, request_from
from sizing.stack_config import StackConfig
from sizing.weighed import WEIGHED

LOAD = {"requestsPerSecond": 4, "promptTokens": 1000, "outputTokens": 250}
PRECISE = {
    "precision", "bits", "memory_required_gb", "rule_memory_gb", "rule_gpus", "gpus_required",
    "gpus_provisioned", "instance_type", "nodes", "usd_per_hour", "usd_per_month",
    "output_tokens_per_s", "ttft_ms", "tpot_ms", "usd_per_million_output_tokens",
    "kwh_per_million_output_tokens", "gpus_native", "gpus_weight_only", "accuracy", "note",
    "evidence",
}  # fmt: skip


def asked(model: str, **values: Any) -> Request:
    return request_from(StackConfig.from_mapping({"model": model, **values}), nodes_alone=True)


def comparison(model: str = "llama-3.1-405b", **values: Any) -> Comparison:
    return _comparison(json.dumps({"model": model, **values}))


@cache
def _comparison(text: str) -> Comparison:
    values = json.loads(text)
    chosen = "precision" in values
    return compare(asked(**{"precision": ",".join(WEIGHED), **values}), chosen=chosen)


def column(found: Comparison, precision: str) -> AtPrecision:
    return next(c for c in found.precisions if c.precision == precision)


@pytest.mark.parametrize(
    ("precision", "gigabytes", "gpus", "engine", "nodes"),
    [("bf16", 972, 13, 16, 2), ("fp8", 486, 7, 8, 1), ("int4", 243, 4, 4, 1)],
)
def test_the_rules_table_stands_beside_the_engines_figures(
    precision: str, gigabytes: float, gpus: int, engine: int, nodes: int
) -> None:
    found = column(comparison(), precision)
    assert (found.rule_memory_gb, found.rule_gpus) == (gigabytes, gpus)
    assert (found.gpus_per_copy, found.gpu) == (engine, "H100")
    assert (found.nodes, found.instance_type) == (nodes, "p5.48xlarge")
    assert found.memory_required_gb is not None
    assert found.memory_required_gb > gigabytes


@pytest.mark.parametrize(
    ("model", "values"),
    [
        ("llama-3.1-405b", {}),
        ("llama-3.1-8b", {"gpu": "any", "workload": {"concurrency": 300}}),
        ("deepseek-v3", {"gpu": "H200", "hoursPerMonth": 200}),
        ("llama-3.1-8b", {"workload": LOAD}),
        ("llama-3.1-8b", {"instanceTypes": {"allow": ["p5.48xlarge"]}}),
    ],
)
def test_every_column_is_the_plan_that_would_be_bought(model: str, values: dict[str, Any]) -> None:
    for found in comparison(model, **values).precisions:
        plan = make_plan(asked(model, precision=found.precision, **values))
        assert (found.memory_required_gb, found.gpus_required, found.nodes) == (
            plan.memory_required_gb,
            plan.gpus_required,
            plan.nodes,
        )
        assert (found.usd_per_hour, found.usd_per_month) == (
            plan.cost.usd_per_hour,
            plan.cost.usd_per_month,
        )
        assert found.gpus_per_copy == plan.layout.gpus
        assert found.rule_memory_gb == plan.rule_of_thumb.memory_required_gb
        if plan.performance:
            assert found.output_tokens_per_s == plan.performance.output_tokens_per_s
            assert found.ttft_ms == plan.performance.ttft_ms.mean


@settings(max_examples=20, deadline=None)
@given(model=st.sampled_from(["llama-3.1-8b", "gemma-3-27b", "qwen3-30b-a3b", "phi-4"]))
def test_more_bits_never_take_fewer_gigabytes(model: str) -> None:
    found = comparison(model, precision="bf16,fp8,int4", gpu="H100")
    sizes = [c.memory_required_gb or 0.0 for c in found.precisions]
    assert [c.bits for c in found.precisions] == [16, 8, 4]
    assert sizes == sorted(sizes, reverse=True)


def test_sixteen_eight_and_four_bits_come_first() -> None:
    names = [c.precision for c in comparison().precisions]
    assert names[:3] == ["bf16", "fp8", "int4"]
    assert len(set(names)) == len(names)
    assert {"int8", "nvfp4"} <= set(names[3:])


def test_the_eight_bits_of_a_gpu_without_fp8_are_integers() -> None:
    names = [c.precision for c in comparison("llama-3.1-8b", gpu="A100-80GB").precisions]
    assert names[:3] == ["bf16", "int8", "int4"]


def test_the_sixteen_bits_of_a_gpu_without_bf16_are_fp16() -> None:
    names = [c.precision for c in comparison("llama-3.1-8b", gpu="T4").precisions]
    assert names[0] == "fp16"
    assert "bf16" not in names


def test_gpus_are_told_apart_by_what_they_compute_in() -> None:
    fp8 = column(comparison(), "fp8")
    assert "H100" in fp8.gpus_native
    assert "A100-80GB" not in fp8.gpus_native
    assert "A100-80GB" in fp8.gpus_weight_only
    assert not set(fp8.gpus_native) & set(fp8.gpus_weight_only)
    assert set(column(comparison(), "nvfp4").gpus_native) >= {"B200", "RTX-PRO-6000"}


def test_a_precision_without_a_plan_says_why_beside_the_others() -> None:
    found = comparison("llama-3.1-8b", gpu="T4", precision="bf16,fp16")
    bf16, fp16 = found.precisions
    assert "compute capability" in bf16.note
    assert (bf16.nodes, bf16.usd_per_month, bf16.output_tokens_per_s) == (None, None, None)
    assert bf16.rule_memory_gb == fp16.rule_memory_gb
    assert not fp16.note
    assert "No plan\n  - bf16: T4" in render_comparison(found)


def test_where_no_precision_has_a_plan_the_answer_is_no() -> None:
    with pytest.raises(NoPlanError, match=r"at any precision: bf16: .*over budget"):
        comparison("llama-3.1-405b", budget={"monthlyUsd": 10})


def test_an_unknown_precision_is_refused_as_plan_refuses_it() -> None:
    with pytest.raises(InputError) as refused:
        comparison("llama-3.1-8b", precision="bf16,fp9")
    assert (refused.value.key, refused.value.nearest) == ("precision", "fp8")


def test_published_accuracy_is_of_that_format_and_nothing_is_made_up() -> None:
    found = comparison()
    kept = {f.benchmark: f.recovery for f in column(found, "fp8").accuracy}
    assert kept["OpenLLM v2"] == 99.9
    assert column(found, "bf16").accuracy_note == PUBLISHED
    assert column(found, "nvfp4").accuracy == ()
    assert column(found, "nvfp4").accuracy_note == EVALUATE
    unstudied = comparison("gemma-3-27b", precision="fp8,int4")
    assert [c.accuracy_note for c in unstudied.precisions] == [EVALUATE, EVALUATE]
    assert EVALUATE in render_comparison(unstudied)


def test_a_model_published_in_four_bits_has_them_as_its_own() -> None:
    mxfp4 = column(comparison("gpt-oss-120b"), "mxfp4")
    assert (mxfp4.accuracy, mxfp4.accuracy_note) == ((), PUBLISHED)


def test_more_sequences_at_once_give_more_tokens_more_slowly() -> None:
    few, many = (
        comparison("llama-3.1-8b", precision="bf16", workload={"concurrency": n}).precisions[0]
        for n in (1, 16)
    )
    assert (many.output_tokens_per_s or 0) > (few.output_tokens_per_s or 0)
    assert (many.tpot_ms or 0) > (few.tpot_ms or 0)
    assert (many.usd_per_million_output_tokens or 0) < (few.usd_per_million_output_tokens or 0)
    assert (many.kwh_per_million_output_tokens or 0) < (few.kwh_per_million_output_tokens or 0)


def test_copies_share_the_sequences_and_sum_up_their_tokens() -> None:
    request = asked("llama-3.1-8b", precision="bf16", workload={"concurrency": 15})
    whole = make_plan(request)
    alone = kept_busy(request, whole)
    load = whole.workload.model_copy(update={"concurrency": 45})
    thrice = whole.model_copy(
        update={"replicas": 3, "nodes": 3, "gpus_provisioned": 3, "workload": load}
    )
    together = kept_busy(request, thrice)
    assert alone
    assert together
    assert together.output_tokens_per_s == pytest.approx(3 * alone.output_tokens_per_s)
    assert together.tpot_ms == pytest.approx(alone.tpot_ms)


def test_what_the_method_cannot_know_is_not_told() -> None:
    found = comparison("llama-3.1-8b", precision="bf16", method="rule-of-thumb").precisions[0]
    assert (found.output_tokens_per_s, found.evidence["performance"]) == (None, "unknown")


@pytest.mark.parametrize("model", [*model_names()[::12], "llama-3.1-405b", "deepseek-v3"])
@pytest.mark.parametrize("gpu", ["H100", "any"])
def test_the_page_is_never_wider_than_100_columns(model: str, gpu: str) -> None:
    page = render_comparison(comparison(model, gpu=gpu))
    assert max(map(len, page.splitlines())) <= 100
    assert "…" not in page


def test_the_first_line_is_the_answer() -> None:
    assert answer(comparison()).startswith(
        "llama-3.1-405b: fp8 halves the nodes of bf16: 1 x p5.48xlarge, $40,179.20 a month, "
    )
    assert answer(comparison("llama-3.1-8b")).startswith(
        "llama-3.1-8b: no precision is cheaper than bf16: "
    )


def test_json_is_one_object_with_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert answering(app, ["compare", "llama-3.1-405b", "--precision", "bf16,fp8", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["rule_of_thumb"]["parameters"]) == ("llama-3.1-405b", 405e9)
    assert [p["precision"] for p in found["precisions"]] == ["bf16", "fp8"]
    for row in found["precisions"]:
        assert row.keys() >= PRECISE
    figure = found["precisions"][1]["accuracy"][0]
    assert figure.keys() >= {"benchmark", "recovery", "baseline", "score", "source", "as_of"}


@pytest.mark.parametrize(
    ("arguments", "code", "key"),
    [
        (("lama-3.1-405b",), 2, "model"),
        (("llama-3.1-8b", "--precision", "fp9"), 2, "precision"),
        (("llama-3.1-8b", "--concurrency", "0"), 2, "concurrency"),
        (("llama-3.1-8b", "--prompt-tokens", "10"), 2, "requests-per-second"),
        (("llama-3.1-405b", "--budget", "10"), 1, "plan"),
    ],
)
def test_failures_exit_as_those_of_a_plan(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, key: str
) -> None:
    assert answering(app, ["compare", *arguments, "--json"]) == code
    assert json.loads(capsys.readouterr().out)["error"]["key"] == key
