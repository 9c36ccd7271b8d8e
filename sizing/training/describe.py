"""A Plan from the best nodes for a training run: every figure, and how it is known."""

from __future__ import annotations

from sizing.bill import bill
from sizing.budget import budget_warning
from sizing.candidates import Candidate
from sizing.census import params_active, params_total
from sizing.describe import MAX_ALTERNATIVES, alternative, others
from sizing.draft import draft, stored_bytes
from sizing.evidence import Evidence
from sizing.plan import MemoryPerGpu, Method, Plan
from sizing.purchase_options import purchase_options
from sizing.quota import quota_for
from sizing.request import Request
from sizing.search import Found
from sizing.training.answer import MARGIN, breakdown, device_bytes, outside_bytes
from sizing.training.compute import DEFAULT_UTILIZATION, run_time
from sizing.training.job import Job
from sizing.training.memory import RankMemory, training_memory
from sizing.training.outcome import RunEstimate, TrainingPlan
from sizing.training.parameters import trained_parameters
from sizing.training.placement import TrainingPlacement
from sizing.training.search import asked, host_gib
from sizing.training.trade_offs import trade_offs
from sizing.units import GB, gib

_EXAMPLE_TOKENS = 1e9


def describe_training(request: Request, found: Found) -> Plan:
    """The plan of the best candidate."""
    best = found.ranked[0]
    placement, spec, instance = best.placement, request.spec, best.lot.instance
    if not isinstance(placement, TrainingPlacement):
        raise TypeError("a training run is placed by sizing.training.placement")
    chosen, job = best.lot.offer, placement.job
    worst = training_memory(job)[0]
    rest, made = others(request, found), draft(request, best)
    cost = bill(request, best, made)
    return Plan(
        model=spec.name,
        hf_id=spec.hf_id or "",
        params_total=params_total(spec),
        params_active=params_active(spec),
        precision=job.precision.name,
        kv_dtype=request.kv_dtype.name,
        method=Method.ENGINE,
        workload=request.workload,
        weights_bytes=stored_bytes(request, job.precision),
        kv_bytes_per_token=0,
        memory_required_gb=device_bytes(job, worst) * job.cut.gpus / GB,
        gpus_required=placement.gpus_required,
        rule_of_thumb=placement.rule,
        layout=placement.layout,
        replicas=1,
        gpu=placement.gpu.name,
        instance_type=instance.name,
        nodes=best.nodes,
        gpus_provisioned=best.nodes * instance.gpus,
        node_groups=made.node_groups,
        region=chosen.region,
        zones=instance.zones[chosen.region],
        purchase=chosen.purchase,
        prefer=request.prefer,
        precisions_considered=(job.precision.name,),
        cost=cost,
        purchase_options=purchase_options(best, request.hours_per_month),
        quota=quota_for(instance, best.nodes, chosen.region, chosen.purchase),
        memory_per_gpu_gib=_memory(job, worst),
        kv_cache_needed_gib=0.0,
        kv_cache_tokens=0,
        max_concurrency=0.0,
        engine=job.framework.name,
        evidence={
            "parameters": spec.evidence,
            "weights": Evidence.DERIVED,
            "overheads": Evidence.ESTIMATED,
            "cuda_visible_memory": placement.gpu.cuda_evidence,
            "run_time": Evidence.ESTIMATED,
            "price": chosen.evidence,
            "cost": cost.evidence,
        },
        assumptions=_assumptions(request, job),
        warnings=tuple(
            filter(None, [_slow_experts(job), budget_warning(cost, request.config.budget)])
        ),
        alternatives=tuple(alternative(request, best, c) for c in rest[:MAX_ALTERNATIVES]),
        alternatives_omitted=max(0, len(rest) - MAX_ALTERNATIVES),
        rejected=found.rejected.grouped(),
        training=_training(request, best, placement, worst),
    )


def _memory(job: Job, worst: RankMemory) -> MemoryPerGpu:
    """One GPU in the plan's parts; they sum to what CUDA sees."""
    parts, visible = worst.parts, job.gpu.cuda_bytes
    passing = parts.activations + parts.recomputation + parts.logits_and_loss
    passing += parts.gathered_weights + parts.communication
    states = parts.optimizer_states + parts.master_weights
    return MemoryPerGpu(
        weights=gib(parts.weights + parts.adapters),
        kv_cache=0.0,
        activations=gib(passing),
        gradients=gib(parts.gradients),
        optimizer_states=gib(states),
        non_torch=gib(outside_bytes(job)),
        cuda_graphs=0.0,
        reserve=gib(parts.fragmentation),
        free=gib(visible - device_bytes(job, worst)),
    )


def _training(
    request: Request, best: Candidate, placement: TrainingPlacement, worst: RankMemory
) -> TrainingPlan:
    job, (base, load) = placement.job, asked(request)
    run = _run(best, job, load.tokens, load.utilization)
    return TrainingPlan(
        method=job.method.value,
        framework=job.framework.name,
        optimizer=job.optimizer.name,
        sharding=job.sharding.value,
        checkpointing=job.checkpointing.value,
        offload=job.offload.value,
        loss=job.loss.value,
        seq_len=job.seq_len,
        micro_batch=job.micro_batch,
        micro_batches=job.micro_batches,
        data_parallel=job.cut.dp,
        context_parallel=job.cut.cp,
        tokens_per_step=job.tokens_per_step,
        params_trained=trained_parameters(job),
        lora_rank=job.adapters.rank if job.adapters else None,
        lora_targets=job.adapters.targets if job.adapters else (),
        peak_memory_gib_per_gpu=gib(worst.parts.total),
        device_memory_gib_per_gpu=gib(device_bytes(job, worst)),
        host_memory_gib_per_node=host_gib(job, best.lot.instance),
        breakdown_gib=breakdown(worst.parts),
        worst_moment=worst.moment,
        margin=MARGIN,
        run=run,
        trade_offs=trade_offs(best, placement, base, load, run),
    )


def _run(best: Candidate, job: Job, tokens: float | None, utilization: float | None) -> RunEstimate:
    share = DEFAULT_UTILIZATION if utilization is None else utilization
    found = run_time(job, tokens or _EXAMPLE_TOKENS, share)
    hour = best.usd_per_hour
    return RunEstimate(
        tokens=found.tokens,
        is_example=tokens is None,
        utilization=share,
        flops_per_token=found.flops_per_token,
        tokens_per_second=found.tokens_per_second,
        hours=found.hours,
        usd=None if hour is None else hour * found.hours,
    )


def _slow_experts(job: Job) -> str | None:
    if not job.spec.has_experts:
        return None
    return (
        "routed experts multiply few tokens each, so such runs usually reach a smaller share of "
        "the peak than dense ones: `utilization` says yours"
    )


def _assumptions(request: Request, job: Job) -> tuple[str, ...]:
    load = request.workload.training
    said = [*request.defaults_used, f"{job.framework.label}: {job.framework.source}"]
    if load and load.utilization is None:
        said.append(f"{DEFAULT_UTILIZATION:.0%} of the GPUs' dense peak, recomputation included")
    said.append(f"{MARGIN:.0%} of a GPU's memory kept free, as measured runs differ by that much")
    return tuple(said)
