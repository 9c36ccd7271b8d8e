"""The plan's own figures as tables: memory, cost, evidence, how it is served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sizing.evidence import Evidence
from sizing.plan import Cost, CostLine, MemoryPerGpu, Plan
from sizing.render.cost import quantity
from sizing.render.text import checkpoint_text
from sizing.render.training_plan import duration
from sizing.report.figures import group_name
from sizing.report.table import Look, Row, Table, columns, without_empty
from sizing.report.training_tables import training_memory_table, training_rows
from sizing.report.words import (
    amount,
    counted,
    is_all_in,
    layout,
    money,
    month,
    nodes,
    price_origin,
    quota,
)
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
_FIGURES = {
    "parameters": "Parameters",
    "weights": "Weights",
    "kv_cache": "KV cache",
    "overheads": "Activations, CUDA, NCCL",
    "cuda_visible_memory": "Memory that CUDA sees",
    "run_time": "Time of the run",
    "price": "Price of the nodes",
    "cost": "Cost in all",
}


def memory_parts(memory: MemoryPerGpu) -> dict[str, float]:
    """The parts that take room, GiB, in the order in which they are drawn."""
    held: dict[str, float] = memory.model_dump()
    return {part: held[part] for part in PARTS if held[part] > 0}


def memory_table(plan: Plan) -> Table:
    """Where one GPU's memory goes, the fullest GPU."""
    if plan.training:
        return training_memory_table(plan, plan.training)
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
    rows.append(Row(("in all", f"{total:,.2f}", "100.0%", visible, "what CUDA sees"), Look.TOTAL))
    heads = columns("Part", ">GiB", ">Share", "Evidence", "What it is")
    return Table("Memory of one GPU (the fullest), GiB (2³⁰ bytes)", heads, tuple(rows))


def cost_table(plan: Plan) -> Table:
    """Every item by group, usage marked, and the sum of what has a price, USD."""
    cost, rows = plan.cost, list[Row]()
    groups = list(dict.fromkeys(line.group for line in cost.lines))
    for group in groups:
        if len(groups) > 1:
            rows.append(Row((group_name(group),), Look.GROUP))
        rows += [_cost_row(line, plan.region) for line in cost.lines if line.group == group]
    hour, usd = amount(cost.usd_per_hour), amount(cost.usd_per_month)
    name = "All in" if is_all_in(cost) else "Total"
    name = "Known in all" if cost.unknown_lines else name
    rows.append(Row((name, "", "", hour, usd, cost.evidence.value, ""), Look.TOTAL))
    heads = columns("Item", ">Quantity", "Unit", ">An hour", ">A month", "Evidence", "Assumes")
    caption = f"Cost, USD ({month(cost)})"
    return without_empty(Table(caption, heads, tuple(rows), tuple(_cost_notes(cost))))


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
    return Table(
        "How each figure is known", columns("Figure", "Value", "Evidence"), tuple(rows), notes
    )


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
        *([("Quota", quota(plan.quota))] if plan.quota else []),
    ]


def how(plan: Plan) -> tuple[str, list[tuple[str, str]]]:
    """What runs on the nodes: a title, and (label, text) rows."""
    if plan.training:
        return "How it is trained", training_rows(plan, plan.training)
    return "How it is served", serving_rows(plan)


def engine_flags(plan: Plan) -> list[str]:
    """The engine's flags, a line each."""
    return [f"--{name} {value}".rstrip() for name, value in plan.engine_flags.items()]


def _cost_row(line: CostLine, region: str) -> Row:
    # The region stands above the table.
    item = line.item.removesuffix(f", {region}")
    cells = (
        f"{item} (usage)" if line.usage else item,
        quantity(line.quantity),
        line.unit,
        amount(line.usd_per_hour),
        amount(line.usd_per_month),
        line.evidence.value,
        line.assumption,
    )
    return Row(cells)


def _cost_notes(cost: Cost) -> Iterator[str]:
    if cost.unknown_lines:
        unknown = counted(cost.unknown_lines, "item")
        yield f"Without a known price, and so not in the sum: {unknown}."
    yield price_origin(cost)
    if any(line.usage for line in cost.lines):
        yield "(usage): depends on what flows, not on what exists; counted from what is assumed."
    if cost.free:
        yield f"Made and not billed: {', '.join(cost.free)}."
    yield from (f"{note[:1].upper()}{note[1:]}." for note in cost.notes)


def _note(plan: Plan, part: str) -> str:
    if part == "kv_cache":
        return f"the pool; the load needs {plan.kv_cache_needed_gib:,.2f} GiB of it"
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
        "run_time": duration(plan.training.run.hours) if plan.training else "",
        "price": f"{money(plan.cost.nodes_usd_per_hour)} an hour",
        "cost": f"{money(plan.cost.usd_per_month)} a month",
    }


def _checkpoint(plan: Plan) -> str:
    if plan.checkpoint is None:
        return f"none known at {plan.precision}: name one with `serving.checkpoint`"
    files, _, notes = checkpoint_text(plan.checkpoint).partition(" ")
    return f"`{files}` {notes}".rstrip()


def _layout(plan: Plan) -> str:
    groups: Sequence[str] = [
        f"{counted(g.nodes_per_replica, 'node')} a copy"
        if g.nodes_per_replica > 1
        else f"{counted(g.replicas_per_node, 'copy', 'copies')} a node"
        for g in plan.node_groups
    ]
    copies = counted(plan.replicas, "copy", "copies")
    return f"{copies} of {layout(plan.layout)}; {', '.join(groups)}"
