"""Plans for training: the nodes that a run needs, how it is cut, and what it costs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing.cli.app import app
from sizing.cli.failures import answering
from sizing.errors import InputError, NoPlanError
from sizing.plan import Plan
from sizing.planner import make_plan
from sizing.render.plan import render_plan
from sizing.request import request_from
from sizing.stack_config import StackConfig


def plan(model: str, purpose: str, training: dict[str, Any] | None = None, **values: Any) -> Plan:
    load = {"purpose": purpose, "training": training or {}, **values.pop("workload", {})}
    config = StackConfig.from_mapping({"model": model, "workload": load, **values})
    return make_plan(request_from(config, nodes_alone=True))


@pytest.mark.parametrize(
    ("model", "purpose", "instance", "nodes"),
    [
        ("llama-3.1-8b", "lora", "p5.4xlarge", 1),
        ("llama-3.1-70b", "qlora", "p5.4xlarge", 1),
        ("llama-3.1-8b", "full", "p5.48xlarge", 1),
        ("llama-3.1-70b", "full", "p5.48xlarge", 2),
    ],
)
def test_the_smallest_nodes_that_hold_the_run(
    model: str, purpose: str, instance: str, nodes: int
) -> None:
    found = plan(model, purpose)
    assert (found.instance_type, found.nodes) == (instance, nodes)
    assert found.training is not None
    assert found.training.device_memory_gib_per_gpu * (1 + found.training.margin) <= 79.19


def test_405b_in_full_needs_what_its_states_need() -> None:
    found = plan("llama-3.1-405b", "full")
    states_gb = 405.85e9 * 16 / 1e9
    assert found.gpus_provisioned * 79.18 * 1.0737 > states_gb
    assert found.nodes <= 14
    assert found.layout.tp <= 8


def test_the_parts_of_a_gpu_sum_to_what_cuda_sees() -> None:
    found = plan("llama-3.1-70b", "full")
    assert sum(found.memory_per_gpu_gib.model_dump().values()) == pytest.approx(79.18, abs=0.01)
    training = found.training
    assert training is not None
    assert sum(training.breakdown_gib.values()) == pytest.approx(training.peak_memory_gib_per_gpu)


def test_a_run_is_not_spread_over_more_nodes_than_hold_it() -> None:
    found = plan("llama-3.1-70b", "full")
    spread = next(r for r in found.rejected if r.kind == "spread")
    assert "p5.4xlarge" in spread.candidates
    assert "$" in spread.reason
    allowed = plan("llama-3.1-70b", "full", spread=True)
    assert (allowed.cost.usd_per_hour or 0) <= (found.cost.usd_per_hour or 0)


def test_tokens_give_time_and_money() -> None:
    one, two = (plan("llama-3.1-8b", "lora", {"tokens": t}).training for t in (1e9, 2e9))
    assert one is not None
    assert two is not None
    assert two.run.hours == pytest.approx(2 * one.run.hours)
    assert two.run.usd == pytest.approx(2 * (one.run.usd or 0))
    assert one.run.usd == pytest.approx(one.run.hours * 6.88)
    assert not one.run.is_example


def test_twice_the_utilization_is_half_the_time() -> None:
    slow, fast = (
        plan("llama-3.1-8b", "lora", {"tokens": 1e9, "utilization": u}).training for u in (0.2, 0.4)
    )
    assert slow is not None
    assert fast is not None
    assert slow.run.hours == pytest.approx(2 * fast.run.hours)


def test_what_was_asked_for_is_never_changed() -> None:
    asked = {
        "checkpointing": "full",
        "sharding": "zero3",
        "optimizer": "adamw8bit",
        "microBatch": 1,
        "framework": "deepspeed",
    }
    found = plan("llama-3.1-8b", "full", asked).training
    assert found is not None
    assert found.checkpointing == "full"
    assert found.sharding == "zero3"
    assert found.optimizer == "adamw8bit"
    assert found.micro_batch == 1
    assert found.framework == "deepspeed"


def test_quantised_weights_are_not_cut_by_tensor_parallelism() -> None:
    found = plan("llama-3.1-405b", "qlora")
    assert (found.layout.tp, found.layout.pp) == (1, 1)
    assert found.training is not None
    assert found.training.sharding == "fsdp"


def test_trade_offs_start_with_the_plan_and_price_what_fits() -> None:
    training = plan("llama-3.1-70b", "qlora").training
    assert training is not None
    first, *others = training.trade_offs
    assert first.change == "as planned"
    assert first.fits
    assert first.usd == pytest.approx(training.run.usd)
    none = next(t for t in others if t.change == "checkpointing none")
    assert none.device_memory_gib_per_gpu > first.device_memory_gib_per_gpu
    assert not none.fits


def test_offloading_needs_a_host_that_holds_it() -> None:
    found = plan("llama-3.1-70b", "full", {"offload": "all"})
    assert found.training is not None
    assert found.training.host_memory_gib_per_node > 500
    assert found.instance_type == "p5.48xlarge"


@pytest.mark.parametrize(
    ("values", "key", "nearest"),
    [
        ({"training": {"loraRank": 0}}, "workload.training.loraRank", 1),
        ({"training": {"optimizer": "adamw9"}}, "workload.training.optimizer", "adamw"),
        ({"training": {"microBatch": 0}}, "workload.training.microBatch", 1),
        ({"training": {"framework": "torchtun"}}, "workload.training.framework", "torchtune"),
        ({"training": {"utilization": 2.0}}, "workload.training.utilization", 1.0),
        ({"context": 200_000}, "workload.context", 131_072),
        ({"concurrency": 4}, "workload.concurrency", None),
        ({"requestsPerSecond": 4.0}, "workload.requestsPerSecond", None),
        ({"targets": {"ttftMs": 400.0}}, "workload.targets", None),
    ],
)
def test_bad_input_is_named_by_its_config_key(
    values: dict[str, Any], key: str, nearest: object
) -> None:
    with pytest.raises(InputError) as error:
        plan("llama-3.1-8b", "lora", values.pop("training", {}), workload=values)
    assert error.value.key == key
    assert error.value.nearest == nearest


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"kvDtype": "fp8"}, "kvDtype"),
        ({"replicas": 2}, "replicas"),
        ({"method": "rule-of-thumb"}, "method"),
        ({"precision": "bf16,fp8"}, "precision"),
        ({"precision": "int4"}, "precision"),
    ],
)
def test_what_only_serving_has_is_refused(values: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as error:
        plan("llama-3.1-8b", "full", **values)
    assert error.value.key == key


def test_training_keys_without_training_are_refused() -> None:
    with pytest.raises(InputError, match=r"workload.training.tokens") as error:
        plan("llama-3.1-8b", "inference", {"tokens": 1e9})
    assert "inference" in error.value.allowed


def test_no_plan_says_what_would_do() -> None:
    with pytest.raises(NoPlanError) as error:
        plan("llama-3.1-405b", "full", instanceTypes={"allow": ["p5.4xlarge"]})
    assert any("p5.48xlarge" in line for line in error.value.relaxed)
    with pytest.raises(NoPlanError, match="over budget") as error:
        plan("llama-3.1-70b", "full", budget={"monthlyUsd": 50_000})
    assert any("adamw8bit" in line for line in error.value.relaxed)


@given(
    model=st.sampled_from(["llama-3.1-8b", "qwen3-30b-a3b", "gemma-3-12b", "deepseek-v2-lite"]),
    purpose=st.sampled_from(["full", "lora", "qlora"]),
    context=st.sampled_from([512, 4096, 16384]),
)
@settings(max_examples=12, deadline=None)
def test_a_plan_fits_as_sizing_train_says(model: str, purpose: str, context: int) -> None:
    found = plan(model, purpose, workload={"context": context})
    training = found.training
    assert training is not None
    assert found.gpus_provisioned == found.layout.gpus
    assert training.device_memory_gib_per_gpu <= 79.19
    longer = plan(model, purpose, workload={"context": context * 2})
    assert longer.nodes * longer.gpus_provisioned >= found.nodes * found.gpus_provisioned


@pytest.mark.parametrize("purpose", ["full", "lora", "qlora"])
def test_the_page_reads_within_its_width(purpose: str) -> None:
    text = render_plan(plan("llama-3.1-70b", purpose))
    assert max(map(len, text.splitlines())) <= 100
    first = text.splitlines()[0]
    assert "llama-3.1-70b" in first
    assert "H100" in first


def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    code = answering(
        app, ["plan", "llama-3.1-8b", "--purpose", "lora", "--tokens", "1e8", "--json"]
    )
    assert code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["training"]["run"]["tokens"] == 1e8
    assert found["workload"]["purpose"] == "lora"


def test_an_option_keeps_its_name_in_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert answering(app, ["plan", "llama-3.1-8b", "--purpose", "lora", "--lora-rank", "0"]) == 2
    assert capsys.readouterr().err.startswith("error: lora-rank: 0 is not valid")
