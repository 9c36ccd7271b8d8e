"""The search against one that prunes nothing, and the rules that it must keep."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil

import pytest

import sizing.explain
import sizing.placement
import sizing.search
from sizing.catalog.gpus import find_gpus
from sizing.catalog.instances import instances_with
from sizing.catalog.prices import offer
from sizing.deployment import make_deployment
from sizing.engine import make_engine
from sizing.errors import NoPlanError
from sizing.fit import fit
from sizing.gpu import Gpu
from sizing.instance import InstanceType, Purchase
from sizing.layouts import MAX_NODES_PER_REPLICA
from sizing.memory import budget, max_concurrency
from sizing.model import Moe
from sizing.plan import Layout, Plan, Prefer
from sizing.planner import make_plan
from sizing.precision import Precision
from sizing.request import Request, request_from
from sizing.sharding import violation
from sizing.stack_config import StackConfig
from sizing.support import kv_support, support

# Enough to cross nodes, few enough that trying every one of them stays quick.
MOST_NODES = 4
WORKLOADS = 300

MODELS = [
    "llama-3.1-8b",
    "llama-3.1-70b",
    "llama-3.1-405b",
    "mixtral-8x7b",
    "qwen3-30b-a3b",
    "qwen3-235b-a22b",
    "gpt-oss-120b",
    "gemma-3-27b",
    "deepseek-v3",
]
PRECISION_SETS = ["auto", "bf16", "fp8", "int4", "bf16,fp8", "fp8,int4", "int8,bf16"]
GPUS = ["H100", "H200", "A100", "L40S", "L4", "A10G", "B200", "RTX-PRO-6000", "T4"]
REGIONS = ["us-east-1", "us-east-2", "us-west-2", "eu-north-1", "ap-northeast-1"]
PURCHASES = [Purchase.ON_DEMAND, Purchase.SPOT, Purchase.CAPACITY_BLOCK, Purchase.RESERVED]


@dataclass(frozen=True)
class Option:
    """One way to run the whole load, found by trying everything."""

    instance: InstanceType
    region: str
    purchase: Purchase
    precision: str
    precision_rank: int
    layout: Layout
    nodes_per_copy: int
    nodes: int
    gpus_required: int
    headroom: float
    usd_per_month: float | None


def requests(count: int) -> Iterator[Request]:
    """Random questions, the same ones every time."""
    chance = random.Random(20261123)
    for _ in range(count):
        config = StackConfig.from_mapping(
            {
                "model": chance.choice(MODELS),
                "precision": chance.choice(PRECISION_SETS),
                "kvDtype": chance.choice(["auto", "auto", "fp8"]),
                "gpu": chance.choice(GPUS) if chance.random() < 0.95 else "any",
                "spread": chance.random() < 0.25,
                "prefer": chance.choice(list(Prefer)).value,
                "replicas": chance.choice([1, 1, 1, 2, 5]),
                "hoursPerMonth": chance.choice([730, 730, 217, 100]),
                "workload": {
                    "context": chance.choice([512, 4096, 8192, 32768]),
                    "concurrency": chance.choice([1, 4, 16, 64, 200]),
                },
            }
        )
        where = tuple(chance.sample(REGIONS, chance.choice([1, 1, 2, 3])))
        how = tuple(chance.sample(PURCHASES, chance.choice([1, 1, 2, 4])))
        try:
            yield request_from(config, regions=where, purchases=how)
        except ValueError:
            continue  # the GPU runs none of the precisions


@pytest.fixture
def few_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sizing.placement, sizing.search, sizing.explain):
        assert module.MAX_NODES_PER_REPLICA == MAX_NODES_PER_REPLICA
        monkeypatch.setattr(module, "MAX_NODES_PER_REPLICA", MOST_NODES)


@pytest.mark.usefixtures("few_nodes")
def test_the_best_plan_is_the_best_of_everything_there_is() -> None:
    asked = planned = 0
    for request in requests(WORKLOADS):
        asked += 1
        expected = best_of_everything(request)
        try:
            found = make_plan(request)
        except NoPlanError:
            assert expected is None, request
            continue
        planned += 1
        assert expected is not None, request
        assert shown(found) == wanted(expected), request
        assert_it_fits(request, found)
    assert asked > 200
    assert planned > 150


def shown(plan: Plan) -> tuple[object, ...]:
    cost = plan.cost.nodes_usd_per_month
    return (
        plan.instance_type,
        plan.region,
        plan.purchase,
        plan.precision,
        plan.nodes,
        plan.node_groups[0].nodes_per_replica,
        None if cost is None else pytest.approx(cost),
    )


def wanted(option: Option) -> tuple[object, ...]:
    return (
        option.instance.name,
        option.region,
        option.purchase,
        option.precision,
        option.nodes,
        option.nodes_per_copy,
        option.usd_per_month,
    )


def assert_it_fits(request: Request, plan: Plan) -> None:
    """The engine starts and every copy holds its share of the load."""
    precision = next(p for p in request.precisions if p.name == plan.precision)
    gpu = find_gpus(plan.gpu)[0]
    share = ceil(request.workload.concurrency / plan.replicas)
    load = request.workload.model_copy(update={"concurrency": share})
    engine = make_engine(gpu)
    stages = budget(request.spec, precision, load, plan.layout, gpu, engine, request.kv_dtype)
    assert stages[0].short <= 0
    assert violation(request.spec, precision, plan.layout) is None
    assert plan.layout.tp <= plan.gpus_provisioned // plan.nodes


@pytest.mark.parametrize("model", MODELS)
def test_what_is_planned_fits(model: str) -> None:
    """`sizing fit` on the plan's own GPU, layout and settings says yes, for the whole load."""
    plan = ask(model=model, gpu="any", workload={"concurrency": 40})
    deployment = make_deployment(
        model,
        plan.gpu,
        tp=plan.layout.tp,
        pp=plan.layout.pp,
        ep=plan.layout.ep > 1,
        precision=plan.precision,
        context=plan.workload.context,
    )
    answer = fit(deployment, suggest=False)
    assert answer.fits, answer.reason
    assert plan.replicas * int(answer.max_concurrency) >= 40
    assert answer.kv_cache_tokens == plan.kv_cache_tokens


