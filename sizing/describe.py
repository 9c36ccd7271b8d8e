"""A Plan from the best candidate: every figure, how it is known, and what was not taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain

from sizing.bill import bill
from sizing.budget import budget_warning
from sizing.candidates import Candidate
from sizing.catalog.checkpoint_rows import find
from sizing.catalog.checkpoints import is_dense_text, serves, stored_format
from sizing.catalog.prices import STALE_AFTER, is_stale, offer
from sizing.census import kv_growth_per_token, params_active, params_total
from sizing.checkpoint import Checkpoint
from sizing.draft import draft, stored_bytes
from sizing.evidence import Evidence, weakest
from sizing.instance import Offer, Purchase
from sizing.memory import RankBudget, cache_tokens, max_concurrency
from sizing.model import ModelSpec
from sizing.performance.records import ServedLoad
from sizing.placement import Placement
from sizing.plan import Alternative, Cost, Method, Plan, Prefer
from sizing.precision import Precision, weight_bytes
from sizing.purchase_options import purchase_options
from sizing.quota import quota_for
from sizing.request import Request
from sizing.resolve import precision_in_name
from sizing.search import Found
from sizing.support import support
from sizing.units import GB, gib, usd
from sizing.workload import Workload

MAX_ALTERNATIVES = 50
# vLLM's names of number formats; quantised ones say themselves what they are.
_DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
_SAME_SIZE = 0.01


def describe(request: Request, found: Found) -> Plan:
    """The plan of the best candidate."""
    best = found.ranked[0]
    placement, spec, instance = best.placement, request.spec, best.lot.instance
    chosen, rule = best.lot.offer, placement.rule
    stages = placement.budget()
    by_rule = request.method is Method.RULE_OF_THUMB
    rest = others(request, found)
    made = draft(request, best)
    cost, checkpoint = bill(request, best, made), made.checkpoint
    return Plan(
        model=spec.name,
        hf_id=spec.hf_id or "",
        params_total=params_total(spec),
        params_active=params_active(spec),
        precision=placement.precision.name,
        kv_dtype=request.kv_dtype.name,
        method=request.method,
        workload=_workload(request, best),
        weights_bytes=stored_bytes(request, placement.precision),
        kv_bytes_per_token=int(kv_growth_per_token(spec, request.kv_dtype.bytes_per_element)),
        memory_required_gb=rule.memory_required_gb if by_rule else _required_gb(placement, stages),
        gpus_required=placement.gpus_required,
        rule_of_thumb=rule,
        layout=placement.layout,
        replicas=placement.copies,
        gpu=placement.gpu.name,
        instance_type=instance.name,
        nodes=best.nodes,
        gpus_provisioned=best.nodes * instance.gpus,
        node_groups=made.node_groups,
        region=chosen.region,
        zones=instance.zones[chosen.region],
        purchase=chosen.purchase,
        prefer=request.prefer,
        precisions_considered=tuple(p.name for p in request.precisions),
        cost=cost,
        purchase_options=purchase_options(best, request.hours_per_month),
        quota=quota_for(instance, best.nodes, chosen.region, chosen.purchase),
        memory_per_gpu_gib=stages[0].per_gpu(),
        kv_cache_needed_gib=gib(stages[0].kv_needed),
        kv_cache_tokens=cache_tokens(stages, request.workload.context, placement.engine.version),
        max_concurrency=max_concurrency(stages),
        performance=_performance(request, found, cost),
        engine=placement.engine.name,
        engine_flags=_flags(request, placement),
        checkpoint=checkpoint,
        evidence=_evidence(spec, best, cost),
        assumptions=_assumptions(request, placement, checkpoint),
        warnings=(
            *_warnings(request, best, stages, checkpoint),
            *filter(None, [budget_warning(cost, request.config.budget)]),
        ),
        alternatives=tuple(alternative(request, best, c) for c in rest[:MAX_ALTERNATIVES]),
        alternatives_omitted=max(0, len(rest) - MAX_ALTERNATIVES),
        rejected=found.rejected.grouped(),
    )


def _performance(request: Request, found: Found, cost: Cost) -> ServedLoad | None:
    if found.served is None:
        return None
    # Only loads need the model of time.
    from sizing.performance.outlook import served_load

    return served_load(request, found.ranked[0], found.served, cost)


def _workload(request: Request, best: Candidate) -> Workload:
    """What was asked; a load's concurrency is what it has in flight on these nodes."""
    if request.workload.load is None:
        return request.workload
    return request.workload.model_copy(update={"concurrency": best.concurrency})


