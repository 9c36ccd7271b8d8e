"""The plan's own figures as tables: memory, cost, evidence, how it is served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sizing.evidence import Evidence
from sizing.plan import Cost, CostLine, MemoryPerGpu, Plan, Quota
from sizing.render.text import checkpoint_text
from sizing.report.figures import INSTANCES, unknown_lines
from sizing.report.table import Look, Row, Table, columns, without_empty
from sizing.report.words import amount, counted, layout, money, month, nodes, price_origin
from sizing.units import gib

PARTS = {
    "weights": ("weights", "the model, this GPU's share"),
    "kv_cache": ("KV cache", ""),
    "activations": ("activations", "the peak of one step"),
    "non_torch": ("non-torch", "CUDA context, NCCL"),
    "cuda_graphs": ("CUDA graphs", "captured while starting"),
    "reserve": ("reserve", "left untouched by the engine"),
    "free": ("free", ""),
}
_EVIDENCE_OF = {"weights": "weights", "kv_cache": "kv_cache"}
_OVERHEADS = ("activations", "non_torch", "cuda_graphs")
_GROUPS = {INSTANCES: "Instances"}
_FIGURES = {
    "parameters": "Parameters",
    "weights": "Weights",
    "kv_cache": "KV cache",
    "overheads": "Activations, CUDA, NCCL",
    "cuda_visible_memory": "Memory that CUDA sees",
    "price": "Price of the instances",
}


def memory_parts(memory: MemoryPerGpu) -> dict[str, float]:
    """The parts that take room, GiB, in the order in which they are drawn."""
    held: dict[str, float] = memory.model_dump()
    return {part: held[part] for part in PARTS if held[part] > 0}


def memory_table(plan: Plan) -> Table:
    """Where one GPU's memory goes, the fullest GPU."""
    parts = memory_parts(plan.memory_per_gpu_gib)
    total = sum(plan.memory_per_gpu_gib.model_dump().values())
    rows = [
        Row(
            (
                PARTS[part][0],
                f"{size:,.2f}",
                f"{size / total:.1%}",
                _evidence_of_part(plan, part),
                _note(plan, part),
            ),
            key=part,
        )
        for part, size in parts.items()
    ]
    visible = _evidence(plan, "cuda_visible_memory")
    rows.append(
        Row(("in all", f"{total:,.2f}", "100.0%", visible, "what CUDA sees"), Look.TOTAL)
    )
    heads = columns("Part", ">GiB", ">Share", "Evidence", "What it is")
    return Table("Memory of one GPU (the fullest), GiB (2³⁰ bytes)", heads, tuple(rows))


def cost_table(cost: Cost) -> Table:
    """Every priced item by group, what is not priced, and the sums, USD."""
    rows: list[Row] = []
    groups = list(dict.fromkeys(line.group for line in cost.lines))
    for group in groups:
        lines = [line for line in cost.lines if line.group == group]
        if len(groups) > 1:
            rows.append(Row((_GROUPS.get(group, group.capitalize()),), Look.GROUP))
        rows += [_cost_row(line) for line in lines]
    total = (
        "Total",
        "",
        "",
        amount(cost.usd_per_hour),
        amount(cost.usd_per_month),
        cost.evidence.value,
        "",
    )
    rows.append(Row(total, Look.TOTAL))
    heads = columns(
        "Item", ">Count", ">Each, an hour", ">An hour", ">A month", "Evidence", "Assumes"
    )
    caption = f"Cost, USD ({month(cost)})"
    return without_empty(Table(caption, heads, tuple(rows), tuple(_cost_notes(cost))))


def cost_by_group(cost: Cost) -> dict[str, float]:
    """USD a month of each group that has a known price, the largest first."""
    sums: dict[str, float] = {}
    for line in cost.lines:
        if line.usd_per_month is not None:
            name = _GROUPS.get(line.group, line.group.capitalize())
            sums[name] = sums.get(name, 0.0) + line.usd_per_month
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def evidence_table(plan: Plan) -> Table:
    """How each figure is known."""
    values = _values(plan)
    rows = [
        Row((_FIGURES.get(key, key), values.get(key, ""), kind.value))
        for key, kind in plan.evidence.items()
    ]
    notes = (
        "measured: read from a source; derived: computed from the architecture; estimated: "
        "fitted or judged; unknown: not known, and not counted.",
    )
    return Table("How each figure is known", columns("Figure", "Value", "Evidence"), tuple(rows), notes)


