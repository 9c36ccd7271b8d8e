"""The HTML file of a training run: its own sections, complete, and safe against what is typed."""

from __future__ import annotations

import re

import pytest

from sizing.report.charts import memory_chart
from sizing.report.drawing import NARROW, WIDE, draw
from sizing.report.html import render_html
from sizing.report.markdown import render_markdown
from sizing.report.readme import render_readme
from sizing.report.training_charts import LONGEST, trade_offs_chart
from tests.sizing.report.test_html import LIMIT_BYTES, OUTSIDE, Elements
from tests.sizing.report.trainings import (
    CASES,
    hostile_training,
    training_study,
    unpriced_training,
)


@pytest.mark.parametrize("name", CASES)
def test_the_file_is_complete_in_itself(name: str) -> None:
    page = render_html(training_study(name))
    assert len(page.encode()) < LIMIT_BYTES
    assert not OUTSIDE.findall(page)
    assert "<script" not in page
    assert page == render_html(training_study(name))


def test_its_sections_are_those_of_a_run() -> None:
    page = render_html(training_study())
    tags = Elements(page).found
    keys = [attrs["id"] for tag, attrs in tags if tag == "section" and attrs.get("id")]
    assert keys == [
        "answer", "memory", "cost", "trade-offs", "alternatives", "load", "methods", "training",
        "evidence", "assumed", "rejected",
    ]  # fmt: skip
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {(attrs.get("href") or "#").removeprefix("#") for tag, attrs in tags if tag == "a"}
    assert links <= set(ids)
    assert "concurrency" not in page


def test_each_chart_has_words_and_its_numbers_in_a_table() -> None:
    page = render_html(training_study())
    charts = re.findall(r"<svg [^>]*>", page)
    assert len(charts) == 10
    assert all(re.search(r'aria-label="[^"]{20,}"', svg) for svg in charts)
    for figure in re.findall(r"<figure>.*?</figure>", page, re.DOTALL):
        assert "<table>" in figure or "USD a month: Nodes" in figure


def test_every_colour_of_a_part_is_in_the_style() -> None:
    for name in CASES:
        page = render_html(training_study(name))
        style = page[: page.index("</style>")]
        for variable in set(re.findall(r"var\((--[a-z-]+)\)", page)):
            assert f"{variable}:" in style
        for key in set(re.findall(r'class="swatch (part-[a-z_]+)"', page)):
            assert f".{key} " in style


def test_what_does_not_fit_is_marked_and_no_bar_leaves_the_chart() -> None:
    plan = training_study().plan
    training = plan.training
    assert training is not None
    huge = training.trade_offs[1].model_copy(
        update={"device_memory_gib_per_gpu": 9000.0, "fits": False}
    )
    training = training.model_copy(update={"trade_offs": (training.trade_offs[0], huge)})
    for sheet in (WIDE, NARROW):
        spec = trade_offs_chart(plan, training, sheet)
        sizes = [row["size"] for row in spec["data"]["values"]]
        assert max(sizes) == pytest.approx(LONGEST * 79.18, rel=0.01)
        svg = draw(spec, sheet, "what would be otherwise")
        assert "9,000.0" in svg
        assert "var(--bad)" in svg
        assert f'width="{sheet.width}"' in draw(memory_chart(plan, sheet), sheet, "memory")


def test_a_page_without_any_price_says_unknown() -> None:
    page = render_html(unpriced_training())
    assert "some prices are unknown: no chart" in page
    assert "cost unknown" in page
    assert "$0" not in page


def test_nothing_that_a_user_typed_becomes_an_element() -> None:
    found = hostile_training()
    page = Elements(render_html(found))
    assert page.names() <= Elements(render_html(training_study())).names() | {"figcaption"}
    assert not page.names() & {"img", "script", "iframe", "object"}
    for text in (render_markdown(found), render_readme(found.plan)):
        code_gone = re.sub(r"(?<!\\)`[^`]*`", "", text)
        assert "<img" not in code_gone.replace(r"\<", "")
        assert not re.search(r"@\w", code_gone)
