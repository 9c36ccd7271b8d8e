"""User data: what is in it, what is not, and how large it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster.boot import MAX_BYTES, user_data
from cluster.boot.document import PLAN_PATH
from sizing.errors import InputError
from sizing.plan import Plan
from tests.cluster.boot.nodes import CASES, IDENTITY, ONE_NODE, SPANNING, Case, parsed, serving
from tests.cluster.plans import plan_405b, shaped

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:gpu-sizing/production/some-long-name"
ROOM = 1024


def facts(plan: Plan, index: int) -> dict[str, Any]:
    return json.loads(Case(plan, index).files()[PLAN_PATH])


def enabled(case: Case) -> list[str]:
    return parsed(case.document())["runcmd"][-1].split()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_cloud_config_and_fits_with_room(case: Case) -> None:
    document = case.document()
    assert document.startswith("#cloud-config\n")
    assert len(document.encode()) < MAX_BYTES - ROOM
    assert document == case.document()


def test_long_names_and_many_replicas_fit() -> None:
    given = serving(
        token_secret=ARN + "-token", api_key_secret=ARN + "-key", served_name="name-" * 20
    )
    plan = shaped("p5.48xlarge", (16, 1, 8))
    assert len(Case(plan, 1, given).document().encode()) < MAX_BYTES - ROOM


def test_more_than_ec2_takes_is_refused_before_launch() -> None:
    plan = plan_405b().model_copy(update={"hf_id": "x" * MAX_BYTES})
    with pytest.raises(InputError, match="at most 16384 bytes"):
        Case(plan).document()


def test_a_node_knows_its_part() -> None:
    assert facts(plan_405b(), 1) == {
        "model": "meta-llama/Llama-3.1-405B-Instruct",
        "precision": "bf16",
        "kv_dtype": "auto",
        "layout": {"tp": 8, "pp": 2, "dp": 1, "ep": 1},
        "replicas": [0],
        "rank": 1,
    }


def test_a_node_with_several_replicas_lists_them_and_runs_an_engine_for_each() -> None:
    plan = shaped("p5.48xlarge", (4, 1, 2))
    assert facts(plan, 1)["replicas"] == [2, 3]
    engines = ["gpu-sizing-engine@2.service", "gpu-sizing-engine@3.service"]
    assert enabled(Case(plan, 1))[-2:] == engines


def test_nodes_alone_check_themselves_and_run_nothing_else() -> None:
    case = CASES["nodes alone"]
    assert enabled(case)[-1] == "gpu-sizing-gate.service"
    assert not [path for path in case.files() if "engine" in path or "weights" in path]


def test_what_need_not_replace_a_node_is_not_in_it() -> None:
    plan, node = plan_405b(), SPANNING.node
    workload = plan.workload.model_copy(update={"concurrency": 999, "context": 1234})
    group = plan.node_groups[0].model_copy(update={"replicas": 9, "nodes": 18})
    update = {"workload": workload, "replicas": 9, "zones": (), "node_groups": (group,)}
    later = plan.model_copy(update=update)
    assert user_data(later, node, IDENTITY, serving()) == SPANNING.document()


def test_any_text_survives_the_document() -> None:
    odd = 'a: "b" \n#cloud-config ${x} \u00e9 ' + "long " * 50
    assert facts(plan_405b().model_copy(update={"hf_id": odd}), 0)["model"] == odd


def test_scripts_keep_their_first_line_and_lose_their_comments() -> None:
    lines = ONE_NODE.files()["/opt/gpu-sizing/engine"].splitlines()
    assert lines[0] == "#!/bin/bash"
    assert not [line for line in lines[1:] if line.lstrip().startswith("#")]


def test_a_secret_of_another_region_is_refused() -> None:
    elsewhere = ARN.replace("us-east-1", "eu-west-1")
    with pytest.raises(InputError, match=r"serving\.apiKeySecret.*us-east-1"):
        Case(plan_405b(), 0, serving(api_key_secret=elsewhere)).document()
