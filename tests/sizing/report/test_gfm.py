"""Markdown: text stays text, tables keep their shape."""

from __future__ import annotations

import pytest

from sizing.report.gfm import table, text
from sizing.report.table import Look, Row, Table, columns, spans, without_empty


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("a|b", r"a\|b"),
        ("`a|b`", r"`a\|b`"),
        ("<b>x</b>", r"\<b\>x\</b\>"),
        ("*a* _b_ [c](d) #1 ~e~", r"\*a\* \_b\_ \[c\](d) \#1 \~e\~"),
        ("a & b", r"a \& b"),
        ("back\\slash", r"back\\slash"),
        ("run `sizing plan` now", "run `sizing plan` now"),
        ("a lone ` stays", r"a lone \` stays"),
        ("two `a` and ` alone", r"two `a` and \` alone"),
        ("by @somebody", "by @<!-- -->somebody"),
        ("two\nlines", "two lines"),
        ("", ""),
    ],
)
def test_text_is_escaped(given: str, written: str) -> None:
    assert text(given) == written


def test_a_table_aligns_numbers_and_fills_short_rows() -> None:
    found = Table(
        "what",
        columns("Item", ">USD"),
        (
            Row(("Group",), Look.GROUP),
            Row(("a|b", "1.00")),
            Row(("all", "1.00"), Look.TOTAL),
            Row(("this", "1.00"), Look.CHOSEN, mark="chosen"),
        ),
        ("a note",),
    )
    assert table(found) == [
        "| Item | USD |",
        "| --- | ---: |",
        "| **Group** |  |",
        r"| a\|b | 1.00 |",
        "| **all** | **1.00** |",
        "| **this** (chosen) | **1.00** |",
        "",
        "a note",
    ]


def test_columns_without_a_word_are_left_out() -> None:
    rows = (Row(("a", "", "1")), Row(("b", "", "2"), Look.TOTAL))
    found = without_empty(Table("x", columns("A", "B", ">C"), rows))
    assert [c.head for c in found.columns] == ["A", "C"]
    assert [r.cells for r in found.rows] == [("a", "1"), ("b", "2")]
    assert found.rows[1].look is Look.TOTAL


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("plain", [(False, "plain")]),
        ("a `b` c", [(False, "a "), (True, "b"), (False, " c")]),
        ("`b`", [(True, "b")]),
        ("a ` b", [(False, "a ` b")]),
    ],
)
def test_backticks_mark_code(given: str, parts: list[tuple[bool, str]]) -> None:
    assert spans(given) == parts
