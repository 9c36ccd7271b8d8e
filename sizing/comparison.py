"""One model at several precisions side by side: memory, nodes, cost, speed and accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from sizing.capacity import rule_for
from sizing.catalog.accuracy import Recovery, recoveries
from sizing.catalog.gpus import gpu, gpu_names
from sizing.errors import NoPlanError
from sizing.evidence import Evidence
from sizing.gpu import Gpu
from sizing.performance.kept_busy import kept_busy
from sizing.performance.records import Energy, TokenCost
from sizing.plan import Method, Plan, RuleOfThumb
from sizing.precision import Precision, native_precision
from sizing.request import Request
from sizing.support import support
from sizing.weighed import plan_at, worth_weighing
from sizing.workload import Workload

EVALUATE = "evaluate on your task"
PUBLISHED = "the format it is published in"
_RATE_DIGITS, _MS_DIGITS = 1, 2


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AtPrecision(_Record):
    """One precision. Where it has no plan, `note` says why and the plan's figures are None.

    Memory is GB (10^9) of one copy; `rule_*` are the rule of thumb's on the plan's GPU, of one copy
    too; `gpus_required` are those of the copies that the load needs. Rates,
    milliseconds (means) and kWh are at the load or the concurrency asked for. `gpus_native` of the
    GPUs that AWS sells compute in the format, `gpus_weight_only` only store weights in it.
    `accuracy` is what is published for exactly this format.
    """

    precision: str
    label: str
    bits: float
    memory_required_gb: float | None = None
    rule_memory_gb: float
    rule_gpus: int
    gpus_per_copy: int | None = None
    gpus_required: int | None = None
    gpus_provisioned: int | None = None
    gpu: str | None = None
    instance_type: str | None = None
    nodes: int | None = None
    replicas: int | None = None
    layout: str | None = None
    usd_per_hour: float | None = None
    usd_per_month: float | None = None
    price_as_of: str | None = None
    price_source: str | None = None
    capacity_requests_per_second: float | None = None
    output_tokens_per_s: float | None = None
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    usd_per_million_output_tokens: float | None = None
    kwh_per_million_output_tokens: float | None = None
    gpus_native: tuple[str, ...]
    gpus_weight_only: tuple[str, ...]
    accuracy: tuple[Recovery, ...] = ()
    accuracy_note: str = ""
    note: str = ""
    evidence: dict[str, Evidence]


class Comparison(_Record):
    """The precisions in the order in which they are weighed, or were asked for.

    `rule_of_thumb` holds what the rule starts from; the columns hold what it gives.
    """

    model: str
    hf_id: str
    rule_of_thumb: RuleOfThumb
    workload: Workload
    regions: tuple[str, ...]
    purchases: tuple[str, ...]
    hours_per_month: float
    assumptions: tuple[str, ...]
    precisions: tuple[AtPrecision, ...]


def compare(request: Request, *, chosen: bool) -> Comparison:
    """Plans of `request` at each of its precisions: all of them where they were `chosen`, else
    those worth weighing.

    Raises NoPlanError where none has a plan.
    """
    alone = replace(request, other_gpus=())
    weighed = request.precisions if chosen else worth_weighing(request)
    own = request.precisions[0].name
    plans = [plan_at(alone, precision, own) for precision in weighed]
    if not any(isinstance(plan, Plan) for plan in plans):
        raise _no_plan(request, weighed, plans)
    columns = [_column(alone, p, plan) for p, plan in zip(weighed, plans, strict=True)]
    return Comparison(
        model=request.spec.name,
        hf_id=request.spec.hf_id or "",
        rule_of_thumb=rule_for(request.spec, weighed[0], _card(request, plans[0])),
        workload=request.workload,
        regions=request.regions,
        purchases=tuple(p.value for p in request.purchases),
        hours_per_month=request.hours_per_month,
        assumptions=(*request.defaults_used, _lengths(request)),
        precisions=tuple(columns),
    )


def _no_plan(
    request: Request, weighed: Sequence[Precision], plans: Sequence[Plan | str]
) -> NoPlanError:
    reasons = "; ".join(f"{p.name}: {why}" for p, why in zip(weighed, plans, strict=True))
    return NoPlanError(f"no plan for {request.spec.name} at any precision: {reasons}")


def _column(request: Request, precision: Precision, plan: Plan | str) -> AtPrecision:
    rule = rule_for(request.spec, precision, _card(request, plan))
    published = recoveries(request.spec.name, precision.name)
    # Its own publisher's format is what other formats are measured against.
    is_own = precision.name == native_precision(request.spec).name
    column = AtPrecision(
        precision=precision.name,
        label=precision.label,
        bits=precision.bits,
        rule_memory_gb=rule.memory_required_gb,
        rule_gpus=rule.gpus_required,
        gpus_native=_running(precision, "native"),
        gpus_weight_only=_running(precision, "weight-only"),
        accuracy=published,
        accuracy_note="" if published else PUBLISHED if is_own else EVALUATE,
        note=plan if isinstance(plan, str) else "",
        evidence={"accuracy": Evidence.MEASURED if published else Evidence.UNKNOWN},
    )
    if isinstance(plan, str):
        return column
    asked = replace(request, precisions=(precision,))
    return column.model_copy(update={**_planned(plan), **_served(asked, plan, column.evidence)})


def _planned(plan: Plan) -> dict[str, object]:
    by_rule = plan.method is Method.RULE_OF_THUMB
    return {
        "memory_required_gb": plan.memory_required_gb,
        "gpus_per_copy": plan.rule_of_thumb.gpus_required if by_rule else plan.layout.gpus,
        "gpus_required": plan.gpus_required,
        "gpus_provisioned": plan.gpus_provisioned,
        "gpu": plan.gpu,
        "instance_type": plan.instance_type,
        "nodes": plan.nodes,
        "replicas": plan.replicas,
        "layout": str(plan.layout),
        "usd_per_hour": plan.cost.usd_per_hour,
        "usd_per_month": plan.cost.usd_per_month,
        "price_as_of": plan.cost.price_as_of,
        "price_source": plan.cost.price_source,
    }


def _served(request: Request, plan: Plan, known: dict[str, Evidence]) -> dict[str, object]:
    """The load as it was simulated, else the concurrency in closed form."""
    evidence = {**plan.evidence, **known, "performance": Evidence.ESTIMATED}
    if load := plan.performance:
        return {
            "capacity_requests_per_second": load.capacity_requests_per_second,
            "output_tokens_per_s": load.output_tokens_per_s,
            "ttft_ms": load.ttft_ms.mean,
            "tpot_ms": load.tpot_ms and load.tpot_ms.mean,
            **_per_million(load.cost_at_load, load.energy),
            "evidence": evidence,
        }
    busy = kept_busy(request, plan)
    if busy is None:
        return {"evidence": {**evidence, "performance": Evidence.UNKNOWN}}
    return {
        "output_tokens_per_s": round(busy.output_tokens_per_s, _RATE_DIGITS),
        "ttft_ms": round(busy.ttft_ms, _MS_DIGITS),
        "tpot_ms": round(busy.tpot_ms, _MS_DIGITS),
        **_per_million(busy.cost, busy.energy),
        "evidence": evidence,
    }


def _per_million(cost: TokenCost, energy: Energy) -> dict[str, object]:
    return {
        "usd_per_million_output_tokens": cost.usd_per_million_output_tokens,
        "kwh_per_million_output_tokens": energy.kwh_per_million_output_tokens,
    }


def _card(request: Request, plan: Plan | str) -> Gpu:
    return gpu(plan.gpu) if isinstance(plan, Plan) else request.gpus[0]


def _running(precision: Precision, mode: str) -> tuple[str, ...]:
    cards = ((name, gpu(name).compute_capability) for name in gpu_names())
    return tuple(name for name, able in cards if support(precision, able).mode == mode)


def _lengths(request: Request) -> str:
    if request.workload.load:
        return "rates and times are the simulated load's, means over requests"
    half = request.workload.context // 2
    prompt = request.workload.context - half
    return (
        f"rates and times are estimated means with {request.workload.concurrency:,} requests kept "
        f"in flight, each {prompt:,} tokens of prompt and {half:,} of answer"
    )
