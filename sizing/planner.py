"""From a request to a Plan: the cheapest candidate, described in full."""

from __future__ import annotations

from sizing.catalog.instances import instances_with
from sizing.census import kv_growth_per_token, params_active, params_total
from sizing.errors import InputError, NoPlanError
from sizing.evidence import Evidence, weakest
from sizing.placement import Placement
from sizing.plan import (
    Alternative,
    Cost,
    CostLine,
    Method,
    NodeGroup,
    Plan,
)
from sizing.precision import weight_bytes
from sizing.request import Request, request_from
from sizing.search import Candidate, Rejections, candidates
from sizing.stack_config import StackConfig
from sizing.support import support
from sizing.units import GB, gib, usd


def plan_for(config: StackConfig) -> Plan:
    """The plan of a stack. Raises InputError for a bad key, NoPlanError where nothing fits."""
    return make_plan(request_from(config))


def make_plan(request: Request) -> Plan:
    """The cheapest plan that holds the workload; equal prices are settled by fewest nodes."""
    rejected = Rejections()
    kept = candidates(request, rejected)
    if not kept:
        raise _no_plan(request, rejected)
    _check_budget(request, kept[0], rejected)
    return _plan(request, kept, rejected)


def _check_budget(request: Request, best: Candidate, rejected: Rejections) -> None:
    limit, hourly = request.budget_monthly_usd, best.usd_per_hour
    if limit is None or hourly is None or hourly * request.hours_per_month <= limit:
        return
    monthly = hourly * request.hours_per_month
    raise NoPlanError(
        f"over budget: the cheapest plan, {best.nodes} x {best.placement.instance.name}, costs "
        f"{usd(monthly)} a month, {usd(monthly - limit)} over budget.monthlyUsd {usd(limit)}",
        [r.model_dump(mode="json") for r in rejected.grouped()],
    )


def _no_plan(request: Request, rejected: Rejections) -> Exception:
    groups = rejected.grouped()
    names = {gpu.name for gpu in request.gpus}
    outside = sorted(n for n in request.allow if n not in _carriers(request))
    if outside and not groups:
        gpu = ", ".join(sorted(names))
        return InputError("instanceTypes.allow", outside, f"types with the GPU asked for ({gpu})")
    reasons = "; ".join(f"{', '.join(g.candidates[:4])}: {g.reason}" for g in groups[:4])
    where = ", ".join(request.regions)
    what = f"{request.spec.name} at {request.precision.name}"
    return NoPlanError(
        f"no plan for {what} in {where}: {reasons or 'no instance type carries that GPU'}",
        [g.model_dump(mode="json") for g in groups],
    )


def _carriers(request: Request) -> set[str]:
    return {i.name for gpu in request.gpus for i in instances_with(gpu.name)}


def _plan(request: Request, ranked: list[Candidate], rejected: Rejections) -> Plan:
    best = ranked[0]
    placement, spec = best.placement, request.spec
    worst, rule = placement.budget[0], placement.rule
    by_rule = request.method is Method.RULE_OF_THUMB
    cost = _cost(request, best)
    return Plan(
        model=spec.name,
        hf_id=spec.hf_id or "",
        params_total=params_total(spec),
        params_active=params_active(spec),
        precision=request.precision.name,
        kv_dtype=request.kv_dtype.name,
        method=request.method,
        workload=request.workload,
        weights_bytes=weight_bytes(spec, request.precision),
        kv_bytes_per_token=int(kv_growth_per_token(spec, request.kv_dtype.bytes_per_element)),
        memory_required_gb=rule.memory_required_gb if by_rule else _required_gb(placement),
        gpus_required=placement.gpus_required,
        rule_of_thumb=rule,
        layout=placement.layout,
        replicas=placement.copies,
        gpu=placement.gpu.name,
        instance_type=placement.instance.name,
        nodes=best.nodes,
        gpus_provisioned=best.nodes * placement.instance.gpus,
        node_groups=(_group(placement),),
        region=best.offer.region,
        zones=placement.instance.zones[best.offer.region],
        purchase=best.offer.purchase,
        cost=cost,
        memory_per_gpu_gib=worst.per_gpu(),
        kv_cache_needed_gib=gib(worst.kv_needed),
        kv_cache_tokens=_kv_tokens(request, placement),
        max_concurrency=placement.max_concurrency,
        engine=placement.engine.name,
        engine_flags=_flags(request, placement),
        evidence=_evidence(placement, cost),
        assumptions=_assumptions(request, placement),
        warnings=_warnings(request, best),
        alternatives=tuple(_alternative(request, c) for c in ranked[1:]),
        rejected=rejected.grouped(),
    )


def _required_gb(placement: Placement) -> float:
    """What one copy must have, all ranks together, in GB (10^9)."""
    ranks_per_stage = placement.layout.gpus // placement.layout.pp
    return sum(stage.required for stage in placement.budget) * ranks_per_stage / GB


