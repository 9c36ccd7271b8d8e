"""The component's arguments: a contract with Pulumi's other languages."""

from __future__ import annotations

import json
from typing import Any, cast

import pulumi
import pytest
from pulumi.provider.experimental.component import ComponentProvider

from cluster.args import plain_args
from cluster.component import GpuCluster
from sizing.stack_config import SECRET_KEYS, StackConfig


def schema() -> dict[str, Any]:
    provider = ComponentProvider([GpuCluster], "gpu-sizing", None, "0.1.0")
    return json.loads(cast("str", provider.schema))


def test_every_language_sees_the_component_with_the_stacks_own_keys() -> None:
    resource = schema()["resources"]["gpu-sizing:index:GpuCluster"]
    assert resource["isComponent"]
    assert resource["requiredInputs"] == ["model"]
    keys = {field.alias for field in StackConfig.model_fields.values()}
    assert set(resource["inputProperties"]) == keys | SECRET_KEYS
    assert set(resource["properties"]) == {
        "plan",
        "nodes",
        "hourlyCostUsd",
        "monthlyCostUsd",
        "costBreakdown",
        "endpointUrl",
    }


def test_every_input_and_output_is_described() -> None:
    found = schema()
    resource = found["resources"]["gpu-sizing:index:GpuCluster"]
    described = {**resource["inputProperties"], **resource["properties"]}
    for kind in found["types"].values():
        described |= kind["properties"]
    assert [name for name, spec in described.items() if not spec.get("description")] == []


@pytest.mark.parametrize(
    "section", ["workload", "instanceTypes", "budget", "usage", "network", "serving", "operations"]
)
def test_nested_sections_match_the_stacks(section: str) -> None:
    found = schema()
    reference = found["resources"]["gpu-sizing:index:GpuCluster"]["inputProperties"][section][
        "$ref"
    ]
    field = next(f for f in StackConfig.model_fields.values() if f.alias == section)
    expected = {f.alias for f in cast("Any", field.annotation).model_fields.values()}
    assert set(found["types"][reference.removeprefix("#/types/")]["properties"]) == expected


def test_whole_numbers_from_other_languages() -> None:
    given = {"model": "m", "replicas": 2.0, "workload": {"context": 4096.0}, "hoursPerMonth": 1.5}
    assert plain_args(given) == {
        "model": "m",
        "replicas": 2,
        "workload": {"context": 4096},
        "hoursPerMonth": 1.5,
    }


def test_a_value_that_is_not_known_yet_is_refused_by_its_path() -> None:
    later: Any = cast("Any", pulumi.Output).__new__(pulumi.Output)
    with pytest.raises(pulumi.InputPropertyError) as caught:
        plain_args({"model": "m", "instance_types": {"allow": ["a", later]}})
    assert caught.value.property_path == "instanceTypes.allow[1]"
