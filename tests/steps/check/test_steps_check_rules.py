"""check.rules in full: the same rows break the same rules in training and on a request; whole tables; the report."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors import ModelyardError
from modelyard.errors.data import BadExpression, BadPattern, MissingColumn, RuleBroken, WrongType
from modelyard.errors.project import BadParameter
from modelyard.errors.serving import BadRows
from modelyard.frame.schema import schema_of
from modelyard.frame.table import to_table
from modelyard.rows.reading import RowReader
from modelyard.schema.contract import Contract
from modelyard.schema.quality import Finding
from modelyard.step.context import Context
from modelyard.step.intake import learn_fields
from modelyard.steps.check.rules import Rules

START = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "low": st.one_of(st.none(), st.integers(-3, 3).map(float)),
            "high": st.one_of(st.none(), st.integers(-3, 3).map(float)),
            "code": st.sampled_from(["AA1", "b", "ZZ22", "", None]),
        }
    ),
    min_size=1,
    max_size=8,
)
RULES = {
    "columns": {"code": {"regex": r"[A-Z]{2}\d+"}, "low": {"min": -2}},
    "across": [{"check": "low <= high"}, {"check": "not contains(code, 'Z') or high > 0"}],
}


def rules(otherwise: str = "stop", **parts: Any) -> Rules:
    columns = {name: {**rule, "else": otherwise} for name, rule in parts.pop("columns", {}).items()}
    across = [{**rule, "else": otherwise} for rule in parts.pop("across", [])]
    return msgspec.convert({"use": "check.rules", "columns": columns, "across": across, **parts}, Rules)


def heard(step: Rules, frame: pl.DataFrame, now: datetime | None = None) -> tuple[list[Finding], list[str], int]:
    report: list[Finding] = []
    said: list[str] = []
    micros = None if now is None else int(now.timestamp() * 1e6)
    made = step.run(Context(report=report.append, tell=said.append, now=micros), frame.lazy()).collect()
    return report, said, made.height


@settings(deadline=None, max_examples=150)
@given(ROWS)
def test_a_row_is_kept_out_of_training_exactly_when_a_request_with_it_is_flagged(rows: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame(rows, schema={"low": pl.Float64, "high": pl.Float64, "code": pl.String})
    step = rules("quarantine", **RULES)
    kept = step.run(Context(), frame.with_row_index("at").lazy()).collect()["at"].to_list()
    trained = pl.DataFrame({"low": [0.0, None], "high": [0.0, None], "code": ["AA1", None]})
    fields = learn_fields(to_table(trained), ("low", "high", "code"))
    reader = RowReader(Contract(fields, step.rules(schema_of(frame)), zone="UTC"))
    together = reader.read(rows).flagged
    assert [at for at in range(len(rows)) if at not in together] == kept
    assert [at for at, row in enumerate(rows) if not reader.read([row]).flagged] == kept


def test_a_request_that_breaks_a_stop_rule_is_told_the_values() -> None:
    frame = pl.DataFrame({"low": [1.0, None], "high": [2.0, 0.0], "code": ["AA1", "BB2"]})
    fields = learn_fields(to_table(frame), ("low", "high", "code"))
    reader = RowReader(Contract(fields, rules(**RULES).rules(schema_of(frame)), zone="UTC"))
    with pytest.raises(BadRows) as error:
        reader.read([{"low": 3.0, "high": 2.0, "code": "a"}])
    found = [problem["found"] for problem in error.value.problems]
    assert found == [r"code is 'a': not written like [A-Z]{2}\d+", "low <= high is false: low is 3.0, high is 2.0"]


def test_a_rule_over_a_column_that_no_request_carries_holds_in_training_alone() -> None:
    frame = pl.DataFrame({"low": [1.0], "late": [2.0]})
    made = rules(across=[{"check": "low < late"}]).rules(schema_of(frame))
    reader = RowReader(Contract(learn_fields(to_table(frame), ("low",)), made))
    assert not reader.read([{"low": 9.0}]).flagged
    with pytest.raises(RuleBroken, match=r"low < late is false: low is 3\.0, late is 2\.0; 1 rows in all"):
        rules(across=[{"check": "low < late"}]).run(Context(), frame.with_columns(low=3.0).lazy())


def test_the_report_has_a_line_for_every_rule_broken_or_not() -> None:
    frame = pl.DataFrame({"low": [1.0, 5.0, -9.0], "high": [2.0, 4.0, 4.0], "code": ["AA1", "x", None]})
    report, said, kept = heard(rules("quarantine", **RULES), frame)
    assert [(one.rule, one.broken, one.checked, one.held) for one in report] == [
        (r"code: regex [A-Z]{2}\d+", 1, 3, False),
        ("low: min -2.0", 1, 3, False),
        ("low <= high", 1, 3, False),
        ("not contains(code, 'Z') or high > 0", 0, 3, True),
    ]
    assert said[1] == "1 rows, first: low is -9.0: below -2.0 (quarantine)"
    assert kept == 1
    assert heard(rules("warn", **RULES), frame)[2] == 3


@pytest.mark.parametrize(
    ("rule", "broken", "found"),
    [
        ({"rule": "rows", "min": 5}, 4, "4 rows"),
        ({"rule": "rows", "max": 3}, 4, "4 rows"),
        ({"rule": "null_share", "column": "k", "max": 0.2}, 1, r"1 of 4 are null \(0.25\)"),
        ({"rule": "unique", "columns": ["x"]}, 2, "rows 2 and 4 are the same"),
        ({"rule": "key", "columns": ["k", "x"]}, 1, "row 3 has a null in it"),
        ({"rule": "key", "columns": ["x"]}, 2, "rows 2 and 4 are the same"),
        ({"rule": "fresh", "column": "t", "within": "1d"}, 4, r"the newest is 2020-01-01T03:00:00\+00:00"),
    ],
)
def test_a_table_that_breaks_a_rule_stops_the_run_or_is_warned_of(
    rule: dict[str, Any], broken: int, found: str
) -> None:
    times = [START + timedelta(hours=hour) for hour in range(4)]
    frame = pl.DataFrame({"k": ["a", "b", None, "c"], "x": [1, 2, 3, 2], "t": times})
    now = START + timedelta(days=3)
    report, said, kept = heard(rules(table=[{**rule, "else": "warn"}]), frame, now)
    assert (report[0].broken, report[0].held, kept) == (broken, False, 4)
    assert said[0].endswith("(warn)")
    with pytest.raises(RuleBroken, match=found):
        heard(rules(table=[rule]), frame, now)


def test_a_table_that_keeps_its_rules_passes() -> None:
    times = [START + timedelta(hours=hour) for hour in range(4)]
    frame = pl.DataFrame({"k": ["a", "b", None, "c"], "x": [1, 2, 3, 2], "t": times})
    kept = [
        {"rule": "rows", "min": 4, "max": 4},
        {"rule": "null_share", "column": "k", "max": 0.25},
        {"rule": "unique", "columns": ["k"]},
        {"rule": "key", "columns": ["x", "t"]},
        {"rule": "fresh", "column": "t", "within": "1d"},
    ]
    report, said, _ = heard(rules(table=kept), frame, START + timedelta(hours=20))
    assert [one.held for one in report] == [True] * 5
    assert said == []
    assert len(heard(rules(table=kept), frame)[0]) == 4
    assert len(heard(rules(table=[{"rule": "rows"}]), frame)[0]) == 1
    ahead = heard(rules(table=[{**kept[4], "else": "warn"}]), frame, START - timedelta(days=2))[0][0]
    assert (ahead.held, ahead.broken) == (False, 4)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([1, 2, None])), max_size=8))
def test_no_row_twice_is_what_counting_says(rows: list[tuple[str | None, int | None]]) -> None:
    frame = pl.DataFrame(rows, schema={"k": pl.String, "x": pl.Int64}, orient="row")
    unique, key = ({"rule": word, "columns": ["k", "x"], "else": "warn"} for word in ("unique", "key"))
    report, _, _ = heard(rules(table=[unique, key]), frame)
    full = [row for row in rows if None not in row]
    twice = sum(full.count(row) > 1 for row in full)
    assert [one.broken for one in report] == [twice, twice + len(rows) - len(full)]


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"columns": {"q": {"min": 0}}}, MissingColumn),
        ({"columns": {"code": {"regex": "(a"}}}, BadPattern),
        ({"columns": {"low": {"regex": "a"}}}, WrongType),
        ({"columns": {"code": {"min": 0}}}, WrongType),
        ({"columns": {"low": {"min": 2, "max": 1}}}, BadParameter),
        ({"columns": {"low": {"categories": "learned"}}}, WrongType),
        ({"across": [{"check": "low + high"}]}, BadExpression),
        ({"across": [{"check": "low <"}]}, BadExpression),
        ({"across": [{"check": "1 < 2"}]}, BadExpression),
        ({"across": [{"check": "low < q"}]}, BadExpression),
        ({"table": [{"rule": "unique", "columns": ["q"]}]}, MissingColumn),
        ({"table": [{"rule": "fresh", "column": "low", "within": "1d"}]}, WrongType),
        ({"table": [{"rule": "fresh", "column": "low", "within": "soon"}]}, ModelyardError),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_before_a_row_is_read(
    parts: dict[str, Any], error: type[ModelyardError]
) -> None:
    given = schema_of(pl.DataFrame({"low": [1.0], "high": [1.0], "code": ["a"]}))
    with pytest.raises(error):
        rules(**parts).schema(given, ctx=Context())


def test_the_schema_goes_through_and_no_rows_break_nothing() -> None:
    given = schema_of(pl.DataFrame({"low": [1.0], "high": [1.0], "code": ["a"]}))
    assert rules(table=[{"rule": "rows", "min": 5}], **RULES).schema(given, ctx=Context()) == given


def test_numbers_among_categories_are_numbers() -> None:
    codes = rules("warn", columns={"a": {"categories": [1, 2.5]}, "b": {"categories": [1, "x"]}})
    report, _, _ = heard(codes, pl.DataFrame({"a": [1.0, 2.5, 2.0], "b": ["1", "x", "y"]}))
    assert [(one.broken, one.found) for one in report] == [
        (1, "a is 2.0: not among the categories allowed"),
        (1, "b is 'y': not among the categories allowed"),
    ]


def test_a_run_that_stops_names_every_rule_that_stops_it_and_reports_the_others() -> None:
    step = rules(columns={"a": {"max": 1}, "b": {"min": 0}}, table=[{"rule": "rows", "min": 9}])
    report: list[Finding] = []
    said = (
        "a is 2.0: above 1.0; 2 rows in all; and b is -1.0: below 0.0; 1 rows in all (row 3); and rows: at least 9: 3"
    )
    with pytest.raises(RuleBroken, match=re.escape(said)) as error:
        step.run(Context(report=report.append), pl.LazyFrame({"a": [0.0, 2.0, 3.0], "b": [1.0, 0.0, -1.0]})).collect()
    assert error.value.where == "row 2"
    assert [one.held for one in report] == [False] * 3
