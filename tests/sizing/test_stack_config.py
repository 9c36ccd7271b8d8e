"""Stack files: what a typo, a malformed file or an absurd number says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sizing.errors import InputError
from sizing.stack_config import StackConfig, stack_file

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("values", "key", "nearest"),
    [
        ({}, "model", None),
        ({"model": "x", "precison": "b"}, "config key", "precision"),
        ({"model": "x", "workload": {"contxt": 3}}, "config key", "context"),
        ({"model": "x", "workload": {"context": "8192"}}, "workload.context", 8192),
        ({"model": "x", "workload": [1]}, "workload", None),
        ({"model": "x", "replicas": 0}, "replicas", 1),
        ({"model": "x", "replicas": 2.5}, "replicas", 2),
        ({"model": "x", "purchase": "ondemand"}, "purchase", "on-demand"),
        ({"model": "x", "hoursPerMonth": float("nan")}, "hoursPerMonth", None),
        ({"model": "x", "hoursPerMonth": 745}, "hoursPerMonth", 744),
        ({"model": "x", "hoursPerMonth": 0}, "hoursPerMonth", None),
        ({"model": "x", "budget": {"monthlyUsd": -5}}, "budget.monthlyUsd", None),
        ({"model": "x", "budget": {"monthlyUsd": -5.0}}, "budget.monthlyUsd", None),
        ({"model": "x", "budget": {"monthlyUsd": 0}}, "budget.monthlyUsd", None),
        ({"model": "x", "budget": {"monthlyUsd": float("nan")}}, "budget.monthlyUsd", None),
        ({"model": "x", "budget": {"warnAt": 0}}, "budget.warnAt", None),
        ({"model": "x", "budget": {"warnAt": 80}}, "budget.warnAt", 1),
        ({"model": "x", "usage": {"requestsPerMonth": -1}}, "usage.requestsPerMonth", 0),
        ({"model": "x", "usage": {"logGbPerMonth": float("inf")}}, "usage.logGbPerMonth", None),
        ({"model": "x", "usage": {"bootsPerMonth": 1}}, "config key", "nodeBootsPerMonth"),
        ({"model": "x", "prefer": "headrom"}, "prefer", "headroom"),
        ({"model": "x", "purchase": "owned"}, "purchase", "on-demand"),
        ({"model": 3}, "model", None),
        ({"model": "x", "instanceTypes": {"allow": "p5.48xlarge"}}, "instanceTypes.allow", None),
    ],
)
def test_bad_values(values: dict[str, Any], key: str, nearest: object) -> None:
    with pytest.raises(InputError) as caught:
        StackConfig.from_mapping(values)
    assert (caught.value.key, caught.value.nearest) == (key, nearest)


@pytest.mark.parametrize(
    "text",
    [
        "config: [1, 2]",
        "config:",
        "",
        "- a\n- b",
        "config:\n  gpu-sizing:model: [unclosed",
        "config:\n\tgpu-sizing:model: x",
        "\x00",
        "&a [*a]",
        "config: !!python/object/apply:os.system ['true']",
        "[" * 5000,
    ],
)
def test_malformed_files_give_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        StackConfig.from_file(path)
    assert "\n" not in caught.value.message


def test_a_binary_or_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(InputError):
        StackConfig.from_file(path)
    path.write_text("a" * 2_000_000)
    with pytest.raises(InputError):
        StackConfig.from_file(path)


def test_an_unknown_stack_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        stack_file("prd", ROOT / "stacks")
    assert caught.value.nearest == "prod"


@pytest.mark.parametrize("stack", ["dev", "staging", "prod", "local"])
def test_file_and_engine_give_the_same_config(stack: str) -> None:
    """`pulumi.Config` hands over text, JSON for objects: the plan must not depend on that."""
    path = stack_file(stack, ROOT / "stacks")
    entries = yaml.safe_load(path.read_text())["config"]
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]

    def get(key: str) -> str | None:
        value = entries.get(f"gpu-sizing:{key}", project.get(key, {}).get("default"))
        return value if value is None or isinstance(value, str) else json.dumps(value)

    assert StackConfig.from_pulumi(get, entries["aws:region"]) == StackConfig.from_file(path)


def test_the_project_file_describes_every_key() -> None:
    """A key that Pulumi.yaml does not declare is not documented by `pulumi config`."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    keys = {field.alias for field in StackConfig.model_fields.values()} - {"region"}
    assert set(declared) == keys
    assert all(entry["description"] for entry in declared.values())
    for key, entry in declared.items():
        if key != "model":
            assert "default" in entry, f"without a default the CLI demands {key} in every stack"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_nothing_but_an_input_error_comes_out(value: object) -> None:
    for key in ("model", "workload", "instanceTypes", "replicas", "budget", "purchase"):
        try:
            StackConfig.from_mapping({"model": "x", key: value})
        except InputError as error:
            assert error.key


def test_a_malformed_file_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  gpu-sizing:model: {x")
    with pytest.raises(InputError, match="line 2"):
        StackConfig.from_file(path)
