"""What reports say of a training run: the run's own words, and nothing of serving."""

from __future__ import annotations

import pytest

from sizing.plan import Plan
from sizing.render.plan import render_plan
from sizing.report.markdown import render_markdown
from sizing.report.options import alternatives_table
from sizing.report.readme import render_readme
from sizing.report.sheets import evidence_table, how, memory_table
from sizing.report.table import Look
from sizing.report.tiles import plan_tiles
from sizing.report.training_tables import methods_table, trade_offs_table
from sizing.training.outcome import TrainingPlan
from tests.sizing.report.trainings import CASES, training_study, unpriced_training

SERVING = ("served", "sequences at once", "KV cache", "rule of thumb", "Room", "engine")


def run_of(plan: Plan) -> TrainingPlan:
    assert plan.training is not None
    return plan.training


@pytest.mark.parametrize("name", CASES)
def test_the_memory_of_a_gpu_sums_up_in_the_words_of_the_terminal(name: str) -> None:
    plan = training_study(name).plan
    *parts, total = memory_table(plan).rows
    assert sum(float(r.cells[1]) for r in parts) == pytest.approx(float(total.cells[1]), abs=0.05)
    page = render_plan(plan)
    assert all(f"\n  {r.cells[0]} " in page for r in parts if r.cells[0] != "free")
    evidence = {r.cells[0]: r.cells[3] for r in parts}
    assert (evidence["activations"], evidence["CUDA, NCCL"]) == ("derived", "estimated")


def test_the_answer_is_hours_and_money_of_the_run() -> None:
    tiles = {tile.label: tile for tile in plan_tiles(training_study("qlora").plan)}
    assert list(tiles) == ["An hour", "A month", "GPUs", "The run"]
    assert "for 50 million tokens; estimated at 40%" in tiles["The run"].note
    assert "example" not in tiles["The run"].note
    assert "$" in tiles["The run"].value
    example = plan_tiles(training_study("lora").plan)[-1]
    assert "the tokens are an example" in example.note
    offloaded = plan_tiles(training_study("offloaded").plan)[-1]
    assert "the host's part of a step not counted" in offloaded.note


def test_how_it_is_trained_names_every_choice() -> None:
    title, rows = how(training_study("lora").plan)
    said = dict(rows)
    assert title == "How it is trained"
    assert list(said) == [
        "Method", "Trains", "Adapters", "Batch", "Layout", "Optimiser", "Activations", "Loss",
        "Framework", "Rate", "Nodes", "Quota",
    ]  # fmt: skip
    assert said["Adapters"].startswith("rank 8 on ")
    assert "GiB to each host" in dict(how(training_study("offloaded").plan)[1])["Offloaded"]


def test_trade_offs_start_with_the_plan_and_say_what_does_not_fit() -> None:
    first, *others = trade_offs_table(run_of(training_study().plan)).rows
    assert (first.cells[0], first.look) == ("as planned", Look.CHOSEN)
    assert {row.cells[3] for row in others} == {"fits", "does not fit"}
    assert all(row.cells[4:] == ("", "") for row in others if row.cells[3] != "fits")


def test_other_nodes_have_no_room_for_a_load() -> None:
    found = alternatives_table(training_study("lora").plan)
    assert found.caption == "Other nodes that hold the run"
    assert [c.head for c in found.columns] == ["Nodes", "GPU", "Layout", "USD a month", "Note"]


def test_methods_stand_side_by_side_and_the_plans_own_is_marked() -> None:
    found = training_study("lora")
    assert [row.method for row in found.methods] == ["full", "lora", "qlora"]
    rows = methods_table(found.methods, found.plan).rows
    assert [row.mark for row in rows] == ["", "chosen", ""]
    weights = [float(row.cells[1]) for row in rows]
    assert weights[0] == weights[1] > 2 * weights[2]


def test_a_method_that_no_framework_runs_says_why() -> None:
    found = training_study("offloaded")
    (row,) = [r for r in methods_table(found.methods, found.plan).rows if r.cells[0] == "QLoRA"]
    assert "zero3" in row.cells[1]
    assert len(row.cells) == 2


def test_the_length_asked_for_is_on_the_plans_own_step() -> None:
    found = training_study()
    assert found.context.asked == 3000
    (step,) = [s for s in found.context.steps if s.first <= 3000 <= s.last]
    assert (step.nodes, step.instance_type) == (found.plan.nodes, found.plan.instance_type)
    assert step.usd_per_month == pytest.approx(found.plan.cost.usd_per_month)


@pytest.mark.parametrize("name", CASES)
def test_longer_sequences_never_cost_less(name: str) -> None:
    steps = training_study(name).context.steps
    costs = [s.usd_per_month or 0.0 for s in steps]
    assert costs == sorted(costs)
    assert steps[-1].last >= 16_384


def test_every_figure_says_how_it_is_known() -> None:
    plan = training_study().plan
    rows = {row.cells[0]: row.cells[1:] for row in evidence_table(plan).rows}
    assert len(rows) == len(plan.evidence)
    assert rows["Time of the run"][1] == "estimated"
    assert all(value and kind for value, kind in rows.values())


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_said_of_serving(name: str) -> None:
    found = training_study(name)
    for page in (render_markdown(found), render_readme(found.plan)):
        assert not [word for word in SERVING if word in page]
        assert "How it is trained" in page
        assert "Trade-offs, over" in page
    assert "Methods side by side" in render_markdown(found)


def test_an_unknown_price_is_never_zero() -> None:
    found = unpriced_training()
    for page in (render_markdown(found), render_readme(found.plan)):
        assert "cost unknown" in page
        assert "$0" not in page
