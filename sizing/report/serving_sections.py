"""What stands on the page of a model that is served, around the plan's own figures."""

from __future__ import annotations

from sizing.plan import Method
from sizing.report.charts import has_dots, precisions_chart, scatter_chart
from sizing.report.options import (
    MOST_ALTERNATIVES,
    alternatives_table,
    precisions_table,
    published_table,
)
from sizing.report.section import Figure, Section, curve_figure, drawn, until
from sizing.report.study import Study
from sizing.report.words import nodes

_NO_CHART = "Too little is known of price and room for a chart."
_NO_LOAD = "The rule of thumb knows neither context nor concurrency: the method `engine` does."


def serving_sections(study: Study) -> tuple[Section | None, ...]:
    """Other nodes, heavier loads, other precisions."""
    return (_alternatives(study), _load(study), _precisions(study))


def _alternatives(study: Study) -> Section | None:
    plan = study.plan
    if not plan.alternatives:
        return None
    table = alternatives_table(plan, MOST_ALTERNATIVES)
    lead = "Price against room: right is dearer, up holds more. The filled point is this plan."
    if not has_dots(plan):
        return Section("alternatives", "Alternatives", _NO_CHART, tables=(table,))
    label = f"Scatter chart, {lead[0].lower()}{lead[1:]} The numbers are in the table below."
    charts = drawn(lambda sheet: scatter_chart(plan, sheet), label)
    figure = Figure("Price against room", charts, table, open=True)
    return Section("alternatives", "Alternatives", lead, (figure,))


def _load(study: Study) -> Section:
    if study.plan.method is Method.RULE_OF_THUMB:
        return Section("load", "Cost over the load", _NO_LOAD)
    load = study.plan.workload
    figures = (
        curve_figure(study, study.context, f"Over context, {load.concurrency:,} sequences at once"),
        curve_figure(
            study, study.concurrency, f"Over concurrency, {load.context:,} tokens a sequence"
        ),
    )
    lead = (
        f"Up to {until(study.context):,} tokens a sequence, and up to "
        f"{until(study.concurrency):,} sequences at once, {nodes(study.plan)} will do."
    )
    return Section("load", "Cost over the load", lead, figures, side_by_side=True)


def _precisions(study: Study) -> Section:
    chosen, table = study.plan.precision, precisions_table(study)
    rows = study.precisions
    label = "GB that a copy needs: " + ", ".join(
        f"{row.precision} {row.plan.memory_required_gb:,.0f}" for row in rows if row.plan
    )
    charts = drawn(lambda sheet: precisions_chart(rows, chosen, sheet), label)
    lead = "GB (10⁹ bytes) that a copy needs, and the nodes that hold the same load."
    figure = Figure("Memory and nodes by precision", charts, table, open=True)
    tables = (published_table(study),)
    return Section("precisions", "Precisions side by side", lead, (figure,), tables)
