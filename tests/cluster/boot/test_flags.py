"""Every command line against the flags that vLLM's own parser knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cluster.boot.flags import ONLINE_QUANTIZATIONS, engine_arguments
from cluster.serving import Executor
from sizing.errors import InputError
from tests.cluster.boot.nodes import CASES, OWN_IMAGE, S3, Case, serving
from tests.cluster.plans import plan_405b

KNOWN: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vllm_flags_0.33.json").read_text()
)["flags"]
SERVING = {name: case for name, case in CASES.items() if case.serving}


def arguments(case: Case) -> tuple[str, ...]:
    assert case.serving
    return engine_arguments(case.plan, case.node, case.serving)


def flags_of(given: tuple[str, ...]) -> dict[str, list[str]]:
    """The values after each flag; a flag must not come twice."""
    found: dict[str, list[str]] = {}
    for word in given:
        if word.startswith("--"):
            assert word not in found
            found[word] = []
        elif found:
            found[list(found)[-1]].append(word)
    return found


def check_against_parser(given: tuple[str, ...]) -> None:
    """Each flag exists, with as many values as it takes, out of its choices."""
    for flag, values in flags_of(given).items():
        assert flag in KNOWN
        wanted = KNOWN[flag]["values"]
        assert len(values) == (1 if wanted == "+" else wanted), flag
        allowed = KNOWN[flag].get("choices") or KNOWN[flag].get("known") or values
        assert set(values) <= set(allowed), flag


@pytest.mark.parametrize("case", SERVING.values(), ids=SERVING)
def test_vllm_knows_every_flag(case: Case) -> None:
    check_against_parser(arguments(case))
    check_against_parser(("--port", "8000", "--master-addr", "10.0.0.1"))


@pytest.mark.parametrize("case", SERVING.values(), ids=SERVING)
def test_every_flag_of_the_plan_is_given_as_it_is(case: Case) -> None:
    given = flags_of(arguments(case))
    for name, value in case.plan.engine_flags.items():
        assert given[f"--{name}"] == ([value] if value else [])
    assert given["--served-model-name"] == ["llama"]


def test_a_replica_on_one_node_is_told_of_no_others() -> None:
    given = flags_of(arguments(CASES["two replicas a node"]))
    assert not {"--nnodes", "--node-rank", "--headless", "--distributed-executor-backend"} & set(
        given
    )


@pytest.mark.parametrize(("name", "rank"), [("head", "0"), ("worker", "1")])
def test_ranks_across_nodes_meet_without_ray(name: str, rank: str) -> None:
    given = flags_of(arguments(CASES[name]))
    assert (given["--nnodes"], given["--node-rank"]) == (["2"], [rank])
    assert ("--headless" in given) == (name == "worker")


def test_with_ray_only_the_head_is_told_of_it() -> None:
    given = flags_of(arguments(CASES["ray head"]))
    assert given["--distributed-executor-backend"] == ["ray"]
    assert "--nnodes" not in given


def test_data_parallel_ranks_are_counted() -> None:
    assert flags_of(arguments(CASES["data parallel worker"]))["--data-parallel-size"] == ["2"]


def test_quantisation_is_given_only_where_the_engine_makes_it() -> None:
    assert flags_of(arguments(CASES["online fp8"]))["--quantization"] == ["fp8_per_tensor"]
    assert "--quantization" not in arguments(CASES["head"])


def test_s3_is_streamed_where_the_image_can_and_read_from_disk_elsewhere() -> None:
    streamed, one, copied = (
        arguments(CASES[name]) for name in ("s3, streamed", "s3, streamed to one gpu", "s3, copied")
    )
    assert streamed[0] == S3.location
    assert flags_of(streamed)["--load-format"] == ["runai_streamer"]
    extra = flags_of(streamed)["--model-loader-extra-config"]
    assert json.loads(extra[0]) == {"distributed": True}
    assert "--model-loader-extra-config" not in one
    assert copied[0] == "/model"
    assert "--load-format" not in copied


def test_vllm_knows_every_online_quantisation() -> None:
    assert set(ONLINE_QUANTIZATIONS) <= set(KNOWN["--quantization"]["known"])


def test_an_unknown_online_quantisation_is_refused() -> None:
    with pytest.raises(InputError, match="nearest: fp8_per_tensor"):
        arguments(Case(plan_405b(), 0, serving(quantization="fp8_per_tensors")))


def test_ray_is_refused_where_the_image_has_none() -> None:
    with pytest.raises(InputError, match=r"serving\.executor.*has none; nearest: mp"):
        arguments(Case(plan_405b(), 0, serving(executor=Executor.RAY)))


def test_ray_is_refused_for_data_parallel_ranks_on_several_nodes() -> None:
    plan = CASES["data parallel head"].plan
    with pytest.raises(InputError, match="data parallel"):
        arguments(Case(plan, 0, serving(executor=Executor.RAY, image=OWN_IMAGE)))