def best_of_everything(request: Request) -> Option | None:
    """Every type, region, purchase, precision, layout and number of nodes; no bound, no memory."""
    kinds = [k for k in map(by_spread_rule(request), everything(request)) if k]
    if kinds and not request.spread:
        priced = [k for k in kinds if any(o.usd_per_month is not None for o in k)]
        fewest = min(o.nodes_per_copy for k in priced or kinds for o in k)
        kinds = [k for k in kinds if any(o.nodes_per_copy <= fewest for o in k)]
    bought = [o for kind in kinds for o in smallest(kind)]
    return min(bought, key=lambda o: order(request, o), default=None)


def by_spread_rule(request: Request) -> Callable[[list[Option]], list[Option]]:
    """On one kind of node a copy that fits in one stays in one, unless spreading is allowed."""

    def kept(kind: list[Option]) -> list[Option]:
        one_node = [o for o in kind if o.nodes_per_copy == 1]
        return kind if request.spread or not one_node else one_node

    return kept


def smallest(kind: list[Option]) -> list[Option]:
    """The same nodes cost the same, so of one kind only the placement with the fewest counts."""
    sizes = {(o.nodes, o.nodes_per_copy, o.gpus_required, o.layout.gpus): o.layout for o in kind}
    chosen = sizes[min(sizes)]
    return [o for o in kind if o.layout == chosen]


def order(request: Request, o: Option) -> tuple[object, ...]:
    preferred = {Prefer.NODES: o.nodes, Prefer.HEADROOM: -o.headroom}.get(request.prefer, 0)
    return (
        o.usd_per_month is None,
        preferred,
        round(o.usd_per_month or 0, 6),
        o.nodes,
        o.precision_rank,
        o.instance.name,
        o.region,
        o.purchase,
        o.nodes_per_copy,
    )


