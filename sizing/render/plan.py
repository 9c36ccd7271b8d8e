"""A plan as a page of text: the answer first, then where every gigabyte and dollar goes."""

from __future__ import annotations

from collections.abc import Sequence

from sizing.deployed import Deployed, deployed_as
from sizing.instance import Purchase
from sizing.plan import Finding, Method, Plan, Prefer, Quota
from sizing.render.change import change_line, change_section
from sizing.render.choices import alternatives, other_gpus, rejected, ways_to_buy
from sizing.render.cost import all_in, cost_section
from sizing.render.load import load_section
from sizing.render.text import WIDTH, bar, bullets, checkpoint_text, fields, wrapped
from sizing.render.training_plan import (
    METHODS,
    run_answer,
    trade_offs,
    training_facts,
    training_memory_section,
)
from sizing.units import gib, usd
from sizing.workload import Workload

_VERDICTS = {"yes": "ok", "no": "NO", "unknown": "unknown"}


def render_plan(
    plan: Plan,
    previous: Plan | Deployed | None = None,
    *,
    width: int = WIDTH,
    stack: str | None = None,
) -> str:
    """The whole page. `previous` is what runs now, None if that is not known."""
    before = deployed_as(previous) if isinstance(previous, Plan) else previous
    sections = [
        _answer(plan, before, width, stack),
        fields(_facts(plan, stack), width),
        load_section(plan, width),
        _memory_section(plan),
        trade_offs(plan.training, width) if plan.training else [],
        cost_section(plan, width),
        change_section(plan, before, width) if before else [],
        ways_to_buy(plan, width),
        ["Warnings", *bullets(plan.warnings, width)] if plan.warnings else [],
        alternatives(plan, width),
        other_gpus(plan, width),
        rejected(plan, width),
        fields([("Assumed", "; ".join(plan.assumptions))], width),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def render_answer(plan: Plan, *, width: int = WIDTH, stack: str | None = None) -> str:
    """The answer alone: what is created and what it costs."""
    return "\n".join(_answer(plan, None, width, stack))


def _answer(plan: Plan, before: Deployed | None, width: int, stack: str | None) -> list[str]:
    said = [
        _nodes_answer(plan, stack),
        run_answer(plan.training) if plan.training else None,
        all_in(plan),
        before and change_line(plan, before),
    ]
    return [line for text in said if text for line in wrapped(text, width)]


def _nodes_answer(plan: Plan, stack: str | None) -> str:
    """The nodes and their price, which is nearly all of it."""
    lead = f"{stack}: " if stack else ""
    lead += f"{METHODS[plan.training.method]} of " if plan.training else ""
    month, hour = plan.cost.nodes_usd_per_month, plan.cost.nodes_usd_per_hour
    money = (
        "cost unknown"
        if month is None or hour is None
        else f"{usd(hour)} an hour, {usd(month)} a month"
    )
    gpus = _gpus(plan.gpus_provisioned, plan.gpu)
    return f"{lead}{plan.model} at {plan.precision} -> {_nodes(plan)} ({gpus}), {money}"


def _nodes(plan: Plan) -> str:
    return f"{plan.nodes} x {plan.instance_type}"


def _facts(plan: Plan, stack: str | None) -> list[tuple[str, str]]:
    about = training_facts(plan, plan.training) if plan.training else _serving_facts(plan)
    return [
        *about,
        *_chosen(plan),
        *([("Quota", _quota(plan.quota, stack))] if plan.quota else []),
        *_account(plan.account),
    ]


def _serving_facts(plan: Plan) -> list[tuple[str, str]]:
    rule = plan.rule_of_thumb
    counted = "nominal" if rule.parameters_are_nominal else "exact"
    copies = "1 copy" if plan.replicas == 1 else f"{plan.replicas} copies"
    return [
        ("Needed", _needed(plan)),
        (
            "Rule of thumb",
            f"{rule.memory_required_gb:,.0f} GB, {_gpus(rule.gpus_required, plan.gpu)} of nominal "
            f"{rule.gpu_nominal_gb} GB ({counted} {rule.parameters / 1e9:,.4g} billion parameters)",
        ),
        (
            "Provisioned",
            f"{_gpus(plan.gpus_provisioned, plan.gpu)} = {_nodes(plan)} {_where(plan)}; "
            f"{copies} of {plan.layout}",
        ),
        ("Load", _load(plan.workload)),
        (
            "KV cache",
            f"room for {plan.kv_cache_tokens:,} tokens per copy: {plan.max_concurrency:,.1f} such "
            f"sequences; {plan.kv_bytes_per_token:,} bytes a token{_kv_format(plan)}",
        ),
        ("Weights", f"{gib(plan.weights_bytes):,.1f} GiB in all, {plan.params_total:,} parameters"),
        ("Engine", f"{plan.engine}; overheads {plan.evidence['overheads']}"),
        ("Checkpoint", _checkpoint(plan)),
    ]


def _load(workload: Workload) -> str:
    each, load = f"{workload.context:,} tokens each", workload.load
    if load is None:
        return f"{workload.concurrency:,} sequences at once, {each}"
    lengths = f"{load.prompt_tokens:,} + {load.output_tokens:,} tokens"
    varied = "" if load.longest == load.tokens else f" on average, up to {load.longest:,} in all"
    rate = f"{load.requests_per_second:,g} requests a second of {lengths}{varied}"
    return f"{rate}: {workload.concurrency:,} in flight"


def _checkpoint(plan: Plan) -> str:
    """The files that will be served, or that none are known."""
    if plan.checkpoint:
        return checkpoint_text(plan.checkpoint)
    return f"none known at {plan.precision}: nodes alone, or name one with serving.checkpoint"


def _chosen(plan: Plan) -> list[tuple[str, str]]:
    """How the choice was made, where it was not simply the cheapest of one precision."""
    words = {Prefer.NODES: "fewest nodes", Prefer.HEADROOM: "most room for load"}
    said = [words[plan.prefer]] if plan.prefer in words else []
    if len(plan.precisions_considered) > 1:
        said.append(f"{plan.precision} of {', '.join(plan.precisions_considered)}")
    return [("Chosen for", "; ".join(said))] if said else []


def _quota(quota: Quota, stack: str | None) -> str:
    """What the nodes count against, and who asks whether there is enough of it."""
    asks = "checked at deployment"
    if not stack:
        asks = "not checked (`sizing plan --check-account` does)"
    code = f" ({quota.code})" if quota.code else " (AWS's code is not known)"
    unchecked = "" if quota.checked else f"; {asks}"
    return f"{quota.needed:g} {quota.unit} of {quota.name}{code} in {quota.region}{unchecked}"


def _account(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [
        (
            "Account" if index == 0 else "",
            f"{f.what}: {_VERDICTS.get(f.verdict, f.verdict)}, {f.detail}",
        )
        for index, f in enumerate(findings)
    ]


def _where(plan: Plan) -> str:
    if plan.purchase is Purchase.OWNED:
        return "of your own"
    return f"in {plan.region}, {plan.purchase}"


def _kv_format(plan: Plan) -> str:
    return "" if plan.kv_dtype == "auto" else f" ({plan.kv_dtype})"


def _needed(plan: Plan) -> str:
    memory, gpus = f"{plan.memory_required_gb:,.0f} GB", _gpus(plan.gpus_required, plan.gpu)
    if plan.method is Method.RULE_OF_THUMB:
        return f"{gpus}: {memory} a copy by the rule of thumb"
    return f"{gpus}: {memory} a copy for weights, its share of the load and overheads"


def _gpus(count: int, name: str) -> str:
    return f"{count:,} {name}"


def _memory_section(plan: Plan) -> list[str]:
    if plan.training:
        return training_memory_section(plan, plan.training)
    return ["Memory of one GPU (the fullest), GiB", *_memory(plan)]


def _memory(plan: Plan) -> list[str]:
    memory = plan.memory_per_gpu_gib
    total = sum(memory.model_dump().values())
    rows = [
        ("weights", memory.weights, ""),
        ("KV cache", memory.kv_cache, f"the load needs {plan.kv_cache_needed_gib:.2f}"),
        ("activations", memory.activations, ""),
        ("non-torch", memory.non_torch, "CUDA context, NCCL"),
        ("CUDA graphs", memory.cuda_graphs, ""),
        ("reserve", memory.reserve, "left untouched by the engine"),
        ("free", memory.free, ""),
    ]
    lines = [f"  {n:<12}{v:>8.2f}  {bar(v / total):<31}{note}".rstrip() for n, v, note in rows if v]
    visible = plan.evidence["cuda_visible_memory"]
    return [*lines, f"  {'in all':<12}{total:>8.2f}  what CUDA sees ({visible})"]
