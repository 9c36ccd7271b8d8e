"""What stands on the HTML page: sections with their tables and charts, in reading order."""

from __future__ import annotations

from sizing.plan import Plan
from sizing.report.charts import bars_chart, memory_chart
from sizing.report.figures import cost_by_group
from sizing.report.options import change_table, rejected_table, ways_table
from sizing.report.section import Figure, Section, drawn
from sizing.report.served import load_table, rate_table
from sizing.report.serving_sections import serving_sections
from sizing.report.sheets import cost_table, evidence_table, memory_table
from sizing.report.study import AnyStudy, TrainingStudy
from sizing.report.training_sections import training_sections
from sizing.report.training_tables import visible_gib
from sizing.report.words import covers, is_all_in, money


def sections(study: AnyStudy) -> tuple[Section, ...]:
    """All parts, in reading order; a part with nothing to say is left out."""
    is_run = isinstance(study, TrainingStudy)
    made = (
        _change(study),
        _served(study),
        _memory(study),
        _cost(study),
        *(training_sections(study) if is_run else serving_sections(study)),
        Section("evidence", "How each figure is known", tables=(evidence_table(study.plan),)),
        _rejected(study),
    )
    return tuple(section for section in made if section)


def _change(study: AnyStudy) -> Section | None:
    table = change_table(study.plan, study.previous)
    return Section("change", "Change", tables=(table,)) if table else None


def _served(study: AnyStudy) -> Section | None:
    table = load_table(study.plan)
    rate = None if isinstance(study, TrainingStudy) else study.rate
    more = (rate_table(rate),) if rate else ()
    return Section("served", "How the load is served", tables=(table, *more)) if table else None


def _memory(study: AnyStudy) -> Section:
    plan = study.plan
    lead = _memory_in_words(plan)
    charts = drawn(lambda sheet: memory_chart(plan, sheet), lead)
    figure = Figure("Memory of one GPU", charts, memory_table(plan), open=True)
    return Section("memory", "Memory of one GPU", lead, (figure,))


def _memory_in_words(plan: Plan) -> str:
    training = plan.training
    if training:
        return (
            f"Of {visible_gib(plan):,.1f} GiB that CUDA sees, the fullest GPU takes "
            f"{training.device_memory_gib_per_gpu:,.1f} at its worst moment, "
            f"{training.worst_moment}."
        )
    memory = plan.memory_per_gpu_gib
    total = sum(memory.model_dump().values())
    return (
        f"Of {total:,.1f} GiB that CUDA sees, the fullest GPU gives {memory.weights:,.1f} to the "
        f"weights and {memory.kv_cache:,.1f} to the KV cache, of which the load needs "
        f"{plan.kv_cache_needed_gib:,.1f} (its left part)."
    )


def _cost(study: AnyStudy) -> Section:
    cost = study.plan.cost
    groups = cost_by_group(cost)
    ways = ways_table(study.plan)
    tables = (cost_table(study.plan), *([ways] if ways else []))
    share = ""
    if cost.usd_per_month and cost.nodes_usd_per_month and is_all_in(cost):
        share = f", {cost.nodes_usd_per_month / cost.usd_per_month:.1%} of it for the nodes"
    lead = f"{money(cost.usd_per_month)} a month {covers(cost)}{share}."
    if len(groups) < 2:
        return Section("cost", "Cost", lead, tables=tables)
    label = "USD a month: " + ", ".join(f"{name} {money(usd)}" for name, usd in groups.items())
    charts = drawn(lambda sheet: bars_chart(groups, sheet), label)
    return Section("cost", "Cost", lead, (Figure("Cost by group", charts),), tables)


def _rejected(study: AnyStudy) -> Section | None:
    table = rejected_table(study.plan)
    return Section("rejected", "Rejected, and why", tables=(table,)) if table else None