def _group(placement: Placement) -> NodeGroup:
    return NodeGroup(
        instance_type=placement.instance.name,
        nodes=placement.nodes,
        nodes_per_replica=placement.nodes_per_copy,
        replicas=placement.copies,
        replicas_per_node=placement.copies_per_node,
    )


def _cost(request: Request, best: Candidate) -> Cost:
    hourly, hours = best.usd_per_hour, request.hours_per_month
    monthly = None if hourly is None else hourly * hours
    line = CostLine(
        item=f"{best.placement.instance.name}, {best.offer.purchase}, {best.offer.region}",
        quantity=best.nodes,
        unit="instance",
        usd_per_unit_hour=best.offer.usd_per_hour,
        usd_per_hour=hourly,
        usd_per_month=monthly,
        evidence=best.offer.evidence,
    )
    return Cost(
        usd_per_hour=hourly,
        usd_per_month=monthly,
        hours_per_month=hours,
        price_as_of=best.offer.price_as_of,
        price_source=best.offer.price_source,
        evidence=best.offer.evidence,
        lines=(line,),
    )


def _kv_tokens(request: Request, placement: Placement) -> int:
    """Tokens that the pool holds at the asked context, as vLLM reports it."""
    return int(placement.max_concurrency * request.workload.context)


def _flags(request: Request, placement: Placement) -> dict[str, str]:
    """The engine's flags that this plan stands for."""
    flags = {
        "tensor-parallel-size": str(placement.layout.tp),
        "pipeline-parallel-size": str(placement.layout.pp),
        "max-model-len": str(request.workload.context),
        "gpu-memory-utilization": str(placement.engine.gpu_memory_utilization),
        "max-num-seqs": str(placement.engine.max_num_seqs),
        "max-num-batched-tokens": str(placement.engine.max_num_batched_tokens),
    }
    if placement.layout.ep > 1:
        flags["enable-expert-parallel"] = ""
    if request.kv_dtype.name == "fp8":
        flags["kv-cache-dtype"] = "fp8"
    return flags


def _evidence(placement: Placement, cost: Cost) -> dict[str, Evidence]:
    visible = placement.gpu.cuda_evidence
    return {
        "parameters": Evidence.DERIVED,
        "weights": Evidence.DERIVED,
        "kv_cache": weakest(Evidence.DERIVED, visible, placement.engine.version.evidence),
        "overheads": Evidence.ESTIMATED,
        "cuda_visible_memory": visible,
        "price": cost.evidence,
    }


def _assumptions(request: Request, placement: Placement) -> tuple[str, ...]:
    engine = placement.engine
    return (
        *request.defaults_used,
        f"{engine.name} defaults: {engine.gpu_memory_utilization:.0%} of GPU memory, "
        f"{engine.max_num_seqs} sequences, {engine.max_num_batched_tokens} batched tokens",
    )


def _warnings(request: Request, best: Candidate) -> tuple[str, ...]:
    placement, found = best.placement, list[str]()
    runs = support(request.precision, placement.gpu.compute_capability)
    if runs.mode == "weight-only":
        found.append(f"{placement.gpu.name}: {runs.reason}")
    if best.offer.evidence is Evidence.ESTIMATED:
        found.append("the price is an estimate from other instance families in this region")
    if best.usd_per_hour is None:
        found.append(f"no {best.offer.purchase} price is known: the cost is unknown, not zero")
    if best.offer.usd_per_hour_low is not None:
        low = best.offer.usd_per_hour_low
        found.append(f"spot: seen from {usd(low)} an hour per node; the highest price is counted")
    if request.method is Method.RULE_OF_THUMB:
        found += _rule_warnings(placement)
    if not placement.instance.zones[best.offer.region]:
        found.append(f"the zones of {best.offer.region} that offer it are not known")
    return tuple(found)


def _rule_warnings(placement: Placement) -> list[str]:
    counted = "nominal" if placement.rule.parameters_are_nominal else "exact"
    said = [
        f"the rule counts {counted} parameters x bytes x 1.2 against nominal "
        f"{placement.rule.gpu_nominal_gb} GB a GPU; it knows no context and no batching"
    ]
    short = placement.budget[0].short
    if short > 0:
        said.append(f"the engine would be {gib(short):.1f} GiB short per GPU on this layout")
    return said


def _alternative(request: Request, c: Candidate) -> Alternative:
    hourly = c.usd_per_hour
    return Alternative(
        instance_type=c.placement.instance.name,
        gpu=c.placement.gpu.name,
        region=c.offer.region,
        purchase=c.offer.purchase,
        nodes=c.nodes,
        layout=c.placement.layout,
        usd_per_hour=hourly,
        usd_per_month=None if hourly is None else hourly * request.hours_per_month,
    )
