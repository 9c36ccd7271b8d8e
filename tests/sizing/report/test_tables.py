"""What the tables of every report say: units, evidence, and nothing invented."""

from __future__ import annotations

import pytest

from sizing.evidence import Evidence
from sizing.plan import CostLine
from sizing.report.markdown import render_markdown
from sizing.report.options import alternatives_table, steps_table, ways_table
from sizing.report.readme import render_readme
from sizing.report.sheets import cost_table, evidence_table, memory_table, serving_rows
from sizing.report.table import Look
from sizing.report.words import amount, money
from tests.sizing.report.studies import CASES, study, with_lines, without_price

UNPRICED = CostLine(
    item="quantum link", quantity=3, unit="link", evidence=Evidence.UNKNOWN, group="network"
)
USAGE = CostLine(
    item="transfer out",
    quantity=10,
    unit="GB",
    usd_per_hour=0.001,
    usd_per_month=0.9,
    evidence=Evidence.ESTIMATED,
    group="network",
    usage=True,
    assumption="10 GB a month",
)


@pytest.mark.parametrize(
    ("value", "in_words", "in_a_table"),
    [
        (None, "unknown", "unknown"),
        (0.0, "$0.00", "0.00"),
        (0.001, "$0.00", "<0.01"),
        (1234.5, "$1,234.50", "1,234.50"),
    ],
)
def test_money(value: float | None, in_words: str, in_a_table: str) -> None:
    assert money(value) == in_words
    assert amount(value) == in_a_table


def test_the_memory_of_a_gpu_sums_up_and_says_how_each_part_is_known() -> None:
    found = memory_table(study().plan)
    *parts, total = found.rows
    assert sum(float(r.cells[1]) for r in parts) == pytest.approx(float(total.cells[1]), abs=0.03)
    assert {r.cells[3] for r in found.rows} <= {kind.value for kind in Evidence}
    assert "GiB" in found.caption


def test_items_are_grouped_usage_is_marked_and_what_has_no_price_is_unknown() -> None:
    found = cost_table(with_lines(study().plan, UNPRICED, USAGE, unknown=1))
    groups = [r.cells[0] for r in found.rows if r.look is Look.GROUP]
    assert groups == ["Nodes", "Storage", "Network", "Endpoint", "Operations"]
    rows = {r.cells[0]: r.cells for r in found.rows}
    assert rows["quantum link"][3:6] == ("unknown", "unknown", "unknown")
    assert rows["transfer out (usage)"][3:] == ("<0.01", "0.90", "estimated", "10 GB a month")
    assert "Known in all" in rows
    assert "Without a known price, and so not in the sum: 1 item." in found.notes


def test_an_unknown_price_is_never_zero() -> None:
    plan = without_price(study()).plan
    total = cost_table(plan).rows[-1]
    assert total.cells[3:5] == ("unknown", "unknown")
    for page in (render_markdown(without_price(study())), render_readme(plan)):
        assert "unknown a month" in page
        assert "| unknown | unknown | measured |" in page
        assert "$0" not in page


def test_money_has_its_month_date_and_source() -> None:
    found = cost_table(study().plan)
    assert found.caption == "Cost, USD (a month is 730 hours)"
    assert "of 2026-07-20, aws/karpenter-provider-aws" in found.notes[0]
    assert "billed" in cost_table(study("bought in advance").plan).caption


def test_every_figure_says_how_it_is_known() -> None:
    plan = study().plan
    rows = {row.cells[0]: row.cells[1:] for row in evidence_table(plan).rows}
    assert len(rows) == len(plan.evidence)
    assert rows["Weights"] == ("756.0 GiB in all", "derived")
    assert all(value and kind for value, kind in rows.values())


def test_the_plan_stands_first_among_its_alternatives() -> None:
    found = alternatives_table(study().plan, 2)
    first, *others = found.rows
    assert first.look is Look.CHOSEN
    assert "p5.48xlarge" in first.cells[0]
    assert len(others) == 2
    assert found.notes == ("3 more are in `sizing plan --json`.",)
    assert [c.head for c in found.columns] == [
        "Nodes", "GPU", "Layout", "USD a month", "Room, times the load", "Note"
    ]  # fmt: skip


def test_the_rule_of_thumb_knows_no_room() -> None:
    rows = alternatives_table(study("rule").plan).rows
    assert {row.cells[-2] for row in rows[1:]} == {"unknown"}


def test_the_step_of_the_load_asked_for_is_marked() -> None:
    marked = [row.mark for row in steps_table(study().context).rows]
    assert marked.count("asked") == 1


def test_the_way_the_nodes_are_bought_is_marked() -> None:
    found = ways_table(study().plan)
    assert found
    assert [row.cells[0] for row in found.rows if row.mark] == ["on-demand"]


def test_the_serving_of_the_model_names_its_files_and_what_was_not_checked() -> None:
    said = dict(serving_rows(study().plan))
    assert said["Checkpoint"].startswith("`meta-llama/Llama-3.1-405B-Instruct` (gated")
    assert "not checked in the account" in said["Quota"]


@pytest.mark.parametrize("name", CASES)
def test_a_readme_is_a_pure_function_of_the_plan(name: str) -> None:
    plan = study(name).plan
    page = render_readme(plan)
    assert page == render_readme(plan.model_copy(deep=True))
    assert page.startswith("# ")
    assert plan.instance_type in page.splitlines()[0]
    for kind in set(plan.evidence.values()):
        assert f"| {kind.value} |" in page
    assert "<details>" not in page
