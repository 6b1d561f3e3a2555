"""Kinds of raw text columns, found once, and text made into them."""

from __future__ import annotations

import polars as pl
import pytest

from modelyard.frame.infer import Marks, guessed, made


def kind(*values: str | None, decimal: str = ".", thousands: str = "") -> str:
    return guessed(pl.Series("x", values, pl.String), Marks(decimal, thousands))


def test_each_kind_is_recognised_and_nulls_say_nothing() -> None:
    assert kind("1", None, "-3") == "integer"
    assert kind("1", "2.5", "1e-3") == kind("1.0", "2.0") == "number"
    assert kind("true", "False", None) == "boolean"
    assert kind("2013-01-01", None, "2013-02-03") == "datetime"
    assert kind("2013-01-01T10:00:00Z", None, "2013-01-01T11:00:00Z") == "datetime"
    assert kind("a", "1", None) == kind(None, None) == kind() == "category"


def test_a_leading_zero_makes_a_code_not_a_number() -> None:
    assert kind("01067", "10115", None) == "category"
    assert kind("0", "0.5", "10") == "number"
    assert kind("1,5", "0,25", "3", decimal=",") == "number"


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "value"),
    [
        ("1.234,5", ",", ".", 1234.5),
        ("1,234,567.5", ".", ",", 1234567.5),
        ("-12 345", ".", " ", -12345.0),
        ("1234,5", ",", ".", 1234.5),
        ("1.5", ",", ".", None),
        ("1,23", ".", ",", None),
        ("1,2345", ".", ",", None),
    ],
)
def test_thousands_are_grouped_right_or_are_no_number(
    text: str, decimal: str, thousands: str, value: float | None
) -> None:
    assert made(pl.Series([text]), "number", Marks(decimal, thousands), "UTC").to_list() == [value]


def test_a_text_of_another_kind_is_null_and_a_declared_integer_may_end_in_point_zero() -> None:
    assert made(pl.Series(["1.0", "1.5", "x", None]), "integer", Marks(), "UTC").to_list() == [1, None, None, None]
    assert made(pl.Series(["yes", "0", "maybe"]), "boolean", Marks(), "UTC").to_list() == [True, False, None]
    times = made(pl.Series(["2013-01-01 05:00", "2013-02-30 05:00", None]), "datetime", Marks(), "America/New_York")
    assert times.dt.timestamp("us").to_list() == [1_357_034_400_000_000, None, None]
