"""What else could be bought, asked or stored, as tables."""

from __future__ import annotations

from sizing.catalog.accuracy import recoveries
from sizing.deployed import Deployed, deployed_as
from sizing.plan import Alternative, Plan, PurchaseOption, Rejected
from sizing.render.change import change_rows
from sizing.render.choices import KINDS, saves, shown_terms
from sizing.report.curves import Curve, Step
from sizing.report.figures import alternatives_of, headroom, held_in_all
from sizing.report.precisions import AtPrecision
from sizing.report.study import Study
from sizing.report.table import Look, Row, Table, columns, without_empty
from sizing.report.words import UNKNOWN, amount, layout, nodes, times
from sizing.units import gib

MOST_ALTERNATIVES = 20
_SHOWN_NAMES = 6
_ACCURACY = (
    "Accuracy kept is of the score before, as published (`sizing compare` lists all, with "
    "sources); where nothing is, evaluate on your task."
)


def alternatives_table(plan: Plan, most: int | None = None) -> Table:
    """The plan and what would do as well; columns in which nothing differs are left out."""
    found = alternatives_of(plan)
    shown = found if most is None else found[:most]
    own = Alternative(
        instance_type=plan.instance_type,
        gpu=plan.gpu,
        region=plan.region,
        purchase=plan.purchase,
        nodes=plan.nodes,
        layout=plan.layout,
        usd_per_hour=None,
        usd_per_month=plan.cost.nodes_usd_per_month,
        precision=plan.precision,
        replicas=plan.replicas,
        headroom=headroom(plan),
    )
    differs = _differing(plan, found)
    rows = [_chosen(_alternative(plan, own, differs), True)]
    rows += [Row(_alternative(plan, a, differs)) for a in shown]
    more = plan.alternatives_omitted + len(plan.alternatives) - len(shown)
    notes = (f"{more:,} more are in `sizing plan --json`.",) if more else ()
    heads = columns(
        "Nodes",
        "GPU",
        "Region",
        "Bought as",
        "Precision",
        "Layout",
        ">USD a month",
        ">Room, times the load",
        "Note",
    )
    what = "run" if plan.training else "load"
    return without_empty(Table(f"Other nodes that hold the {what}", heads, tuple(rows), notes))


def change_table(plan: Plan, before: Deployed | None) -> Table | None:
    """Every item that comes (+), changes (~) or goes (-); None where nothing can be compared."""
    if before is None or before.problem or not before.itemised:
        return None
    found = [Row((f"{sign} {item}", *cells)) for sign, item, *cells in _changed(plan, before)]
    if not found:
        return None
    heads = columns("Item", ">Quantity", ">Was", ">Will be", ">Change")
    return Table("Change against what is deployed, USD a month", heads, tuple(found))


def ways_table(plan: Plan) -> Table | None:
    """The same nodes by how they are bought; None where only one way has a price."""
    options = [o for o in plan.purchase_options if o.term in shown_terms(plan)]
    if len(options) < 2:
        return None
    rows = tuple(_way(plan, option) for option in options)
    heads = columns(
        "Bought as", ">USD an hour", ">USD a month", "Price of", "Evidence", "Saves", "Note"
    )
    return without_empty(Table("The same nodes by how they are bought", heads, rows))


def steps_table(curve: Curve) -> Table:
    """The nodes that each range of the load needs."""
    what = {"context": "tokens of a sequence", "concurrency": "sequences at once"}[curve.over]
    rows = tuple(_step(step, curve) for step in curve.steps)
    heads = columns("Nodes", ">From", ">To", ">USD a month")
    fine = f"The borders are found to {curve.resolution:,} {what.split()[0]}."
    return Table(f"Nodes by {what}", heads, rows, (fine,) if curve.resolution > 1 else ())


def precisions_table(study: Study) -> Table:
    """The same load at every precision that people weigh."""
    rows = tuple(_precision(row, study.plan) for row in study.precisions)
    heads = columns(
        "Precision",
        ">Weights, GiB",
        ">A copy needs, GB",
        "Nodes",
        ">GPUs",
        ">USD a month",
        ">Sequences held",
    )
    return Table("The same load at other precisions", heads, rows)


