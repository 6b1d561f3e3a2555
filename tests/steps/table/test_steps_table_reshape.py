"""SQL against SQLite, pivots against pandas, and which of equal rows stays."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.errors.data import BadQuery, BadSelector, MissingColumn, RuleBroken
from modelyard.frame.schema import schema_of
from modelyard.schema.query import query
from modelyard.step.context import Context
from modelyard.steps.table.drop_duplicates import DropDuplicates, Most
from modelyard.steps.table.pivot import Pivot
from modelyard.steps.table.sql import Sql

CTX = Context()
ROWS = pl.DataFrame({"k": ["a", "b", "a", None], "x": [1, 2, 3, 4]})
OTHER = pl.DataFrame({"k": ["a", "b"], "y": [10.0, 20.0]})


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM rows WHERE x > 1",
        "SELECT k, sum(x) AS s FROM rows GROUP BY k",
        "SELECT DISTINCT k FROM rows;",
        "SELECT rows.k, x, y FROM rows JOIN other ON rows.k = other.k",
        "WITH big AS (SELECT * FROM rows WHERE x > 1) SELECT k, x * 2 AS d FROM big ORDER BY x DESC",
        "SELECT x FROM (SELECT x FROM rows) AS r UNION ALL SELECT x FROM rows",
    ],
)
def test_a_select_finds_what_sqlite_finds_in_the_same_order_each_time(text: str) -> None:
    base = sqlite3.connect(":memory:")
    for name, frame in (("rows", ROWS), ("other", OTHER)):
        base.execute(f"CREATE TABLE {name} ({', '.join(frame.columns)})")
        base.executemany(f"INSERT INTO {name} VALUES (?, ?)", frame.rows())
    step = Sql(query=text, tables=("rows", "other"))
    runs = [step.run(CTX, ROWS.lazy(), OTHER.lazy()).collect().rows() for _ in range(5)]
    assert sorted(runs[0], key=repr) == sorted(base.execute(text).fetchall(), key=repr)
    assert all(run == runs[0] for run in runs)
    base.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SHOW TABLES",
        "DROP TABLE rows",
        "EXPLAIN SELECT * FROM rows",
        "CREATE TABLE t AS SELECT * FROM rows",
        "SELECT 1 AS a; SELECT * FROM rows",
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM \"read_csv\"('{file}')",
        "SELECT * FROM '{file}'",
        'SELECT * FROM "{file}"',
        "SELECT * FROM rows, '{file}'",
        "SELECT * FROM rows AS r, READ_CSV('{file}')",
        "SELECT * FROM rows LEFT JOIN '{file}' ON true",
        "SELECT * FROM rows WHERE k IN (SELECT k FROM '{file}')",
        "SELECT * FROM (SELECT * FROM rows, '{file}') AS q",
        "SELECT * FROM rows UNION SELECT * FROM '{file}'",
        "WITH q AS (SELECT * FROM '{file}') SELECT * FROM q",
        "SELECT * FROM (rows CROSS JOIN '{file}')",
        "SELECT * FROM ('{file}' CROSS JOIN rows)",
        "SELECT * FROM (('{file}') CROSS JOIN rows)",
        "SELECT * FROM rows WHERE k IN (FROM '{file}')",
        "SELECT * FROM rows UNION ALL TABLE '{file}'",
        "SELECT * FROM (TABLE '{file}')",
        "SELECT * FROM rows -- '{file}'",
        "SELECT * FROM somewhere",
        "SELECT * FROM ROWS",
        "SELECT * FROM",
        "SELECT q FROM rows",
        "SELECT * FROM rows.csv",
    ],
)
def test_whatever_is_no_select_over_these_tables_is_refused(text: str, tmp_path: Any) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("k,x\nz,9\n")
    with pytest.raises(BadQuery):
        Sql(query=text.replace("{file}", str(file))).schema(schema_of(ROWS), ctx=CTX)


@settings(deadline=None, max_examples=300)
@given(st.text("SELCTFROMselctfrom*(),.;'\"`- rows/\n", max_size=60))
def test_any_text_is_a_query_or_an_error(text: str) -> None:
    for attempt in (text, f"SELECT {text} FROM rows", f"SELECT * FROM rows {text}"):
        with suppress(BadQuery):
            assert query(attempt, ["rows"]).tokens


def test_words_that_look_like_tables_are_let_be() -> None:
    text = "SELECT extract(hour FROM t) AS h, 'read_csv(x)' AS s FROM rows WHERE k IS DISTINCT FROM x"
    assert query(text, ["rows"]).of("h") == ("extract", "hour", "FROM", "t")


def test_what_is_only_named_stays_the_requests_and_all_else_is_made() -> None:
    given = schema_of(ROWS), schema_of(OTHER)

    def made(text: str, *tables: str) -> list[str]:
        names = ("rows", *tables)
        return [
            c.name for c in Sql(query=text, tables=names).schema(*given[: len(names)], ctx=CTX) if c.origin == "table"
        ]

    assert made("SELECT * FROM rows") == made("SELECT k, rows.x FROM rows") == []
    assert made("SELECT k, max(x) OVER (PARTITION BY k) AS x FROM rows") == ["x"]
    assert made("SELECT x FROM (SELECT sum(x) AS x FROM rows) AS q") == ["x"]
    assert made("SELECT x, y FROM rows JOIN other ON rows.k = other.k", "other") == ["y"]
    assert made("SELECT * FROM rows JOIN other ON rows.k = other.k", "other")[0] == "k"
    assert made("SELECT *, x + 1 AS z FROM rows") == ["z"]


def test_what_a_query_makes_of_the_target_is_known_to_be_made_of_it() -> None:
    given = schema_of(ROWS)
    assert Sql(query="SELECT *, x + 1 AS z FROM rows").knows(0, given)["z"] == ("x",)
    vague = Sql(query="SELECT z FROM (SELECT x AS z FROM rows) AS q").knows(0, given)["z"]
    assert "x" in vague
    assert set(Sql(query="SELECT * FROM (SELECT * FROM rows) AS q").knows(0, given)["k"]) == {"k", "x"}


def test_a_pivot_is_what_pandas_makes() -> None:
    rng = np.random.default_rng(0)
    rows = {"k": rng.integers(0, 50, 2_000).tolist(), "c": rng.choice(["u", "v", "w"], 2_000).tolist()}
    rows["x"] = rng.normal(size=2_000).tolist()
    step = Pivot(by="k", column="c", values=("u", "v", "w"), cell="mean(x)", prefix="x_")
    made = step.run(CTX, pl.LazyFrame(rows)).collect().sort("k")
    wanted = pd.DataFrame(rows).pivot_table(index="k", columns="c", values="x", aggfunc="mean")
    np.testing.assert_allclose(made.select("x_u", "x_v", "x_w").to_numpy(), wanted.to_numpy(), rtol=1e-12)


def test_a_pivot_counts_tells_its_columns_and_stops_at_a_value_not_listed() -> None:
    rows = pl.LazyFrame({"k": [2, 1, 2], "c": ["u", "u", "w"], "x": [1, 2, 3]})
    step = Pivot(by="k", column="c", values=("u", "v"), cell="count()", others="drop")
    assert step.run(CTX, rows).collect().rows() == [(2, 1, 0), (1, 1, 0)]
    assert [(c.name, c.origin) for c in step.schema(schema_of(rows), ctx=CTX)][1:] == [("u", "table"), ("v", "table")]
    with pytest.raises(RuleBroken, match="c is 'w'"):
        Pivot(by="k", column="c", values=("u", "v"), cell="sum(x)").run(CTX, rows)
    with pytest.raises(BadSelector, match="'k'"):
        Pivot(by="k", column="c", values=("k",), cell="sum(x)").schema(schema_of(rows), ctx=CTX)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.one_of(st.none(), st.integers(0, 3))), max_size=10))
def test_of_equal_rows_the_right_one_stays_where_it_was(rows: list[tuple[str | None, int | None]]) -> None:
    frame = pl.DataFrame(rows, schema={"k": pl.String, "x": pl.Int64}, orient="row").with_row_index("at").lazy()
    groups: dict[str | None, list[int]] = {}
    for place, (key, _) in enumerate(rows):
        groups.setdefault(key, []).append(place)

    def kept(keep: Any) -> list[int]:
        return DropDuplicates(by="k", keep=keep).run(CTX, frame).collect()["at"].to_list()

    def best(places: list[int], sign: int) -> int:
        return min(places, key=lambda place: (rows[place][1] is None, sign * (rows[place][1] or 0), place))

    assert kept("first") == sorted(places[0] for places in groups.values())
    assert kept("last") == sorted(places[-1] for places in groups.values())
    assert kept("none") == sorted(places[0] for places in groups.values() if len(places) == 1)
    assert kept(Most(max="x")) == sorted(best(places, -1) for places in groups.values())
    assert kept(Most(min="x")) == sorted(best(places, 1) for places in groups.values())


def test_keep_is_written_as_a_word_or_as_a_column() -> None:
    step = msgspec.convert({"use": "table.drop_duplicates", "by": "k", "keep": {"max": "x"}}, DropDuplicates)
    assert step.run(CTX, ROWS.lazy()).collect()["x"].to_list() == [2, 3, 4]
    with pytest.raises(BadSelector, match="not one column"):
        DropDuplicates(keep=Most()).run(CTX, ROWS.lazy())
    with pytest.raises(MissingColumn):
        DropDuplicates(keep=Most(max="q")).run(CTX, ROWS.lazy())