def with_staleness(plan: Plan, today: date) -> Plan:
    """The plan with a warning where its price is older than the threshold on that day."""
    as_of = plan.cost.price_as_of
    if not is_stale(as_of, today):
        return plan
    said = f"the price is of {as_of}, more than {STALE_AFTER.days} days old"
    warning = f"{said}: `sizing prices refresh` asks AWS for today's"
    return plan.model_copy(update={"warnings": (*plan.warnings, warning)})


def _required_gb(placement: Placement, stages: Sequence[RankBudget]) -> float:
    """What one copy must have, all ranks together, in GB (10^9)."""
    ranks_per_stage = placement.layout.gpus // placement.layout.pp
    return sum(stage.required for stage in stages) * ranks_per_stage / GB


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
    if placement.precision.name in _DTYPES:
        flags["dtype"] = _DTYPES[placement.precision.name]
    if request.kv_dtype.name != "auto":
        flags["kv-cache-dtype"] = _DTYPES.get(request.kv_dtype.name, request.kv_dtype.name)
    return flags


def _evidence(spec: ModelSpec, best: Candidate, cost: Cost) -> dict[str, Evidence]:
    placement, visible = best.placement, best.placement.gpu.cuda_evidence
    return {
        "parameters": spec.evidence,
        "weights": weakest(Evidence.DERIVED, spec.evidence),
        "kv_cache": weakest(Evidence.DERIVED, visible, placement.engine.version.evidence),
        "overheads": Evidence.ESTIMATED,
        "cuda_visible_memory": visible,
        "price": best.lot.offer.evidence,
        "cost": cost.evidence,
    }


def _assumptions(
    request: Request, placement: Placement, checkpoint: Checkpoint | None
) -> tuple[str, ...]:
    engine = placement.engine
    return (
        *request.defaults_used,
        f"{engine.name} defaults: {engine.gpu_memory_utilization:.0%} of GPU memory, "
        f"{engine.max_num_seqs} sequences, {engine.max_num_batched_tokens} batched tokens",
        *_assumed_of_files(request.spec, placement, checkpoint),
    )


def _assumed_of_files(
    spec: ModelSpec, placement: Placement, checkpoint: Checkpoint | None
) -> Iterator[str]:
    """A quantised copy of a model with unlike layers may leave some alone, which few copies say."""
    known = find(checkpoint.repository) if checkpoint else None
    if known and not known.row.keep and placement.precision.bits < 16 and not is_dense_text(spec):
        yield f"{known.row.repository} quantises every linear layer"


def _warnings(
    request: Request,
    best: Candidate,
    stages: Sequence[RankBudget],
    checkpoint: Checkpoint | None,
) -> list[str]:
    placement = best.placement
    said = list(_price_warnings(request, best))
    if checkpoint:
        said += _checkpoint_warnings(request.spec, placement, checkpoint)
    if request.checkpoint:
        said += _named_files_warnings(placement, request.checkpoint)
    runs = support(placement.precision, placement.gpu.compute_capability)
    if runs.mode == "weight-only":
        said.append(f"{placement.gpu.name}: {runs.reason}")
    if request.method is Method.RULE_OF_THUMB:
        said += _rule_warnings(placement, stages)
    owned = best.lot.offer.purchase is Purchase.OWNED
    if not owned and not best.lot.instance.zones[best.lot.offer.region]:
        said.append(f"the zones of {best.lot.offer.region} that offer it are not known")
    return said


def _checkpoint_warnings(
    spec: ModelSpec, placement: Placement, checkpoint: Checkpoint
) -> Iterator[str]:
    """Where the files are not what was sized, or what the layout can load."""
    planned, stored = placement.precision, stored_format(placement.precision, checkpoint)
    more = _more_bytes(spec, stored, planned)
    if abs(more) > _SAME_SIZE:
        size = f"{abs(more):.0%} {'larger' if more > 0 else 'smaller'}"
        yield f"{checkpoint.repository} is {size} than the {planned.name} that was sized"


