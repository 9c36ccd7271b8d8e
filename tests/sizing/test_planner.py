"""Plans: what users are told to buy, and why not something else."""

from __future__ import annotations

from typing import Any

import pytest

from sizing.catalog.instances import instance, regions
from sizing.errors import InputError, NoPlanError
from sizing.plan import Layout, Plan
from sizing.planner import make_plan, plan_for
from sizing.request import parse_purchases, request_from
from sizing.stack_config import StackConfig


def plan(**values: Any) -> Plan:
    return plan_for(StackConfig.from_mapping({"model": "llama-3.1-405b", **values}))


def test_405b_bf16_takes_two_whole_nodes() -> None:
    found = plan(precision="bf16")
    assert (found.instance_type, found.nodes, found.gpus_provisioned) == ("p5.48xlarge", 2, 16)
    assert found.layout == Layout(tp=8, pp=2)
    assert (found.gpus_required, found.rule_of_thumb.gpus_required) == (16, 13)
    assert found.cost.nodes_usd_per_hour == pytest.approx(110.08)
    assert found.cost.nodes_usd_per_month == pytest.approx(80_358.40)
    assert found.cost.price_as_of


def test_405b_int8_takes_one_node() -> None:
    found = plan(precision="int8")
    assert (found.nodes, found.layout) == (1, Layout(tp=8, pp=1))


def test_gpus_left_over_become_copies() -> None:
    found = plan(precision="int4")
    assert (found.nodes, found.layout, found.replicas) == (1, Layout(tp=4, pp=1), 2)


def test_a_cheaper_spread_plan_is_rejected_with_its_price() -> None:
    found = plan(precision="bf16")
    spread = next(r for r in found.rejected if "p5.4xlarge" in r.candidates)
    assert "$" in spread.reason
    cheaper = plan(precision="bf16", spread=True)
    assert cheaper.instance_type == "p5.4xlarge"
    assert (cheaper.cost.usd_per_hour or 0) < (found.cost.usd_per_hour or 0)


def test_the_dev_stack_takes_one_small_instance() -> None:
    load = {"context": 4096, "concurrency": 4}
    found = plan(model="llama-3.1-8b", precision="bf16", gpu="any", workload=load)
    assert found.nodes == 1
    assert instance(found.instance_type).gpus == 1
    assert (found.cost.usd_per_hour or 99) < 2
    hourly = [a.usd_per_hour for a in found.alternatives]
    assert hourly == sorted(hourly, key=lambda h: (h is None, h))


def test_replicas_multiply_nodes_and_cost() -> None:
    one, three = plan(precision="bf16"), plan(precision="bf16", replicas=3)
    assert three.nodes == 3 * one.nodes
    assert three.cost.nodes_usd_per_hour == pytest.approx(3 * (one.cost.nodes_usd_per_hour or 0))
    assert plan(precision="int4", replicas=3).nodes == 2


def test_an_fp8_cache_makes_room() -> None:
    assert plan(kvDtype="fp8").kv_cache_tokens > 1.9 * plan().kv_cache_tokens


def test_hours_scale_the_month_alone() -> None:
    found = plan(precision="bf16", hoursPerMonth=50)
    assert found.cost.nodes_usd_per_hour == pytest.approx(110.08)
    assert found.cost.nodes_usd_per_month == pytest.approx(5504)


def test_over_budget_says_by_how_much() -> None:
    with pytest.raises(NoPlanError, match=r"\$519\.76 over budget\.monthlyUsd"):
        plan(precision="bf16", budget={"monthlyUsd": 80_000})
    assert plan(precision="bf16", budget={"monthlyUsd": 80_520}).nodes == 2


def test_a_model_that_fits_nowhere_is_an_honest_no() -> None:
    with pytest.raises(NoPlanError, match="GiB short per GPU"):
        plan(precision="bf16", instanceTypes={"allow": ["g6.xlarge"]})


def test_a_region_without_the_gpu_is_an_honest_no() -> None:
    with pytest.raises(NoPlanError, match="not offered in eu-west-3"):
        plan(region="eu-west-3")


