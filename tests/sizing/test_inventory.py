"""A company's own nodes beside AWS's."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sizing.errors import InputError, NoPlanError
from sizing.inventory import read_inventory
from sizing.plan import Plan
from sizing.planner import make_plan
from sizing.render import render_plan
from sizing.request import request_from
from sizing.stack_config import StackConfig

DGX: dict[str, Any] = {
    "name": "dgx-h100",
    "gpu": "H100",
    "gpusPerNode": 8,
    "count": 4,
    "usdPerHour": 18.5,
    "nvlink": True,
    "network": {"kind": "infiniband", "gbps": 3200},
}


def written(folder: Path, *nodes: dict[str, Any]) -> Path:
    path = folder / "nodes.yaml"
    path.write_text(yaml.safe_dump({"nodes": list(nodes)}))
    return path


def plan(path: Path, **values: Any) -> Plan:
    config = StackConfig.from_mapping({"model": "llama-3.1-405b", "precision": "bf16", **values})
    return make_plan(request_from(config, inventory=read_inventory(path)))


def test_own_nodes_win_when_they_cost_less(tmp_path: Path) -> None:
    found = plan(written(tmp_path, DGX))
    assert (found.instance_type, found.nodes, found.purchase) == ("dgx-h100", 2, "owned")
    assert (found.region, found.cost.usd_per_hour) == ("on-premises", 37.0)
    assert found.quota is None
    assert "p5.48xlarge" in {a.instance_type for a in found.alternatives}
    assert max(map(len, render_plan(found).splitlines())) <= 100


def test_aws_wins_when_own_nodes_cost_more(tmp_path: Path) -> None:
    found = plan(written(tmp_path, {**DGX, "usdPerHour": 99}))
    assert found.instance_type == "p5.48xlarge"
    assert "dgx-h100" in {a.instance_type for a in found.alternatives}


def test_an_unknown_cost_sorts_last(tmp_path: Path) -> None:
    node = {k: v for k, v in DGX.items() if k != "usdPerHour"}
    found = plan(written(tmp_path, node))
    assert found.instance_type == "p5.48xlarge"
    assert found.alternatives[-1].instance_type == "dgx-h100"
    assert found.alternatives[-1].usd_per_hour is None


def test_too_few_nodes_are_said_with_both_numbers(tmp_path: Path) -> None:
    found = plan(written(tmp_path, {**DGX, "count": 1}))
    reasons = [r.reason for r in found.rejected if r.kind == "inventory"]
    assert reasons == ["2 nodes needed, the inventory has 1"]


def test_ethernet_spans_no_nodes(tmp_path: Path) -> None:
    node = {**DGX, "network": {"kind": "ethernet", "gbps": 100}}
    found = plan(written(tmp_path, node))
    assert found.instance_type == "p5.48xlarge"
    assert any("dgx-h100" in r.candidates and r.kind == "memory" for r in found.rejected)


def test_own_gpus_are_searched_without_being_named(tmp_path: Path) -> None:
    node = {**DGX, "name": "a100-box", "gpu": "A100-80GB", "usdPerHour": 10}
    assert plan(written(tmp_path, node), model="llama-3.1-70b").instance_type == "a100-box"


def test_only_own_nodes_may_be_asked_for_by_denying_the_rest(tmp_path: Path) -> None:
    deny = {"deny": ["p5.48xlarge", "p5.4xlarge"]}
    with pytest.raises(NoPlanError, match="the inventory has 1"):
        plan(written(tmp_path, {**DGX, "count": 1}), instanceTypes=deny)


@pytest.mark.parametrize(
    ("change", "key", "nearest"),
    [
        ({"gpu": "H1000"}, "inventory nodes.0.gpu", "H100"),
        ({"gpu": "A100"}, "inventory nodes.0.gpu", "A100-80GB"),
        ({"count": 0}, "inventory nodes.0.count", 1),
        ({"count": -3}, "inventory nodes.0.count", 1),
        ({"gpusPerNode": 2.5}, "inventory nodes.0.gpusPerNode", 2),
        ({"usdPerHour": float("nan")}, "inventory nodes.0.usdPerHour", None),
        ({"usdPerHour": -1}, "inventory nodes.0.usdPerHour", 0),
        ({"name": "p5.48xlarge"}, "inventory nodes.name", None),
        ({"name": "a b"}, "inventory nodes.0.name", None),
        ({"network": {"kind": "infinband"}}, "inventory nodes.0.network.kind", "infiniband"),
        ({"gpusPerNod": 8}, "inventory config key", "gpusPerNode"),
    ],
)
def test_bad_values_name_the_key(
    tmp_path: Path, change: dict[str, Any], key: str, nearest: object
) -> None:
    with pytest.raises(InputError) as caught:
        read_inventory(written(tmp_path, {**DGX, **change}))
    assert (caught.value.key, caught.value.nearest) == (key, nearest)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "text", ["", "nodes:", "nodes: []", "nodes: 3", "- a", "\x00", "a: [", "&a [*a]", "[" * 5000]
)
def test_malformed_files_give_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "nodes.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_inventory(path)
    assert "\n" not in caught.value.message


def test_a_missing_file_and_a_name_given_twice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="readable"):
        read_inventory(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="not twice"):
        read_inventory(written(tmp_path, DGX, DGX))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_nothing_but_an_input_error_comes_out(tmp_path: Path, value: object) -> None:
    path = tmp_path / "nodes.yaml"
    for key in ("gpu", "count", "network", "name"):
        path.write_text(yaml.safe_dump({"nodes": [{**DGX, key: value}]}))
        with contextlib.suppress(InputError):
            read_inventory(path)
