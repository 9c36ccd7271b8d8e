"""The report in a real Chromium: silent, alone, reachable, legible at every width and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.chromium import axe_violations, chromium, find_chromium
from sizing.report.html import render_html
from sizing.report.study import AnyStudy
from tests.conftest import REQUIRED
from tests.sizing.report.studies import CASES, study
from tests.sizing.report.test_html import hostile
from tests.sizing.report.trainings import hostile_training, training_study

pytestmark = pytest.mark.xdist_group("chromium")
Scheme = Literal["light", "dark"]
WIDTHS = (360, 768, 1280)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What sticks out to the right of the window, unless a table's own scroll bar reaches it.
STICKS_OUT = """() => [...document.querySelectorAll("body *")].filter(e => {
  const box = e.getBoundingClientRect();
  return box.width > 0 && box.right > innerWidth + 1 && !e.closest(".scroll, .skip, svg");
}).map(e => e.outerHTML.slice(0, 80))"""
# Text of a chart that is cut off by the window.
CUT_OFF = """() => [...document.querySelectorAll("svg.chart text")].filter(e => {
  const box = e.getBoundingClientRect();
  return box.width > 0 && (box.left < 0 || box.right > innerWidth);
}).map(e => e.textContent)"""
FOCUSED = """() => {
  const e = document.activeElement;
  return {
    tag: e.tagName, says: (e.getAttribute("aria-label") || e.textContent || "").trim(),
    top: e.getBoundingClientRect().top + scrollY,
    outline: getComputedStyle(e).outlineStyle,
  };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all; without one the tests are skipped, except where they are required."""
    path = find_chromium()
    if path is None:
        why = "chromium is missing: `make test-deps` as root installs it"
        pytest.fail(why) if REQUIRED else pytest.skip(why)
    with chromium(path) as started:
        yield started


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The file of every case."""
    folder = tmp_path_factory.mktemp("reports")
    studies: dict[str, AnyStudy] = {name: study(name) for name in CASES}
    studies |= {"training": training_study(), "hostile": hostile()}
    studies |= {"hostile training": hostile_training()}
    files = {name: folder / f"{index}.html" for index, name in enumerate(studies)}
    for name, path in files.items():
        path.write_text(render_html(studies[name]), encoding="utf-8")
    return files


class Opened:
    """A page with everything that it asked for and complained about."""

    def __init__(self, browser: Browser, path: Path, width: int, scheme: Scheme) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.goto(path.as_uri())

    def colour(self, what: str) -> tuple[int, ...]:
        """A computed colour of the page's body, as numbers."""
        text: str = self.page.evaluate(f"getComputedStyle(document.body).{what}")
        return tuple(int(part) for part in text[text.index("(") + 1 : -1].split(",")[:3])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [*CASES, "training", "hostile", "hostile training"])
def test_nothing_sticks_out_and_nothing_is_asked_of_anybody(
    browser: Browser, reports: dict[str, Path], name: str, width: int
) -> None:
    opened = Opened(browser, reports[name], width, "light")
    page = opened.page
    assert opened.requests == [reports[name].as_uri()]
    assert opened.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(STICKS_OUT) == []
    assert page.evaluate(CUT_OFF) == []
    page.close()


# Every page in both schemes, and on a narrow and a wide screen: not each with each.
@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("405b", 360, "light"),
        ("405b", 1280, "dark"),
        ("any gpu", 1280, "light"),
        ("any gpu", 360, "dark"),
        ("rule", 360, "light"),
        ("rule", 1280, "dark"),
        ("training", 1280, "light"),
        ("training", 360, "dark"),
    ],
)
def test_axe_finds_nothing(
    browser: Browser, reports: dict[str, Path], name: str, width: int, scheme: Scheme
) -> None:
    page = Opened(browser, reports[name], width, scheme).page
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert axe_violations(page, RULES) == []
    page.close()


def test_light_and_dark_differ_and_paper_is_white(
    browser: Browser, reports: dict[str, Path]
) -> None:
    light = Opened(browser, reports["405b"], 1280, "light")
    dark = Opened(browser, reports["405b"], 1280, "dark")
    assert sum(light.colour("backgroundColor")) > 700
    assert sum(dark.colour("backgroundColor")) < 150
    assert sum(dark.colour("color")) > 600
    dark.page.emulate_media(media="print")
    assert sum(dark.colour("backgroundColor")) > 700
    assert sum(dark.colour("color")) < 150
    for opened in (light, dark):
        opened.page.close()


@pytest.mark.parametrize("name", ["405b", "any gpu"])
def test_paper_shows_what_is_folded_and_cuts_nothing(
    browser: Browser, reports: dict[str, Path], name: str
) -> None:
    # The inside of an A4 page, in CSS pixels.
    page = Opened(browser, reports[name], 688, "light").page
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    assert page.evaluate(STICKS_OUT.replace('".scroll, .skip, svg"', '".skip, svg"')) == []
    for table in page.locator("details table").all():
        assert table.is_visible()
    assert page.locator("svg.wide").first.is_visible()
    assert not page.locator("svg.narrow").first.is_visible()
    assert len(page.pdf(format="A4")) > 10_000
    page.close()


def test_the_keyboard_goes_down_the_page_and_shows_where_it_is(
    browser: Browser, reports: dict[str, Path]
) -> None:
    page = Opened(browser, reports["405b"], 360, "light").page
    stops: list[dict[str, Any]] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stop: dict[str, Any] = page.evaluate(FOCUSED)
        if stop["tag"] == "BODY":
            break
        stops.append(stop)
    assert stops[0]["says"] == "Skip to the answer"
    assert all(stop["says"] and stop["outline"] != "none" for stop in stops)
    tops = [stop["top"] for stop in stops[1:]]
    assert tops == sorted(tops)
    assert {"A", "SUMMARY", "DIV"} == {stop["tag"] for stop in stops}
    page.close()


def test_the_skip_link_and_the_folded_numbers_work_without_a_mouse(
    browser: Browser, reports: dict[str, Path]
) -> None:
    page = Opened(browser, reports["405b"], 1280, "light").page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "answer"
    numbers = page.locator("summary").first
    numbers.focus()
    page.keyboard.press("Enter")
    assert page.locator("details table").first.is_visible()
    page.close()


def test_numbers_stand_in_columns(browser: Browser, reports: dict[str, Path]) -> None:
    page = Opened(browser, reports["405b"], 1280, "light").page
    cells = page.locator("#cost table").first.locator("tbody tr td:nth-child(5)")
    styles = "cells => cells.map(getComputedStyle).map(s => [s.textAlign, s.fontVariantNumeric])"
    ends: list[tuple[str, str]] = [tuple(end) for end in cells.evaluate_all(styles)]
    assert len(ends) > 5
    assert set(ends) == {("right", "tabular-nums")}
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_screenshot_to_look_at(
    browser: Browser, reports: dict[str, Path], tmp_path: Path, width: int, scheme: Scheme
) -> None:
    page = Opened(browser, reports["405b"], width, scheme).page
    path = tmp_path / f"report-{scheme}-{width}.png"
    page.screenshot(path=path, full_page=True)
    assert path.stat().st_size > 50_000
    page.close()
