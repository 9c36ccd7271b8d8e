"""A plan as a page of text: the answer first, then where every gigabyte and dollar goes."""

from __future__ import annotations

from sizing.plan import Alternative, Cost, CostLine, Method, Plan
from sizing.render.text import WIDTH, bar, bullets, fields, table
from sizing.units import gib, usd

NOT_COUNTED = "root volumes, NAT gateway, data transfer, logs"
_SHOWN_ALTERNATIVES = 5
_SHOWN_REJECTED = 8


def render_plan(
    plan: Plan, previous: Plan | None = None, *, width: int = WIDTH, stack: str | None = None
) -> str:
    """The whole page. `previous` is the plan that runs now, None if nothing does."""
    sections = [
        [_answer(plan, stack), *_change(plan, previous)],
        fields(_facts(plan), width),
        ["Memory of one GPU (the fullest), GiB", *_memory(plan)],
        [f"Cost, USD (a month is {plan.cost.hours_per_month:g} hours)", *_cost(plan.cost, width)],
        _alternatives(plan, width),
        _rejected(plan, width),
        fields([("Assumed", "; ".join(plan.assumptions))], width),
        ["Warnings", *bullets(plan.warnings, width)] if plan.warnings else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _answer(plan: Plan, stack: str | None) -> str:
    lead = f"{stack}: " if stack else ""
    month, hour = plan.cost.usd_per_month, plan.cost.usd_per_hour
    money = (
        "cost unknown"
        if month is None or hour is None
        else f"{usd(hour)} an hour, {usd(month)} a month"
    )
    gpus = _gpus(plan.gpus_provisioned, plan.gpu)
    return f"{lead}{plan.model} at {plan.precision} -> {_nodes(plan)} ({gpus}), {money}"


def _change(plan: Plan, previous: Plan | None) -> list[str]:
    if previous is None or previous == plan:
        return []
    before, after = previous.cost.usd_per_month, plan.cost.usd_per_month
    if before is None or after is None:
        return [f"{_nodes(previous)} -> {_nodes(plan)}; the change in cost is unknown"]
    share = f" ({(after - before) / before:+.0%})" if before else ""
    return [f"{_nodes(previous)} -> {_nodes(plan)}, {usd(before)} -> {usd(after)} a month{share}"]


def _nodes(plan: Plan) -> str:
    return f"{plan.nodes} x {plan.instance_type}"


def _facts(plan: Plan) -> list[tuple[str, str]]:
    rule = plan.rule_of_thumb
    counted = "nominal" if rule.parameters_are_nominal else "exact"
    copies = "1 copy" if plan.replicas == 1 else f"{plan.replicas} copies"
    load = plan.workload
    return [
        ("Needed", _needed(plan)),
        (
            "Rule of thumb",
            f"{rule.memory_required_gb:,.0f} GB, {_gpus(rule.gpus_required, plan.gpu)} of nominal "
            f"{rule.gpu_nominal_gb} GB ({counted} {rule.parameters / 1e9:,.4g} billion parameters)",
        ),
        (
            "Provisioned",
            f"{_gpus(plan.gpus_provisioned, plan.gpu)} = {_nodes(plan)} in {plan.region}, "
            f"{plan.purchase}; {copies} of {plan.layout}",
        ),
        ("Load", f"{load.concurrency:,} sequences at once, {load.context:,} tokens each"),
        (
            "KV cache",
            f"room for {plan.kv_cache_tokens:,} tokens per copy: {plan.max_concurrency:,.1f} such "
            f"sequences; {plan.kv_bytes_per_token:,} bytes a token{_kv_format(plan)}",
        ),
        ("Weights", f"{gib(plan.weights_bytes):,.1f} GiB in all, {plan.params_total:,} parameters"),
        ("Engine", f"{plan.engine}; overheads {plan.evidence['overheads']}"),
    ]


def _kv_format(plan: Plan) -> str:
    return "" if plan.kv_dtype == "auto" else f" ({plan.kv_dtype})"


def _needed(plan: Plan) -> str:
    memory, gpus = f"{plan.memory_required_gb:,.0f} GB", _gpus(plan.gpus_required, plan.gpu)
    if plan.method is Method.RULE_OF_THUMB:
        return f"{gpus}: {memory} a copy by the rule of thumb"
    return f"{gpus}: {memory} a copy for weights, its share of the load and overheads"


def _gpus(count: int, name: str) -> str:
    return f"{count:,} {name}"


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


def _cost(cost: Cost, width: int) -> list[str]:
    rows = [_cost_row(line) for line in cost.lines]
    heads = ("Item", "Count", "Each, hour", "Hour", "Month", "Evidence")
    lines = table(heads, rows, ("<", ">", ">", ">", ">", "<"), width)
    source = f"Price of {cost.price_as_of}, {cost.price_source}." if cost.price_as_of else ""
    return [*lines, *bullets([f"{source} Not counted yet: {NOT_COUNTED}.".strip()], width)]


def _cost_row(line: CostLine) -> tuple[str, ...]:
    return (
        line.item,
        f"{line.quantity:g}",
        _money(line.usd_per_unit_hour),
        _money(line.usd_per_hour),
        _money(line.usd_per_month),
        line.evidence.value,
    )


def _money(amount: float | None) -> str:
    return "unknown" if amount is None else usd(amount)


def _alternatives(plan: Plan, width: int) -> list[str]:
    if not plan.alternatives:
        return []
    shown = plan.alternatives[:_SHOWN_ALTERNATIVES]
    heads = ("Alternative", "GPU", "Region", "Layout", "Hour", "Month")
    rows = [_alternative_row(a) for a in shown]
    more = len(plan.alternatives) - len(shown)
    tail = [f"  and {more} more (--json lists them)"] if more else []
    return [*table(heads, rows, ("<", "<", "<", "<", ">", ">"), width), *tail]


def _alternative_row(a: Alternative) -> tuple[str, ...]:
    bought = "" if a.purchase == "on-demand" else f", {a.purchase}"
    return (
        f"{a.nodes} x {a.instance_type}{bought}",
        a.gpu,
        a.region,
        str(a.layout),
        _money(a.usd_per_hour),
        _money(a.usd_per_month),
    )


def _rejected(plan: Plan, width: int) -> list[str]:
    if not plan.rejected:
        return []
    shown = plan.rejected[:_SHOWN_REJECTED]
    more = len(plan.rejected) - len(shown)
    tail = [f"and {more} more reasons (--json lists them)"] if more else []
    return ["Rejected", *bullets([*(_reason(r.reason, r.candidates) for r in shown), *tail], width)]


def _reason(reason: str, candidates: tuple[str, ...]) -> str:
    names = ", ".join(candidates[:3])
    more = f" and {len(candidates) - 3} more" if len(candidates) > 3 else ""
    return f"{names}{more}: {reason}"
