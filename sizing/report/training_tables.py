"""A training run's own figures as tables: memory, trade-offs, methods, how it is trained."""

from __future__ import annotations

from sizing.evidence import Evidence
from sizing.plan import Plan
from sizing.render.training_memory import OUTSIDE, PARTS, parts_to_show
from sizing.render.training_plan import (
    METHODS,
    duration,
    how_fast,
    money,
    tokens,
    trade_off_cells,
    what_trains,
)
from sizing.report.methods import AtMethod
from sizing.report.table import Look, Row, Table, columns
from sizing.report.words import TIMES, amount, counted, nodes, quota
from sizing.training.outcome import TradeOff, TrainingPlan
from sizing.training.parts import part_evidence
from sizing.units import gib

AS_PLANNED = "as planned"


def training_memory_table(plan: Plan, training: TrainingPlan) -> Table:
    """Where the fullest GPU's memory goes at its worst moment."""
    visible = visible_gib(plan)
    rows = [
        Row((PARTS[part][0], *_size(size, visible), _evidence(part), PARTS[part][1]), key=part)
        for part, size in training_parts(training).items()
    ]
    free = visible - training.device_memory_gib_per_gpu
    rows.append(Row(("free", *_size(free, visible), Evidence.DERIVED.value, ""), key="free"))
    known = plan.evidence["cuda_visible_memory"].value
    rows.append(Row(("in all", *_size(visible, visible), known, "what CUDA sees"), Look.TOTAL))
    heads = columns("Part", ">GiB", ">Share", "Evidence", "What it is")
    moment = f"the fullest, at {training.worst_moment}"
    return Table(f"Memory of one GPU ({moment}), GiB (2³⁰ bytes)", heads, tuple(rows))


def training_parts(training: TrainingPlan) -> dict[str, float]:
    """GiB of each part by its key, what lies outside PyTorch last."""
    return parts_to_show(training.breakdown_gib, training.device_memory_gib_per_gpu)


def visible_gib(plan: Plan) -> float:
    """What CUDA sees of a GPU, GiB."""
    return sum(plan.memory_per_gpu_gib.model_dump().values())


def training_rows(plan: Plan, training: TrainingPlan) -> list[tuple[str, str]]:
    """How the model is trained, as (label, text)."""
    what = [(label, text.replace(" x ", TIMES)) for label, text in what_trains(plan, training)]
    gpus = counted(plan.gpus_provisioned, plan.gpu, plan.gpu)
    return [
        ("Method", f"{METHODS[training.method]} at {plan.precision}"),
        *what,
        ("Optimiser", training.optimizer),
        ("Activations", f"checkpointing {training.checkpointing}"),
        ("Loss", f"on {training.loss} logits"),
        ("Framework", training.framework),
        *how_fast(training),
        ("Nodes", f"{nodes(plan)}: {gpus}; the run is yours to start on them"),
        *([("Quota", quota(plan.quota))] if plan.quota else []),
    ]


def trade_offs_table(training: TrainingPlan) -> Table:
    """What the run would take if one thing were done otherwise; the plan first."""
    rows = tuple(_trade_off(row) for row in training.trade_offs)
    heads = columns("Otherwise", ">Nodes", ">GiB a GPU", "Fits", ">Time", ">USD")
    room = f"A change fits where it would also fit if it took {training.margin:.0%} more."
    caption = f"Trade-offs, over {tokens(training.run.tokens)} (time and USD estimated)"
    return Table(caption, heads, rows, (room,))


def methods_table(rows: tuple[AtMethod, ...], plan: Plan) -> Table:
    """The same sequences by every method."""
    training = plan.training
    run = tokens(training.run.tokens) if training else ""
    heads = columns(
        "Method",
        ">Weights, GiB",
        ">GiB a GPU",
        "Nodes",
        ">GPUs",
        ">USD a month",
        ">Time",
        ">USD of the run",
    )
    caption = f"Methods side by side: {plan.workload.context:,} tokens a sequence, {run} in all"
    return Table(caption, heads, tuple(_method(row, plan) for row in rows))


def _size(size: float, visible: float) -> tuple[str, str]:
    return f"{size:,.2f}", f"{size / visible:.1%}"


def _evidence(part: str) -> str:
    return Evidence.ESTIMATED.value if part == OUTSIDE else part_evidence(part).value


def _trade_off(row: TradeOff) -> Row:
    is_plan = row.change == AS_PLANNED
    return Row(trade_off_cells(row), Look.CHOSEN if is_plan else Look.ITEM)


def _method(row: AtMethod, chosen: Plan) -> Row:
    name, plan = METHODS[row.method], row.plan
    if plan is None or plan.training is None:
        return Row((name, row.reason))
    run = plan.training.run
    cells = (
        f"{name}, {plan.precision}",
        f"{gib(plan.weights_bytes):,.1f}",
        f"{plan.training.device_memory_gib_per_gpu:,.1f}",
        nodes(plan),
        f"{plan.gpus_provisioned:,}",
        amount(plan.cost.nodes_usd_per_month),
        duration(run.hours),
        money(run.usd),
    )
    is_it = plan.workload.purpose is chosen.workload.purpose
    return Row(cells, Look.CHOSEN, mark="chosen") if is_it else Row(cells)
