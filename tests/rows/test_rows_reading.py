"""The contract, value by value."""

import math
from typing import Any

import polars as pl
import pytest

from modelyard.errors.serving import BadRows
from modelyard.frame.source import moments
from modelyard.rows.reading import RowReader
from modelyard.rows.timestamps import reader
from modelyard.schema.contract import Contract, Field
from modelyard.schema.rules import ColumnRule


def contract(kind: str, nullable: bool = False, **more: Any) -> Contract:
    return Contract((Field(name="x", kind=kind, nullable=nullable, **more),))


GOOD = [
    ("number", 1, 1.0),
    ("number", 1.5, 1.5),
    ("number", 2**53, 2.0**53),
    ("number", 1e300, 1e300),
    ("integer", 3, 3.0),
    ("integer", 3.0, 3.0),
    ("boolean", True, 1.0),
    ("boolean", False, 0.0),
    ("datetime", "2013-01-01T00:00:00Z", 1356998400e6),
    ("datetime", "2013-01-01T00:00:00.000001+01:00", 1356994800000001.0),
]
BAD = [
    ("number", True, "wrong_type"),
    ("number", "1", "wrong_type"),
    ("number", [1], "wrong_type"),
    ("number", {"a": 1}, "wrong_type"),
    ("number", None, "null"),
    ("number", 2**53 + 1, "precision_loss"),
    ("number", 2**64, "precision_loss"),
    ("integer", 1.5, "wrong_type"),
    ("integer", 1e300, "precision_loss"),
    ("integer", False, "wrong_type"),
    ("boolean", 1, "wrong_type"),
    ("boolean", "true", "wrong_type"),
    ("category", 1, "wrong_type"),
    ("category", True, "wrong_type"),
    ("text", 1, "wrong_type"),
    ("datetime", 1356998400, "wrong_type"),
    ("datetime", "2013-01-01T00:00:00", "bad_time"),
    ("datetime", "yesterday", "bad_time"),
    ("datetime", "0001-01-01T00:00:00+14:00", "bad_time"),
    ("datetime", "9999-12-31T23:59:59Z", "bad_time"),
    ("datetime", "2013-02-30T00:00:00Z", "bad_time"),
    ("datetime", "2013-01-01T00:00:00.123456789Z", "bad_time"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), GOOD)
def test_a_value_of_the_kind_passes_unchanged(kind: str, value: object, expected: float) -> None:
    assert RowReader(contract(kind)).read([{"x": value}]).inputs[0].tolist() == [expected]


@pytest.mark.parametrize(("kind", "value", "problem"), BAD)
def test_a_value_of_another_kind_is_refused_by_row_and_column(kind: str, value: object, problem: str) -> None:
    good = {"number": 1, "integer": 1, "boolean": True, "datetime": "2013-01-01T00:00:00Z"}.get(kind, "a")
    with pytest.raises(BadRows) as caught:
        RowReader(contract(kind, categories=("a",) if kind == "category" else ())).read([{"x": good}, {"x": value}])
    assert [(p["row"], p["column"], p["problem"]) for p in caught.value.problems] == [(1, "x", problem)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        ("1", '"1"'),
        ("Zoë", '"Zoë"'),
        ([None], "[null]"),
        ({"a": False}, '{"a": false}'),
        ("\x1b\u202e\ud800", r'"\u001b\u202e\ud800"'),
        ([10**5000], "a list"),
        ({1, 2}, "{1, 2}"),
    ],
)
def test_what_was_sent_is_shown_as_json_has_it(value: object, shown: str) -> None:
    with pytest.raises(BadRows) as caught:
        RowReader(contract("number")).read([{"x": value}])
    assert f"'x' must be a number, not {shown} (" in str(caught.value)


def test_a_missing_key_is_a_null_with_a_warning_only_where_training_rows_had_nulls() -> None:
    rows = RowReader(contract("number", nullable=True)).read([{}, {"x": None}])
    assert all(math.isnan(value) for value in rows.inputs[0].tolist())
    assert rows.warnings == {0: [{"warning": "missing", "column": "x"}]}
    with pytest.raises(BadRows, match="missing"):
        RowReader(contract("number")).read([{}])


def test_columns_that_the_model_does_not_read_are_ignored_with_one_warning() -> None:
    rows = RowReader(contract("number")).read([{"x": 1, "b": 2, "a": {"deep": []}}])
    assert rows.warnings == {0: [{"warning": "ignored", "column": "a", "columns": ["a", "b"]}]}


@pytest.mark.parametrize(
    ("value", "like"), [("", {}), ("é", {}), ("e\u0301", {}), (" red", {"like": "red"}), ("RED", {"like": "red"})]
)
def test_a_category_that_training_never_saw_is_predicted_with_a_warning(value: str, like: dict[str, str]) -> None:
    rows = RowReader(contract("category", categories=("blue", "red"))).read([{"x": value}, {"x": "red"}])
    assert rows.inputs[0].tolist() == [-1.0, 1.0]
    assert rows.warnings == {0: [{"warning": "unseen", "column": "x", "value": value, **like}]}


