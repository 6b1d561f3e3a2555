"""Kinds of raw text columns, found once and then held to."""

from __future__ import annotations

import polars as pl
import pytest

from modelyard.errors.data import UnreadableTable
from modelyard.frame.infer import inferred


def kinds(rows: int = 100, comma: bool = False, **columns: list[str | None]) -> dict[str, pl.DataType]:
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return dict(inferred(frame, rows, comma, "t.csv", frozenset()).schema)


def test_each_kind_is_recognised_and_nulls_say_nothing() -> None:
    found = kinds(
        i=["1", None, "-3"], f=["1", "2.5", "1e-3"], b=["true", "False", None], t=["2013-01-01", None, "2013-02-03"],
        z=["2013-01-01T10:00:00Z", None, "2013-01-01T11:00:00Z"], c=["a", "1", None], n=[None, None, None],
    )  # fmt: skip
    assert found["i"] == pl.Int64
    assert found["f"] == pl.Float64
    assert found["b"] == pl.Boolean
    assert found["t"] == pl.Datetime("us")
    assert found["z"] == pl.Datetime("us", "UTC")
    assert found["c"] == found["n"] == pl.String


def test_a_leading_zero_makes_a_code_not_a_number() -> None:
    found = kinds(plz=["01067", "10115", None], zero=["0", "0.5", "10"], price=["1,5", "0,25", "3"], comma=True)
    assert found == {"plz": pl.String, "zero": pl.Float64, "price": pl.Float64}


def test_a_later_misfit_names_its_value_and_row_and_changes_no_type() -> None:
    with pytest.raises(UnreadableTable, match=r"'oops'.*data row 4"):
        kinds(rows=2, x=["1", "2", "3", "oops"])
