"""What stands on the page of a training run, around the plan's own figures."""

from __future__ import annotations

from sizing.render.training_plan import METHODS
from sizing.report.drawing import NARROW, WIDE
from sizing.report.options import MOST_ALTERNATIVES, alternatives_table
from sizing.report.section import Figure, Section, curve_figure, drawn, until
from sizing.report.study import TrainingStudy
from sizing.report.training_charts import LONGEST, methods_chart, priced, trade_offs_chart
from sizing.report.training_tables import methods_table, trade_offs_table, visible_gib
from sizing.report.words import nodes
from sizing.training.outcome import TrainingPlan


def training_sections(study: TrainingStudy) -> tuple[Section | None, ...]:
    """What could be done otherwise, other nodes, longer sequences, other methods."""
    return (
        _trade_offs(study, study.plan.training) if study.plan.training else None,
        _alternatives(study),
        _lengths(study),
        _methods(study),
    )


def _trade_offs(study: TrainingStudy, training: TrainingPlan) -> Section:
    plan, table = study.plan, trade_offs_table(training)
    visible = visible_gib(plan)
    lead = (
        f"GiB that a GPU takes if one thing is done otherwise, against the {visible:,.1f} that "
        f"CUDA sees (dashed; bars end at {LONGEST:g} times that)."
    )
    label = "GiB of a GPU: " + ", ".join(
        f"{row.change} {row.device_memory_gib_per_gpu:,.1f}{'' if row.fits else ', does not fit'}"
        for row in training.trade_offs
    )
    charts = drawn(lambda sheet: trade_offs_chart(plan, training, sheet), label)
    figure = Figure("Memory of a GPU by what is done otherwise", charts, table, open=True)
    return Section("trade-offs", "Trade-offs", lead, (figure,))


def _alternatives(study: TrainingStudy) -> Section | None:
    if not study.plan.alternatives:
        return None
    table = alternatives_table(study.plan, MOST_ALTERNATIVES)
    lead = "Other nodes that hold the same run, as it is best cut over each."
    return Section("alternatives", "Alternatives", lead, tables=(table,))


def _lengths(study: TrainingStudy) -> Section:
    title = "Over the sequence length"
    figure = curve_figure(study, study.context, title, (WIDE, NARROW))
    lead = f"Up to {until(study.context):,} tokens a sequence, {nodes(study.plan)} will do."
    return Section("load", "Cost over the sequence length", lead, (figure,))


def _methods(study: TrainingStudy) -> Section:
    plan, rows = study.plan, study.methods
    table = methods_table(rows, plan)
    label = "USD of the run: " + ", ".join(
        f"{METHODS[row.method]} {usd:,.0f}" for row, _, usd in priced(rows)
    )
    charts = drawn(lambda sheet: methods_chart(rows, plan, sheet), label) if priced(rows) else ()
    lead = "USD of the nodes while the run lasts (estimated), and the nodes that hold it."
    figure = Figure("Cost of the run by method", charts, table, open=True)
    return Section("methods", "Methods side by side", lead, (figure,))