def published_table(study: Study) -> Table:
    """The files that are known at each precision, and what they keep of the accuracy."""
    rows = tuple(
        Row((row.precision, files(row.plan), _kept(row.plan)))
        for row in study.precisions
        if row.plan is not None
    )
    heads = columns("Precision", "Files", "Accuracy kept")
    return Table("What is published at each precision", heads, rows, (_ACCURACY,))


def rejected_table(plan: Plan) -> Table | None:
    """What was ruled out, and the figure that decided; None where nothing was."""
    if not plan.rejected:
        return None
    rows = tuple(
        Row((KINDS.get(group.kind, group.kind), _names(group), group.reason))
        for group in plan.rejected
    )
    return Table("Rejected, and why", columns("Because of", "What", "Reason"), rows)


def files(plan: Plan) -> str:
    """Whether files at that precision are known."""
    found = plan.checkpoint
    if found is None:
        return "none known"
    made = " (made while loading)" if found.quantization else ""
    return f"`{found.repository}`{made}"


def _changed(plan: Plan, before: Deployed) -> list[tuple[str, ...]]:
    rows = change_rows(before, deployed_as(plan))
    return [tuple(cell.replace(" -> ", " → ") for cell in row) for row in rows]


def _differing(plan: Plan, found: list[Alternative]) -> set[str]:
    names = ("gpu", "region", "purchase", "precision")
    return {n for n in names if any(getattr(a, n) != getattr(plan, n) for a in found)}


def _alternative(plan: Plan, a: Alternative, differs: set[str]) -> tuple[str, ...]:
    return (
        times(a.nodes, a.instance_type),
        a.gpu if "gpu" in differs else "",
        a.region if "region" in differs else "",
        str(a.purchase) if "purchase" in differs else "",
        a.precision if "precision" in differs else "",
        layout(a.layout, a.replicas),
        amount(a.usd_per_month),
        _room(plan, a),
        a.note,
    )


def _room(plan: Plan, a: Alternative) -> str:
    """How many times the load fits; a training run fills what it gets."""
    if plan.training:
        return ""
    return UNKNOWN if a.headroom is None else f"{a.headroom:,.1f}"


def _chosen(cells: tuple[str, ...], is_it: bool) -> Row:
    return Row(cells, Look.CHOSEN, mark="chosen") if is_it else Row(cells)


def _way(plan: Plan, option: PurchaseOption) -> Row:
    hour, month = amount(option.usd_per_hour), amount(option.usd_per_month)
    low = option.usd_per_hour_low
    if low is not None and low != option.usd_per_hour:
        hour, month = f"{amount(low)} to {hour}", f"up to {month}"
    cells = (
        f"{option.purchase} {option.term or ''}".strip(),
        hour,
        month,
        option.price_as_of or UNKNOWN,
        option.evidence.value,
        saves(plan, option),
        option.note,
    )
    chosen = (
        option.purchase is plan.purchase and option.usd_per_hour == plan.cost.nodes_usd_per_hour
    )
    return _chosen(cells, chosen)


def _step(step: Step, curve: Curve) -> Row:
    cells = (
        times(step.nodes, step.instance_type),
        f"{step.first:,}",
        f"{step.last:,}",
        amount(step.usd_per_month),
    )
    asked = step.first <= curve.asked <= step.last
    return Row(cells, Look.CHOSEN if asked else Look.ITEM, mark="asked" if asked else "")


def _precision(row: AtPrecision, chosen: Plan) -> Row:
    if row.plan is None:
        return Row((row.precision, row.reason))
    plan = row.plan
    cells = (
        row.precision,
        f"{gib(plan.weights_bytes):,.1f}",
        f"{plan.memory_required_gb:,.0f}",
        nodes(plan),
        f"{plan.gpus_provisioned:,}",
        amount(plan.cost.nodes_usd_per_month),
        f"{held_in_all(plan):,}",
    )
    return _chosen(cells, row.precision == chosen.precision)


def _kept(plan: Plan) -> str:
    """The first benchmark that is published for this model in this format."""
    found = recoveries(plan.model, plan.precision)
    return f"{found[0].recovery:g}% in {found[0].benchmark}" if found else ""


def _names(group: Rejected) -> str:
    more = len(group.candidates) - _SHOWN_NAMES
    return ", ".join(group.candidates[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