def test_a_category_in_another_normal_form_is_that_category_and_rules_see_it_so() -> None:
    rule = ColumnRule(column="x", categories=("Zoe\u0308", "red"))
    field = Field(name="x", kind="category", categories=("Zo\u00eb", "red"))
    rows = RowReader(Contract((field,), rules=(rule,))).read([{"x": "Zo\u00eb"}, {"x": "Zoe\u0308"}])
    assert rows.inputs[0].tolist() == [0.0, 0.0]
    assert rows.warnings == {1: [{"warning": "normalised", "column": "x", "value": "Zoe\u0308", "read_as": "Zo\u00eb"}]}


@pytest.mark.parametrize(
    ("otherwise", "flagged"), [("warn", frozenset()), ("quarantine", frozenset({1}))], ids=["warn", "quarantine"]
)
def test_a_broken_rule_warns_or_flags(otherwise: Any, flagged: frozenset[int]) -> None:
    rule = ColumnRule(column="x", min=0.0, max=10.0, otherwise=otherwise)
    field = Field(name="x", kind="number")
    rows = RowReader(Contract((field,), rules=(rule,))).read([{"x": 5}, {"x": 11}, {"x": None}])
    assert [w["warning"] for w in rows.warnings[1]] == ["rule"]
    assert list(rows.warnings) == [1]
    assert rows.flagged == flagged


def test_a_stop_rule_refuses_the_request_and_says_why() -> None:
    rule = ColumnRule(column="x", categories=("a", "new"))
    field = Field(name="x", kind="category", categories=("a", "b"))
    reading = RowReader(Contract((field,), rules=(rule,)))
    assert reading.read([{"x": "a"}, {"x": "new"}]).inputs[0].tolist() == [0.0, -1.0]
    with pytest.raises(BadRows) as caught:
        reading.read([{"x": "b"}])
    assert caught.value.problems[0]["problem"] == "rule_broken"


def test_a_naive_time_takes_the_zone_and_an_hour_that_is_doubled_or_skipped_is_said() -> None:
    field = Field(name="x", kind="datetime", zone="America/New_York", nullable=False)
    reading = RowReader(Contract((field,)))
    assert reading.read([{"x": "2013-07-01T00:00:00"}]).inputs[0].tolist() == [1372651200e6]
    said = ["2013-11-03T01:30:00", "2013-03-10T02:30:00", "2013-11-03T01:30:00-05:00"]
    meant = ["2013-11-03T01:30:00-04:00", "2013-03-10T02:30:00-05:00", "2013-11-03T01:30:00-05:00"]
    rows = reading.read([{"x": text} for text in said])
    assert rows.inputs[0].tolist() == [float(reader(None)(text)) for text in meant]
    assert rows.warnings == {
        0: [{"warning": "doubled_hour", "column": "x", "value": said[0], "read_as": "2013-11-03T05:30:00Z"}],
        1: [{"warning": "skipped_hour", "column": "x", "value": said[1], "read_as": "2013-03-10T07:30:00Z"}],
    }


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("0001-01-01T00:00:00Z", "outside the years"),
        ("9999-12-31T23:59:59Z", "outside the years"),
        ("2013-01-01T05:15:00", "names no time zone"),
        ("2013-01-01T05:15:00.123456789Z", "not a time like"),
        ("2013-02-30", "day"),
        (1357035300000000000, "must be a time as a string"),
        (1357035300.0, "must be a time as a string"),
    ],
)
def test_a_time_that_is_not_one_moment_of_an_exact_year_is_refused(value: object, why: str) -> None:
    reading = RowReader(Contract((Field(name="x", kind="datetime", nullable=False),)))
    with pytest.raises(BadRows, match=why):
        reading.read([{"x": value}])


@pytest.mark.parametrize("offset", ["+02:00", "+0200", "+02", "-0530", "+0000", "Z"])
def test_an_offset_is_read_however_a_file_that_was_learned_from_writes_it(offset: str) -> None:
    text = f"2013-01-01T05:15:00.000000{offset}"
    assert reader(None)(text) == moments(pl.Series([text]), "Europe/Berlin").dt.timestamp("us")[0]


def test_event_time_comes_from_the_time_role_and_its_zone() -> None:
    timed = Contract((Field(name="x", kind="number"),), time="at", zone="UTC")
    rows = RowReader(timed).read([{"x": 1, "at": "2013-01-01 05:00"}, {"x": 1}])
    assert rows.events == [1357016400000000, None]
    assert rows.warnings == {}
