"""The table that this project starts from must always come out, to the digit."""

from __future__ import annotations

import pytest

from sizing.catalog.gpus import gpu
from sizing.planner import plan_for
from sizing.rule import rule_of_thumb
from sizing.stack_config import StackConfig

LLAMA_405B = [("bf16", 2, 972, 13), ("int8", 1, 486, 7), ("int4", 0.5, 243, 4)]


@pytest.mark.parametrize(("precision", "size", "gigabytes", "gpus"), LLAMA_405B)
def test_llama_405b_table(precision: str, size: float, gigabytes: float, gpus: int) -> None:
    del precision
    rule = rule_of_thumb(405e9, size, gpu("H100"), nominal=True)
    assert (rule.memory_required_gb, rule.gpus_required) == (gigabytes, gpus)


@pytest.mark.parametrize(("precision", "size", "gigabytes", "gpus"), LLAMA_405B)
def test_plan_by_the_rule(precision: str, size: float, gigabytes: float, gpus: int) -> None:
    del size
    config = {"model": "llama-3.1-405b", "precision": precision, "method": "rule-of-thumb"}
    plan = plan_for(StackConfig.from_mapping(config))
    assert (plan.memory_required_gb, plan.gpus_required) == (gigabytes, gpus)
    assert plan.instance_type == "p5.48xlarge"
    assert plan.nodes == (2 if precision == "bf16" else 1)
    assert plan.gpus_provisioned == plan.nodes * 8


def test_an_exact_multiple_needs_no_further_gpu() -> None:
    assert rule_of_thumb(100e9, 0.8 / 1.2, gpu("H100"), nominal=False).gpus_required in (1, 2)
    assert rule_of_thumb(200e9, 2, gpu("H100"), nominal=False).gpus_required == 6
    assert rule_of_thumb(200e9, 2, gpu("H100"), nominal=False).memory_required_gb == 480
