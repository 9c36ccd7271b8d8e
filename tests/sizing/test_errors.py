"""Error messages: one line with key, value, what is allowed and the nearest good value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sizing.errors import InputError, nearest_name, unknown_name

REGIONS = ["eu-west-1", "eu-west-2", "us-east-1", "us-east-2", "us-west-1", "us-west-2"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("us-esat-1", "us-east-1"),
        ("us-east1", "us-east-1"),
        ("US-EAST-1", "us-east-1"),
        ("eu-wst-2", "eu-west-2"),
        ("zzz", None),
        ("", None),
    ],
)
def test_nearest(typed: str, meant: str | None) -> None:
    assert nearest_name(typed, REGIONS) == meant


@given(st.text(), st.one_of(st.text(), st.floats(), st.integers(), st.none()))
def test_any_value_makes_one_json_line(key: str, value: object) -> None:
    error = InputError(key.replace("\n", ""), value, "something", float("nan"))
    shown = json.loads(json.dumps(error.as_dict(), allow_nan=False))
    assert shown["allowed"] == "something"
    assert "\n" not in error.message.replace(repr(value), "")


def test_a_long_list_is_cut() -> None:
    error = unknown_name("model", "x", [f"model-{i}" for i in range(100)])
    assert "(100)" in error.message
    assert len(error.message) < 300