def serving_rows(plan: Plan) -> list[tuple[str, str]]:
    """How the model is served, as (label, text); `backticks` mark code."""
    return [
        ("Engine", f"`{plan.engine}`"),
        ("Checkpoint", _checkpoint(plan)),
        ("Layout", _layout(plan)),
        ("Nodes", f"{nodes(plan)}: {counted(plan.gpus_provisioned, plan.gpu, plan.gpu)}"),
        ("Weights", f"{gib(plan.weights_bytes):,.1f} GiB, {plan.params_total:,} parameters"),
        (
            "KV cache",
            f"{plan.kv_cache_tokens:,} tokens a copy, {plan.kv_bytes_per_token:,} bytes a token"
            f"{'' if plan.kv_dtype == 'auto' else f', kept as {plan.kv_dtype}'}",
        ),
        *([("Quota", _quota(plan.quota))] if plan.quota else []),
    ]


def engine_flags(plan: Plan) -> list[str]:
    """The engine's flags, a line each."""
    return [f"--{name} {value}".rstrip() for name, value in plan.engine_flags.items()]


def _cost_row(line: CostLine) -> Row:
    item = f"{line.item} (usage)" if line.usage else line.item
    return Row(
        (
            item,
            f"{line.quantity:,g}",
            amount(line.usd_per_unit_hour),
            amount(line.usd_per_hour),
            amount(line.usd_per_month),
            line.evidence.value,
            line.assumption,
        )
    )


def _cost_notes(cost: Cost) -> Iterator[str]:
    missing = unknown_lines(cost.lines)
    if missing:
        has = "has no known price and is" if len(missing) == 1 else "have no known price and are"
        yield f"{counted(len(missing), 'item')} {has} not in the total."
    yield price_origin(cost)
    if any(line.usage for line in cost.lines):
        yield "(usage): depends on what flows, not on what exists; counted from what is assumed."
    for (day, source), items in _other_origins(cost).items():
        yield f"{', '.join(items)}: price{f' of {day}' if day else ''}{f', {source}' if source else ''}."


def _other_origins(cost: Cost) -> dict[tuple[str | None, str | None], list[str]]:
    """The items whose price has another origin than the instances'."""
    found: dict[tuple[str | None, str | None], list[str]] = {}
    for line in cost.lines:
        origin = (line.price_as_of, line.price_source)
        if origin not in ((None, None), (cost.price_as_of, cost.price_source)):
            found.setdefault(origin, []).append(line.item)
    return found


def _note(plan: Plan, part: str) -> str:
    if part == "kv_cache":
        return f"the pool; the load needs {plan.kv_cache_needed_gib:,.2f} GiB of it (its left part)"
    return PARTS[part][1]


def _evidence_of_part(plan: Plan, part: str) -> str:
    if part in _OVERHEADS:
        return _evidence(plan, "overheads")
    return _evidence(plan, _EVIDENCE_OF[part]) if part in _EVIDENCE_OF else Evidence.DERIVED.value


def _evidence(plan: Plan, figure: str) -> str:
    return plan.evidence.get(figure, Evidence.UNKNOWN).value


def _values(plan: Plan) -> dict[str, str]:
    memory = plan.memory_per_gpu_gib
    overheads = memory.activations + memory.non_torch + memory.cuda_graphs
    return {
        "parameters": f"{plan.params_total:,}",
        "weights": f"{gib(plan.weights_bytes):,.1f} GiB in all",
        "kv_cache": f"{plan.kv_cache_tokens:,} tokens a copy",
        "overheads": f"{overheads:,.2f} GiB a GPU",
        "cuda_visible_memory": f"{sum(memory.model_dump().values()):,.2f} GiB a GPU",
        "price": f"{money(plan.cost.usd_per_hour)} an hour",
    }


def _checkpoint(plan: Plan) -> str:
    if plan.checkpoint is None:
        return f"none known at {plan.precision}: name one with `serving.checkpoint`"
    text = checkpoint_text(plan.checkpoint)
    repository = plan.checkpoint.repository
    return f"`{repository}`{text.removeprefix(repository)}"


def _layout(plan: Plan) -> str:
    groups: Sequence[str] = [
        f"{counted(g.nodes_per_replica, 'node')} a copy"
        if g.nodes_per_replica > 1
        else f"{counted(g.replicas_per_node, 'copy', 'copies')} a node"
        for g in plan.node_groups
    ]
    copies = counted(plan.replicas, "copy", "copies")
    return f"{copies} of {layout(plan.layout)}; {', '.join(groups)}"


def _quota(quota: Quota) -> str:
    code = f" (`{quota.code}`)" if quota.code else " (AWS's code is not known)"
    unchecked = "" if quota.checked else ", not checked in the account"
    return f"{quota.needed:,g} {quota.unit} of {quota.name}{code} in {quota.region}{unchecked}"