def everything(request: Request) -> Iterator[list[Option]]:
    for rank, precision in enumerate(request.precisions):
        for gpu in request.gpus:
            runs = support(precision, gpu.compute_capability).mode != "no"
            if runs and kv_support(request.kv_dtype, gpu.compute_capability).mode != "no":
                for instance in instances_with(gpu.name):
                    if not instance.is_fractional:
                        yield list(options(request, precision, rank, gpu, instance))


def options(
    request: Request, precision: Precision, rank: int, gpu: Gpu, instance: InstanceType
) -> Iterator[Option]:
    for nodes, layout, held in holding(request, precision, gpu, instance):
        needed = max(request.replicas, ceil(request.workload.concurrency / held))
        per_node = max(1, instance.gpus // layout.gpus) if nodes == 1 else 1
        copies = ceil(needed / per_node) * per_node
        total = copies // per_node * nodes
        for region in request.regions:
            for purchase in request.purchases:
                rate = offer(instance.name, region, purchase).usd_per_hour
                quoted = purchase in (Purchase.CAPACITY_BLOCK, Purchase.RESERVED)
                if region in instance.zones and (rate is not None or quoted):
                    yield Option(
                        instance=instance,
                        region=region,
                        purchase=purchase,
                        precision=precision.name,
                        precision_rank=rank,
                        layout=layout,
                        nodes_per_copy=nodes,
                        nodes=total,
                        gpus_required=layout.gpus * needed,
                        headroom=held * copies / request.workload.concurrency,
                        usd_per_month=(
                            None if rate is None else rate * total * billed(purchase, request)
                        ),
                    )


def billed(purchase: Purchase, request: Request) -> float:
    hours = request.hours_per_month
    if purchase is Purchase.RESERVED:
        return 730
    if purchase is Purchase.CAPACITY_BLOCK and hours < 730:
        return min(730, ceil(hours / 24) * 24)
    return hours


def holding(
    request: Request, precision: Precision, gpu: Gpu, instance: InstanceType
) -> Iterator[tuple[int, Layout, int]]:
    """(nodes a copy, layout, sequences held) for every layout that may be used."""
    size = instance.gpus
    flat = [(tp, 1) for tp in range(1, size + 1)]
    inner = [(tp, pp) for tp in range(1, size + 1) for pp in range(2, size // tp + 1)]
    for shapes in (flat, inner):
        found = list(held_by(request, precision, gpu, shapes))
        yield from ((1, layout, held) for layout, held in found)
        if found:
            break
    if not instance.efa_interfaces:
        return
    for nodes in range(2, min(MOST_NODES, request.spec.layers) + 1):
        widths = [tp for tp in range(size, 0, -1) if size % tp == 0]
        wide = next((w for w in widths if legal(request, precision, w, nodes * size // w)), None)
        if wide:
            for layout, held in held_by(request, precision, gpu, [(wide, nodes * size // wide)]):
                yield nodes, layout, held


def legal(request: Request, precision: Precision, tp: int, pp: int) -> Layout | None:
    has_experts = any(isinstance(b.ffn, Moe) for b in request.spec.blocks.values())
    choices = [Layout(tp=tp, pp=pp)]
    choices += [Layout(tp=tp, pp=pp, ep=tp)] if has_experts and tp > 1 else []
    return next((x for x in choices if not violation(request.spec, precision, x)), None)


def held_by(
    request: Request, precision: Precision, gpu: Gpu, shapes: list[tuple[int, int]]
) -> Iterator[tuple[Layout, int]]:
    one = request.workload.model_copy(update={"concurrency": 1})
    engine, spec, kv = make_engine(gpu), request.spec, request.kv_dtype
    for tp, pp in shapes:
        layout = legal(request, precision, tp, pp)
        if layout:
            stages = budget(spec, precision, one, layout, gpu, engine, kv)
            if stages[0].short <= 0:
                yield layout, max(1, int(max_concurrency(stages)))


def ask(**values: object) -> Plan:
    from sizing.planner import plan_for

    return plan_for(StackConfig.from_mapping({"model": "llama-3.1-405b", **values}))


def test_several_precisions_take_the_cheapest_and_the_first_where_equal() -> None:
    found = ask(precision="bf16,fp8,int4")
    assert (found.precision, found.nodes) == ("fp8", 1)
    assert found.precisions_considered == ("bf16", "fp8", "int4")
    assert {a.precision for a in found.alternatives} >= {"bf16", "int4"}
    assert ask(precision="int4,fp8").precision == "int4"


def test_other_gpus_are_compared_with_but_not_chosen() -> None:
    found = ask(precision="bf16")
    beside = {a.instance_type: a for a in found.alternatives}
    assert found.gpu == "H100"
    assert {"p4de.24xlarge", "p5en.48xlarge"} <= set(beside)
    assert "not asked for" in beside["p4de.24xlarge"].note
    per_gpu = [a.gpu for a in found.alternatives if a.gpu != "H100"]
    assert len(per_gpu) == len(set(per_gpu))


def test_named_types_are_not_compared_with_others() -> None:
    found = ask(precision="bf16", instanceTypes={"allow": ["p5.48xlarge"]})
    assert found.alternatives == ()


def test_any_gpu_keeps_a_copy_in_one_node_and_prices_the_cheaper_spread_plan() -> None:
    found = ask(precision="bf16", gpu="any")
    assert (found.instance_type, found.nodes) == ("p5en.48xlarge", 1)
    spread = {c: r.reason for r in found.rejected if r.kind == "spread" for c in r.candidates}
    assert "$54.89 an hour" in spread["p4de.24xlarge"]


@pytest.mark.parametrize(
    ("prefer", "load"),
    [("nodes", {"concurrency": 300}), ("headroom", {"concurrency": 4})],
)
def test_preferences_trade_money_for_nodes_or_room(prefer: str, load: dict[str, int]) -> None:
    cheapest = ask(model="llama-3.1-8b", workload=load)
    other = ask(model="llama-3.1-8b", workload=load, prefer=prefer)
    assert (other.cost.usd_per_hour or 0) > (cheapest.cost.usd_per_hour or 0)
    assert other.gpus_provisioned > cheapest.gpus_provisioned
    assert other.nodes <= cheapest.nodes


def test_a_reservation_is_billed_idle_too() -> None:
    types = {"allow": ["g6e.xlarge"]}
    used = {"model": "llama-3.1-8b", "instanceTypes": types, "hoursPerMonth": 100}
    reserved, on_demand = ask(**used, purchase="reserved"), ask(**used)
    assert reserved.cost.billed_hours_per_month == 730
    assert (reserved.cost.nodes_usd_per_hour or 0) < (on_demand.cost.nodes_usd_per_hour or 0)
    assert (reserved.cost.nodes_usd_per_month or 0) > (on_demand.cost.nodes_usd_per_month or 0)
    option = next(o for o in on_demand.purchase_options if o.term == reserved_term())
    even = option.breakeven_hours_per_month or 0
    assert even * (on_demand.cost.nodes_usd_per_hour or 0) == pytest.approx(
        730 * (reserved.cost.nodes_usd_per_hour or 0)
    )


def reserved_term() -> str:
    return "1 year standard, no upfront"


def test_nothing_left_says_what_giving_up_a_constraint_would_give() -> None:
    with pytest.raises(NoPlanError) as caught:
        ask(precision="bf16", instanceTypes={"deny": ["p5.48xlarge", "p5.4xlarge"]})
    relaxed = caught.value.relaxed
    assert any(line.startswith("without instanceTypes.deny: 2 x p5.48xlarge") for line in relaxed)
    assert any(line.startswith("with gpu any") for line in relaxed)


def test_over_budget_offers_what_would_be_within_it() -> None:
    with pytest.raises(NoPlanError, match="over budget") as caught:
        ask(precision="bf16", budget={"monthlyUsd": 50_000})
    assert any("precision fp8: 1 x p5.48xlarge" in line for line in caught.value.relaxed)


def test_the_quota_is_named_with_how_much_of_it() -> None:
    quota = ask(precision="bf16").quota
    assert quota is not None
    assert (quota.code, quota.needed, quota.checked) == ("L-417A185B", 384, False)
