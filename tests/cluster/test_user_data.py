"""What a node reads at first boot."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from cluster.names import node_placements
from cluster.user_data import MAX_BYTES, PLAN_PATH, user_data
from sizing.errors import InputError
from sizing.plan import Plan
from tests.cluster.plans import plan_405b, shaped


def facts(plan: Plan, index: int) -> dict[str, Any]:
    document = user_data(plan, node_placements("llm", plan.node_groups)[index])
    assert document.startswith("#cloud-config\n")
    (file,) = yaml.safe_load(document)["write_files"]
    assert file["path"] == PLAN_PATH
    return json.loads(file["content"])


def test_a_node_knows_its_part() -> None:
    assert facts(plan_405b(), 1) == {
        "model": "meta-llama/Llama-3.1-405B-Instruct",
        "precision": "bf16",
        "kv_dtype": "auto",
        "layout": {"tp": 8, "pp": 2, "dp": 1, "ep": 1},
        "replicas": [0],
        "rank": 1,
    }


def test_a_node_with_several_replicas_lists_them() -> None:
    assert facts(shaped("p5.48xlarge", (4, 1, 2)), 1)["replicas"] == [2, 3]


def test_what_need_not_replace_a_node_is_not_in_it() -> None:
    plan = plan_405b()
    node = node_placements("llm", plan.node_groups)[0]
    workload = plan.workload.model_copy(update={"concurrency": 999, "context": 1234})
    later = plan.model_copy(update={"workload": workload, "replicas": 9, "zones": ()})
    assert user_data(later, node) == user_data(plan, node)


def test_any_text_survives_the_document() -> None:
    odd = 'a: "b" \n#cloud-config ${x} \u00e9 ' + "long " * 50
    plan = plan_405b().model_copy(update={"hf_id": odd})
    assert facts(plan, 0)["model"] == odd


def test_more_than_ec2_takes_is_refused_before_launch() -> None:
    plan = plan_405b().model_copy(update={"hf_id": "x" * MAX_BYTES})
    with pytest.raises(InputError, match="at most 16384 bytes"):
        user_data(plan, node_placements("llm", plan.node_groups)[0])