@pytest.mark.parametrize(
    ("values", "key", "nearest"),
    [
        ({"model": "lama-3.1-405b"}, "model", "llama-3.1-405b"),
        ({"precision": "bf-16"}, "precision", "bf16"),
        ({"precision": "fp9"}, "precision", "fp8"),
        ({"region": "us-esat-1"}, "region", "us-east-1"),
        ({"gpu": "H1000"}, "gpu", "H100"),
        ({"instanceTypes": {"allow": ["p5.48xlrge"]}}, "instanceTypes.allow", "p5.48xlarge"),
        ({"kvDtype": "fp7"}, "kvDtype", "fp8"),
        ({"gpu": "T4", "precision": "bf16"}, "precision", "fp16"),
        ({"workload": {"context": 0}}, "context", 1),
        ({"workload": {"context": 10**9}}, "context", 131_072),
        ({"workload": {"concurrency": -3}}, "concurrency", 1),
        (
            {"instanceTypes": {"allow": ["p5.48xlarge"]}, "region": "eu-west-3"},
            "region",
            "eu-west-2",
        ),
    ],
)
def test_bad_input_names_key_and_nearest(values: dict[str, Any], key: str, nearest: object) -> None:
    with pytest.raises(InputError) as caught:
        plan(**values)
    assert (caught.value.key, caught.value.nearest) == (key, nearest)
    assert "\n" not in caught.value.message


def test_contradictory_type_lists_are_refused() -> None:
    with pytest.raises(InputError, match="deny"):
        plan(instanceTypes={"allow": ["p5.48xlarge"], "deny": ["p5.48xlarge"]})
    with pytest.raises((InputError, NoPlanError)):
        plan(gpu="H200", instanceTypes={"allow": ["p5.48xlarge"]})


def test_an_unknown_price_is_unknown_not_zero() -> None:
    found = plan(precision="bf16", purchase="reserved")
    assert found.cost.usd_per_hour is None
    assert found.cost.evidence == "unknown"
    assert any("unknown" in w for w in found.warnings)


def test_spot_counts_the_highest_price_seen() -> None:
    found = plan(precision="int8", purchase="spot", region="us-east-2")
    assert found.cost.usd_per_hour == pytest.approx(15.4417)
    assert any("13.46" in w for w in found.warnings)


def test_p5e_has_no_on_demand_price() -> None:
    found = plan(precision="bf16", gpu="H200", region="us-east-2")
    assert found.instance_type == "p5en.48xlarge"
    reasons = [r.reason for r in found.rejected if "p5e.48xlarge" in r.candidates]
    assert any("capacity block" in reason for reason in reasons)


def test_every_region_gives_a_plan_or_a_reason() -> None:
    for region in regions():
        try:
            found = plan(precision="int8", region=region)
        except NoPlanError as error:
            assert region in error.message
        else:
            assert found.region == region


def test_the_search_widens_over_regions_and_purchases() -> None:
    config = StackConfig.from_mapping({"model": "llama-3.1-405b", "precision": "int8"})
    request = request_from(
        config, regions=("us-east-1", "eu-north-1"), purchases=parse_purchases("any")
    )
    found = make_plan(request)
    assert found.purchase == "spot"
    assert {a.region for a in found.alternatives} >= {"us-east-1"}


def test_the_same_question_gives_the_same_plan() -> None:
    assert plan(precision="bf16") == plan(precision="bf16")


def test_a_load_beyond_one_copy_adds_copies_not_a_bigger_node() -> None:
    """Six single-GPU nodes carry 300 sequences of an 8B model cheaper than one 8-GPU node."""
    found = plan(model="llama-3.1-8b", workload={"concurrency": 300})
    assert found.instance_type == "p5.4xlarge"
    assert found.nodes == found.replicas == found.gpus_required
    assert found.replicas * found.max_concurrency >= 300
    assert (found.replicas - 1) * int(found.max_concurrency) < 300


@pytest.mark.parametrize("concurrency", [1, 16, 100, 1000])
@pytest.mark.parametrize("model", ["llama-3.1-405b", "llama-3.1-70b", "gemma-3-27b"])
def test_every_plan_holds_its_load(model: str, concurrency: int) -> None:
    found = plan(model=model, workload={"concurrency": concurrency})
    assert found.replicas * int(found.max_concurrency) >= concurrency
    assert found.gpus_required <= found.gpus_provisioned
    assert found.kv_cache_needed_gib <= found.memory_per_gpu_gib.kv_cache
    group = found.node_groups[0]
    assert group.nodes * group.replicas_per_node == group.replicas * group.nodes_per_replica