def _named_files_warnings(placement: Placement, named: Checkpoint) -> Iterator[str]:
    """The plan counts on what files hold whose name does not say it."""
    planned, said = placement.precision, precision_in_name(named.repository)
    if planned.bits < 16 and not (said and serves(planned, said.precision)):
        yield f"{named.repository} must hold the weights at {planned.name}: the plan counts on it"


def _more_bytes(spec: ModelSpec, stored: Precision, planned: Precision) -> float:
    """By which share of the planned bytes the stored ones exceed them."""
    if stored == planned or stored.bits > 8:
        return 0.0
    return weight_bytes(spec, stored) / weight_bytes(spec, planned) - 1


def _price_warnings(request: Request, best: Candidate) -> list[str]:
    chosen, said = best.lot.offer, list[str]()
    if chosen.evidence is Evidence.ESTIMATED:
        said.append("the price is an estimate from other instance families in this region")
    if best.usd_per_hour is None:
        said.append(f"no {chosen.purchase} price is known: the cost is unknown, not zero")
    if chosen.usd_per_hour_low is not None:
        low, high = usd(chosen.usd_per_hour_low), usd(chosen.usd_per_hour or 0.0)
        seen = "the highest price is counted" if low != high else "no other price was seen"
        said.append(f"{chosen.purchase}: seen from {low} an hour per node; {seen}")
    if chosen.purchase is Purchase.SPOT and chosen.usd_per_hour == _on_demand(chosen):
        said.append("spot: some zone asked the on-demand price, so it had no capacity to spare")
    if best.billed_hours > request.hours_per_month and best.usd_per_hour is not None:
        said.append(
            f"{chosen.purchase}: {best.billed_hours:g} hours a month are billed, "
            f"{request.hours_per_month:g} are used"
        )
    return said


def _on_demand(chosen: Offer) -> float | None:
    return offer(chosen.instance_type, chosen.region, Purchase.ON_DEMAND).usd_per_hour


def _rule_warnings(placement: Placement, stages: Sequence[RankBudget]) -> list[str]:
    counted = "nominal" if placement.rule.parameters_are_nominal else "exact"
    said = [
        f"the rule counts {counted} parameters x bytes x 1.2 against nominal "
        f"{placement.rule.gpu_nominal_gb} GB a GPU; it knows no context and no batching"
    ]
    short = stages[0].short
    if short > 0:
        said.append(f"the engine would be {gib(short):.1f} GiB short per GPU on this layout")
    return said


def others(request: Request, found: Found) -> list[Candidate]:
    """Everything but the best, on the GPUs asked for and on others, best first."""
    rest = chain(found.ranked[1:], found.elsewhere)
    return sorted(rest, key=lambda c: c.rank(request.prefer))


def alternative(request: Request, best: Candidate, c: Candidate) -> Alternative:
    return Alternative(
        instance_type=c.lot.instance.name,
        gpu=c.placement.gpu.name,
        region=c.lot.offer.region,
        purchase=c.lot.offer.purchase,
        nodes=c.nodes,
        layout=c.placement.layout,
        usd_per_hour=c.usd_per_hour,
        usd_per_month=c.usd_per_month,
        precision=c.placement.precision.name,
        replicas=c.placement.copies,
        headroom=c.headroom,
        note=_why_not(request, best, c),
    )


def _why_not(request: Request, best: Candidate, c: Candidate) -> str:
    """What speaks against it, where the price alone does not say so."""
    asked = {gpu.name for gpu in request.gpus}
    if c.placement.gpu.name not in asked:
        return f"{c.placement.gpu.name} was not asked for"
    month, than = c.usd_per_month, best.usd_per_month
    if month is None:
        return "price unknown"
    if request.workload.load:
        return "by means, not simulated"
    if request.prefer is not Prefer.CHEAPEST and than is not None and month < than:
        return {Prefer.NODES: "more nodes", Prefer.HEADROOM: "less room"}[request.prefer]
    return ""
