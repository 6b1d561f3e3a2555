"""Joins by equal keys against SQLite, as-of joins against a loop over all pairs, tables under one another."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors.data import BadSelector, DoubledKey, MissingColumn, WrongType
from modelyard.frame.schema import schema_of
from modelyard.step.context import Context
from modelyard.steps.table.concat import Concat
from modelyard.steps.table.join import AsOf, How, Join

CTX = Context()
KEYS = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))
HOURS = st.one_of(st.none(), st.integers(0, 6))
ROWS = st.lists(st.tuples(KEYS, HOURS), max_size=12)
START = datetime(2020, 1, 1, tzinfo=UTC)
SQL = {"left": "LEFT JOIN", "inner": "JOIN", "right": "RIGHT JOIN", "full": "FULL JOIN"}


def events(rows: list[tuple[str | None, int | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "k": pl.Series([key for key, _ in rows], dtype=pl.String),
            "t": pl.Series(
                [None if h is None else START + timedelta(hours=h) for _, h in rows], dtype=pl.Datetime("us", "UTC")
            ),
            "x": pl.Series(range(len(rows)), dtype=pl.Int64),
        }
    )


def sqlite(how: How, left: pl.DataFrame, right: pl.DataFrame) -> list[tuple[Any, ...]]:
    base = sqlite3.connect(":memory:")
    for name, frame in (("l", left), ("r", right)):
        base.execute(f"CREATE TABLE {name} (k TEXT, x INTEGER)")
        base.executemany(f"INSERT INTO {name} VALUES (?, ?)", frame.select("k", "x").rows())
    if how in ("semi", "anti"):
        word = "IN" if how == "semi" else "NOT IN"
        query = f"SELECT k, x FROM l WHERE coalesce(k, '-') {word} (SELECT k FROM r WHERE k IS NOT NULL)"
    else:
        query = f"SELECT coalesce(l.k, r.k), l.x, r.x FROM l {SQL[how]} r ON l.k = r.k"
    found = base.execute(query).fetchall()
    base.close()
    return found


@settings(deadline=None, max_examples=60)
@given(ROWS, ROWS, st.sampled_from(get_args(How)))
def test_rows_that_meet_are_those_that_sqlite_finds(left: Any, right: Any, how: How) -> None:
    a, b = events(left).drop("t"), events(right).drop("t")
    made = Join(by="k", how=how, matches="many").run(CTX, a.lazy(), b.lazy()).collect().rows()
    assert sorted(made, key=repr) == sorted(sqlite(how, a, b), key=repr)


@settings(deadline=None, max_examples=60)
@given(ROWS, ROWS)
def test_a_left_join_keeps_every_row_in_its_place(left: Any, right: Any) -> None:
    a = events(left).drop("t")
    b = events(right).drop("t").unique("k", keep="first", maintain_order=True)
    made = Join(by="k").run(CTX, a.lazy(), b.lazy()).collect()
    assert made.select("k", "x").equals(a)


@settings(deadline=None, max_examples=200)
@given(ROWS, ROWS, st.sampled_from([None, 1, 3]), st.booleans(), st.integers(0, 2))
def test_as_of_finds_the_latest_row_strictly_before_and_no_other(
    left: Any, right: Any, last: int | None, keyed: bool, delay: int
) -> None:
    step = Join(
        by="k" if keyed else (), as_of=AsOf(time="t", last=None if last is None else f"{last}h", delay=f"{delay}h")
    )
    made = step.run(CTX, events(left).lazy(), events(right).lazy()).collect()
    for (key, hour), found in zip(left, made["x_right"].to_list(), strict=True):
        known = [
            (when, place)
            for place, (other, when) in enumerate(right)
            if hour is not None
            and when is not None
            and when < hour - delay
            and (not keyed or (key == other is not None))
            if last is None or hour - delay - when <= last
        ]
        assert found == (max(known)[1] if known else None)
    assert made["x"].to_list() == list(range(len(left)))


@settings(deadline=None, max_examples=40)
@given(ROWS.filter(bool), st.integers(0, 11))
def test_what_happens_at_a_rows_time_or_later_changes_nothing_in_it(rows: Any, pick: int) -> None:
    frame, now = events(rows), rows[pick % len(rows)][1]
    later = pl.col("t") >= START + timedelta(hours=now or 0)
    changed = frame.with_columns(x=pl.when(later).then(pl.col("x") + 1000).otherwise(pl.col("x")))
    step = Join(by="k", as_of=AsOf(time="t"))
    one, two = (step.run(CTX, frame.lazy(), other.lazy()).collect() for other in (frame, changed))
    assert one["x_right"][pick % len(rows)] == two["x_right"][pick % len(rows)]


def test_times_without_a_zone_are_of_the_projects_zone() -> None:
    left = pl.LazyFrame({"t": [datetime(2020, 1, 1, 12, tzinfo=UTC)]})
    right = pl.LazyFrame({"t": [datetime(2020, 1, 1, 6, 30), datetime(2020, 1, 1, 7, 30)], "x": [1, 2]})
    made = Join(as_of=AsOf(time="t")).run(Context(zone="America/New_York"), left, right).collect()
    assert made["x"].to_list() == [1]
    with pytest.raises(WrongType, match="holds Int64, not times"):
        Join(as_of=AsOf(time="x")).run(CTX, right, right)


def test_an_inner_as_of_join_drops_rows_that_nothing_came_before() -> None:
    frame = events([("a", 1), ("a", 2), ("b", 0)]).lazy()
    made = Join(by="k", how="inner", as_of=AsOf(time="t"), columns="x").run(CTX, frame, frame).collect()
    assert made.select("x", "x_right").rows() == [(1, 0)]


def test_a_doubled_key_is_an_error_that_names_it() -> None:
    left, right = pl.LazyFrame({"k": ["a"]}), pl.LazyFrame({"j": ["b", "a", "a"], "x": [0, 1, 2]})
    with pytest.raises(DoubledKey, match="2 rows with k = 'a'") as error:
        Join(by="k").run(CTX, left, right.rename({"j": "k"}))
    assert "drop_duplicates" in str(error.value)
    made = Join(by={"k": "j"}, matches="many").run(CTX, left, right).collect()
    assert made.rows() == [("a", 1), ("a", 2)]


def test_columns_of_the_right_table_count_as_made_and_say_their_names() -> None:
    left, right = pl.LazyFrame({"k": ["a"], "x": [1]}), pl.LazyFrame({"k": ["a"], "x": [2], "y": [3]})
    step = Join(by="k", columns=("x",), suffix="_of_plane")
    schema = step.schema(schema_of(left), schema_of(right), ctx=CTX)
    assert [(column.name, column.origin) for column in schema] == [
        ("k", "input"),
        ("x", "input"),
        ("x_of_plane", "table"),
    ]
    with pytest.raises(BadSelector, match="would be called 'x'"):
        Join(by="k", suffix="").run(CTX, left, right)
    with pytest.raises(BadSelector, match="no key"):
        Join().run(CTX, left, right)
    with pytest.raises(BadSelector, match="how: full"):
        Join(by="k", how="full", as_of=AsOf(time="x")).run(CTX, left, right)
    with pytest.raises(MissingColumn, match="'q'"):
        Join(by="q").run(CTX, left, right)


def test_tables_under_one_another_keep_order_and_kinds() -> None:
    a, b = pl.LazyFrame({"n": [1], "s": ["x"]}), pl.LazyFrame({"s": ["y"], "n": [2.5], "z": [True]})
    assert Concat(columns="common").run(CTX, a, b).collect().rows() == [(1.0, "x"), (2.5, "y")]
    assert Concat(columns="all").run(CTX, a, b, a).collect()["z"].to_list() == [None, True, None]
    assert Concat().run(CTX, a, b.drop("z")).collect().rows() == [(1.0, "x"), (2.5, "y")]
    with pytest.raises(MissingColumn, match="column 'z'"):
        Concat().run(CTX, a, b)
    with pytest.raises(WrongType, match="'n' is integer here and category there"):
        Concat(columns="common").run(CTX, a, a.with_columns(n=pl.lit("1")))
    schema = Concat(columns="all").schema(schema_of(a), schema_of(b), ctx=CTX)
    assert [(c.name, c.kind, c.origin) for c in schema] == [
        ("n", "number", "input"), ("s", "category", "input"), ("z", "boolean", "input")
    ]  # fmt: skip
