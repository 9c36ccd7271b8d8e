"""The package schema: the contract with TypeScript, Python, Go, C#, Java and YAML programs.

Every expectation is read from the component or from StackConfig, so a new argument is covered
the day it is written.
"""

from __future__ import annotations

import inspect
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from cluster.args import GpuClusterArgs
from cluster.component import TYPE, GpuCluster
from plugin.schema import completed
from plugin.schema_file import FILE, schema, schema_text
from sizing.stack_config import StackConfig

Spec = Mapping[str, Any]
ROOT = Path(__file__).parent.parent.parent
FOUND = schema()
RESOURCE = FOUND["resources"][TYPE]
INPUTS: Mapping[str, Spec] = RESOURCE["inputProperties"]
OUTPUTS: Mapping[str, Spec] = RESOURCE["properties"]
LOCAL_TYPE = "#/types/"
ANYTHING = "pulumi.json#/Any"


def sections(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """The nested models of a model, by their key."""
    annotations = {cast("str", f.alias): f.annotation for f in model.model_fields.values()}
    return {
        key: kind
        for key, kind in annotations.items()
        if inspect.isclass(kind) and issubclass(kind, BaseModel)
    }


def keys(model: type[BaseModel]) -> set[str]:
    return {cast("str", field.alias) for field in model.model_fields.values()}


def properties() -> Iterator[tuple[str, Spec]]:
    """Every property of the package with its path."""
    yield from ((f"input {name}", spec) for name, spec in INPUTS.items())
    yield from ((f"output {name}", spec) for name, spec in OUTPUTS.items())
    for kind, definition in FOUND.get("types", {}).items():
        for name, spec in definition.get("properties", {}).items():
            yield f"{kind} {name}", spec


def parts(spec: Spec) -> Iterator[Spec]:
    """A property and what it is made of."""
    yield spec
    for inner in (spec.get("items"), spec.get("additionalProperties")):
        if inner:
            yield from parts(inner)


def secret_inputs() -> set[str]:
    """The arguments that SDKs encrypt."""
    return {name for name, spec in INPUTS.items() if spec.get("secret")}


def test_the_package_has_the_projects_name_and_version_and_one_component() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (FOUND["name"], FOUND["version"]) == (project["name"], project["version"])
    assert FOUND["description"] == project["description"]
    assert list(FOUND["resources"]) == [TYPE] == ["gpu-sizing:index:GpuCluster"]
    assert RESOURCE["isComponent"]


def test_every_argument_is_there_and_only_the_model_is_required() -> None:
    assert set(INPUTS) == {to_camel(name) for name in GpuClusterArgs.__annotations__}
    assert RESOURCE["requiredInputs"] == ["model"]
    assert [name for name, kind in FOUND["types"].items() if kind.get("required")] == []


def test_arguments_mirror_the_stacks_keys_and_secrets_are_the_only_others() -> None:
    assert keys(StackConfig) - set(INPUTS) == set()
    assert set(INPUTS) - keys(StackConfig) == secret_inputs()
    assert [name for name in secret_inputs() if INPUTS[name].get("plain")] == []


@pytest.mark.parametrize("section", list(sections(StackConfig)))
def test_a_sections_arguments_mirror_the_stacks(section: str) -> None:
    reference = INPUTS[section]["$ref"].removeprefix(LOCAL_TYPE)
    assert set(FOUND["types"][reference]["properties"]) == keys(sections(StackConfig)[section])


def test_everything_is_documented() -> None:
    nameless = [path for path, spec in properties() if not spec.get("description", "").strip()]
    assert nameless == []
    assert [name for name, kind in FOUND["types"].items() if not kind.get("description")] == []
    assert RESOURCE["description"] == inspect.cleandoc(GpuCluster.__doc__ or "")


def test_everything_is_typed() -> None:
    for path, spec in properties():
        for part in parts(spec):
            reference = part.get("$ref", "")
            known = reference.removeprefix(LOCAL_TYPE) in FOUND["types"] or reference == ANYTHING
            assert part.get("type") or known, path
            assert part.get("type") != "object" or part.get("additionalProperties"), path
            assert not (path.startswith("input") and reference == ANYTHING), path


def test_every_output_of_the_component_is_there() -> None:
    declared = {to_camel(name) for name in inspect.get_annotations(GpuCluster)}
    assert set(OUTPUTS) == declared
    assert {"plan", "nodes", "hourlyCostUsd", "monthlyCostUsd", "endpointUrl"} <= declared


def test_an_argument_that_is_not_plain_and_no_stacks_key_is_marked_secret() -> None:
    given = {
        "model": {"type": "string", "plain": True},
        "region": {"type": "string"},
        "apiKey": {"type": "string"},
        "network": {"$ref": "#/types/gpu-sizing:index:NetworkArgs", "plain": True},
    }
    text = json.dumps({"resources": {TYPE: {"inputProperties": given}}})
    inputs = json.loads(completed(text, {}))["resources"][TYPE]["inputProperties"]
    assert [name for name, spec in inputs.items() if spec.get("secret")] == ["apiKey"]
    assert inputs["network"]["$ref"] == "#/types/gpu-sizing:index:Network"


def test_no_type_is_called_args_as_every_sdk_adds_that() -> None:
    assert [name for name in FOUND["types"] if name.endswith("Args")] == []
    assert "gpu-sizing:index:Workload" in FOUND["types"]


def test_no_secret_comes_out_again() -> None:
    assert secret_inputs() & set(OUTPUTS) == set()


def test_the_committed_schema_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), "run `make schema`"
