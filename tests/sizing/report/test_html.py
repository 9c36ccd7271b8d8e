"""The HTML file as text: complete in itself, and nothing that a user typed is markup in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from sizing.deployed import Deployed, deployed_as
from sizing.evidence import Evidence
from sizing.plan import CostLine
from sizing.report.html import render_html
from sizing.report.markdown import render_markdown
from sizing.report.readme import render_readme
from sizing.report.study import Study
from tests.sizing.report.studies import (
    CASES,
    HOSTILE,
    study,
    with_lines,
    with_plan,
    without_price,
)

LIMIT_BYTES = 1_000_000
OUTSIDE = re.compile(
    r"""(?:src|href|xlink:href|action|data)\s*=\s*["'](?!#|data:,)|url\(|@import"""
)


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def names(self) -> set[str]:
        return {tag for tag, _ in self.found}


def hostile() -> Study:
    """A study in which every text that somebody may have typed attacks the page."""
    found = study()
    line = CostLine(
        item=HOSTILE, quantity=1, unit=HOSTILE, evidence=Evidence.UNKNOWN, assumption=HOSTILE,
        group=HOSTILE,
    )  # fmt: skip
    plan = with_lines(found.plan, line, unknown=1)
    files = plan.checkpoint and plan.checkpoint.model_copy(
        update={"repository": HOSTILE, "revision": HOSTILE}
    )
    alternative = plan.alternatives[0].model_copy(update={"instance_type": HOSTILE})
    plan = plan.model_copy(
        update={
            "model": HOSTILE,
            "instance_type": HOSTILE,
            "region": HOSTILE,
            "checkpoint": files,
            "warnings": (HOSTILE,),
            "assumptions": (HOSTILE,),
            "engine_flags": {HOSTILE: HOSTILE},
            "alternatives": (alternative,),
        }
    )
    step = found.context.steps[0].model_copy(update={"instance_type": HOSTILE})
    curve = found.context.model_copy(update={"steps": (step,), "ends": HOSTILE})
    before = deployed_as(found.plan)
    return found.model_copy(
        update={"plan": plan, "stack": HOSTILE, "context": curve, "previous": before}
    )


def test_nothing_that_a_user_typed_becomes_an_element() -> None:
    page = Elements(render_html(hostile()))
    clean = Elements(render_html(study()))
    assert page.names() <= clean.names() | {"div"}
    assert not page.names() & {"img", "script", "iframe", "object"}
    assert not [a for _, attrs in page.found for a in attrs if a.startswith("on")]


@pytest.mark.parametrize("page", [render_markdown(hostile()), render_readme(hostile().plan)])
def test_nothing_that_a_user_typed_is_markup_in_markdown(page: str) -> None:
    code_gone = re.sub(r"(?<!\\)`[^`]*`", "", page)
    assert "<img" not in code_gone.replace(r"\<", "")
    assert not re.search(r"@\w", code_gone)
    for line in page.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) <= 10


@pytest.mark.parametrize("name", CASES)
def test_the_file_is_complete_in_itself(name: str) -> None:
    page = render_html(study(name))
    assert len(page.encode()) < LIMIT_BYTES
    assert not OUTSIDE.findall(page)
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert page == render_html(study(name))


def test_a_page_without_any_price_says_unknown() -> None:
    page = render_html(without_price(study()))
    assert "some prices are unknown: no chart" in page
    assert "$0" not in page
    assert page.count("unknown") > 10


def test_every_section_is_there_with_its_heading_in_order() -> None:
    tags = Elements(render_html(study())).found
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    keys = {attrs.get("id") for tag, attrs in tags if tag == "section"}
    assert keys >= {
        "answer", "memory", "cost", "alternatives", "load", "precisions", "serving", "evidence",
        "assumed", "rejected",
    }  # fmt: skip
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_each_chart_has_words_and_its_numbers_in_a_table() -> None:
    page = render_html(study())
    charts = re.findall(r"<svg [^>]*>", page)
    assert len(charts) == 12
    assert all('role="img"' in svg and re.search(r'aria-label="[^"]{20,}"', svg) for svg in charts)
    for figure in re.findall(r"<figure>.*?</figure>", page, re.DOTALL):
        assert "<table>" in figure or "USD a month: Nodes" in figure


def test_the_change_stands_at_the_top() -> None:
    before = deployed_as(study().plan).model_copy(update={"nodes": 3})
    page = render_html(study().model_copy(update={"previous": before}))
    assert "3 nodes → 2" in page
    first = Deployed(problem="nothing is deployed yet, this is the first time")
    for render in (render_html, render_markdown):
        assert "this is the first time" in render(study().model_copy(update={"previous": first}))


def test_warnings_stand_above_everything_else() -> None:
    page = render_html(with_plan(study(), warnings=("mind `this`",)))
    assert page.index("mind <code>this</code>") < page.index('id="memory"')
