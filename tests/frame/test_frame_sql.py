"""What is written to a database is read back, on every kind of database; what cannot be is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from modelyard.errors.connection import DatabaseRefused, UnknownTable
from modelyard.errors.data import MissingColumn, UnreadableTable, WrongType
from modelyard.frame.sql import copied
from modelyard.frame.sql.read import Asked, peek, scan
from modelyard.frame.sql.session import opened
from modelyard.frame.sql.write import write
from modelyard.schema.connection import Connection, Mariadb, Sqlite

HERE = Path()
ROWS = pl.DataFrame(
    {
        "id": [1, 2, 3, 4],
        "amount": [0.1, -1e300, None, 5e-324],
        "name": ["a", "it's \"q\", \\ and\nnew", "", None],
        "odd `col\"umn": ["ä€😀", "RED", "red", " pad "],
        "yes": [True, False, None, True],
        "at": [datetime(2013, 1, 1, 5, 30, tzinfo=UTC), datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), None,
               datetime(2037, 6, 1, tzinfo=UTC)],
    },
    schema_overrides={"at": pl.Datetime("us", "UTC")},
)  # fmt: skip


def asked(database: Connection, **more: object) -> Asked:
    options = {"table": "t", "order": ("id",), **more}
    return Asked(connection=database, folder=HERE, **options)


def put(database: Connection, frame: pl.DataFrame = ROWS, mode: str = "append", key: tuple[str, ...] = ("id",)) -> int:
    return write(frame.lazy(), database, HERE, "t", mode, key)


def read(database: Connection, **more: object) -> pl.DataFrame:
    return scan(asked(database, **more)).collect()


def run(database: Connection, *statements: str) -> None:
    with opened(database, HERE, write=True) as session:
        for statement in statements:
            session.execute(statement)


def typed(frame: pl.DataFrame, database: Connection) -> pl.DataFrame:
    """MySQL's and SQLite's truths are whole numbers; SQLite declares them."""
    return frame.with_columns(pl.col("yes").cast(pl.Int64)) if isinstance(database, Mariadb) else frame


def test_what_was_written_is_read_back_to_the_bit(database: Connection) -> None:
    assert put(database) == 4
    found = read(database)
    assert_frame_equal(found, typed(ROWS, database), check_exact=True)
    kinds = [column.kind for column in peek(asked(database))]
    assert kinds == ["integer", "number", "category", "category", kinds[4], "datetime"]


def test_columns_that_nobody_reads_are_not_asked_for(database: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    put(database)
    with opened(database, HERE) as session:
        kind = type(session)
    queries: list[str] = []
    real = kind.batches
    monkeypatch.setattr(kind, "batches", lambda self, query, fields: queries.append(query) or real(self, query, fields))
    found = scan(asked(database, columns=("id", "amount", "name"), where="id >= 2")).select("id").collect()
    assert found["id"].to_list() == [2, 3, 4]
    assert "amount" not in queries[0]
    assert "id" in queries[0].split("WHERE")[1]
    assert scan(asked(database)).head(2).collect().height == 2
    assert "LIMIT 2" in queries[1]
    assert scan(asked(database)).filter(pl.col("id") > 2).select("name").collect()["name"].to_list() == ["", None]


CONDITIONS = (
    "amount < 0.1", "amount <= 0.1", "amount == 0.1", "amount != 0.1", "0 < amount and id in [1, 2, 3]",
    'name == "a" or is_null(name)', '`odd `col"umn` == "RED"'.replace("`odd `col\"umn`", "name"), 'name != "a"',
    "not is_null(amount)", "is_null(amount)", "id * 2 > 4", "not (id == 1)", "yes == 1", 'name == "it\'s"',
    'at >= "2013-01-01T00:00"', 'at < "2013-01-01T06:00" or id == 3', "id < 2.5", "1e308 > amount",
)  # fmt: skip


@pytest.mark.parametrize("where", CONDITIONS)
def test_a_condition_means_what_it_means_in_polars(tmp_path: Path, where: str) -> None:
    from modelyard.frame.expression import to_polars_expr
    from modelyard.frame.schema import schema_of
    from modelyard.schema.expression import parse

    lite = Sqlite(name="crm", path=str(tmp_path / "c.db"))
    put(lite)
    assert_frame_equal(read(lite, where=where), ROWS.filter(to_polars_expr(parse(where), schema_of(ROWS))))


def test_conditions_on_every_database(database: Connection) -> None:
    from modelyard.frame.expression import to_polars_expr
    from modelyard.frame.schema import schema_of
    from modelyard.schema.expression import parse

    put(database)
    rows = typed(ROWS, database)
    for where in (*CONDITIONS, 'name == "A"'):
        assert_frame_equal(read(database, where=where), rows.filter(to_polars_expr(parse(where), schema_of(rows))))


def test_an_upsert_changes_what_is_there_adds_the_rest_and_keeps_other_columns(database: Connection) -> None:
    run(database, "CREATE TABLE t (id BIGINT, v DOUBLE PRECISION, kept VARCHAR(9))",
        "INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y')")  # fmt: skip
    put(database, pl.DataFrame({"id": [2, 3], "v": [20.0, None]}), "upsert")
    put(database, pl.DataFrame({"id": [2, 3], "v": [20.0, None]}), "upsert")
    assert read(database).rows() == [(1, 1.0, "x"), (2, 20.0, "y"), (3, None, None)]


def test_a_replacement_is_the_new_rows_alone(database: Connection) -> None:
    put(database)
    put(database, ROWS.head(1), "replace")
    assert read(database)["id"].to_list() == [1]


@pytest.mark.parametrize("mode", ["append", "upsert", "replace"])
def test_a_write_that_fails_leaves_the_table_as_it_was(database: Connection, mode: str) -> None:
    put(database, ROWS.head(2))
    twice = pl.concat([ROWS.tail(2), ROWS.tail(1)])
    with pytest.raises(DatabaseRefused):
        put(database, twice, mode)
    assert read(database)["id"].to_list() == [1, 2]


def test_a_table_made_for_a_write_that_fails_is_gone(database: Connection) -> None:
    with pytest.raises(DatabaseRefused):
        put(database, pl.concat([ROWS, ROWS]))
    with pytest.raises(UnknownTable, match="no table 't'"):
        peek(asked(database))


def test_a_read_cannot_write_whatever_the_query_says(database: Connection) -> None:
    put(database)
    evil = (
        "DELETE FROM t",
        "SELECT 1) AS q; DELETE FROM t; --",
        "SELECT 1; DELETE FROM t",
        "SELECT * FROM t) q LIMIT 0; DROP TABLE t; --",
    )
    for query in evil:
        with pytest.raises(DatabaseRefused):
            scan(asked(database, table=None, query=query, order=())).collect()
    assert read(database).height == 4
    with opened(database, HERE) as session, pytest.raises(DatabaseRefused):
        session.execute("DELETE FROM t")


def test_a_query_is_read_with_its_own_columns(database: Connection) -> None:
    put(database)
    query = "SELECT id, count(*) AS n, max(amount) AS most FROM t GROUP BY id;"
    found = read(database, table=None, query=query, types={"n": "category"})
    assert found.schema == {"id": pl.Int64(), "n": pl.String(), "most": pl.Float64()}
    assert found["n"].to_list() == ["1"] * 4


def test_what_is_not_there_is_named_with_what_is_near(database: Connection) -> None:
    put(database)
    with pytest.raises(UnknownTable, match="no table 'tt'") as met:
        peek(asked(database, table="tt"))
    assert "did you mean 't'?" in str(met.value)
    for more in ({"columns": ("ammount",)}, {"types": {"ammount": "text"}}, {"where": "ammount > 1"}):
        with pytest.raises(MissingColumn, match="'ammount'") as missed:
            peek(asked(database, **more))
        assert "did you mean 'amount'?" in str(missed.value)
    with pytest.raises(MissingColumn, match="no column 'neu'"):
        put(database, pl.DataFrame({"id": [9], "neu": [1]}))


def test_many_rows_come_in_batches_and_in_order(database: Connection) -> None:
    many = pl.DataFrame({"id": range(60_001), "x": [k / 7 for k in range(60_001)]})
    put(database, many.reverse())
    heights = [part.height for part in scan(asked(database)).collect_batches(chunk_size=50_000)]
    assert sum(heights) == 60_001
    assert_frame_equal(read(database), many, check_exact=True)


SORTS = """CREATE TYPE mood AS ENUM ('so', 'la la');
    CREATE TABLE t AS SELECT i::int AS id, i::smallint AS s, -i::bigint * 7 ^ 19::numeric AS n, (i / 7.0)::real AS r,
    i % 2 = 0 AS b, date '1969-07-20' + i AS d, (timestamp '1900-01-01 00:00:00.000001' + i * interval '1 day') AS w,
    (timestamptz '1999-12-31 23:59:59.999999+02' + i * interval '1 hour') AS z, gen_random_uuid() AS u,
    '{"a": 1}'::jsonb AS j, '[1,  2]'::json AS k, NULLIF(i, 3)::bigint AS l, i::oid AS o, 'ab'::char(4) AS c,
    CASE WHEN i % 2 = 0 THEN 'so' ELSE 'la la' END::mood AS m, '10.0.0.1'::inet AS p, current_user AS q,
    'x'::"char" AS y,
    CASE i WHEN 5 THEN 'NaN' WHEN 6 THEN '-Infinity' WHEN 7 THEN '-0' ELSE (i / 3.0)::text END::float8 AS f,
    CASE i % 5 WHEN 0 THEN '' WHEN 1 THEN NULL WHEN 2 THEN E'"ä€😀",\n' WHEN 3 THEN '\\N'
    ELSE repeat('long ', i) END AS e,
    CASE i WHEN 5 THEN 'NaN' WHEN 6 THEN NULL ELSE (i / 3.0)::text END::numeric(20, 9) AS g,
    repeat('ö', i)::varchar AS v
    FROM generate_series(1, 300) AS i;
    INSERT INTO t (id) VALUES (301);
    INSERT INTO t (id, d, w, z) VALUES (302, '0044-03-15 BC', '4713-11-24 BC', '4713-11-24 BC'),
    (303, '0001-01-01', '9999-12-31', '292277-01-09 04:00:54.775807+00')"""


def test_both_ways_out_of_postgresql_give_the_same(
    postgresql_database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In binary, and as CSV."""
    if copied.native is None:
        pytest.skip("no native part was built")
    run(postgresql_database, *SORTS.split(";"))
    error = "SELECT 1 / (id - 200) AS id FROM t"
    ways = []
    for native in (copied.native, None):
        monkeypatch.setattr(copied, "native", native)
        ways.append(read(postgresql_database, where="id != 4", types={"s": "text", "b": "category", "d": "datetime"}))
        ways.append(read(postgresql_database))
        assert read(postgresql_database, where="id > 999").schema == ways[-1].schema
        with pytest.raises(DatabaseRefused, match="division by zero"):
            read(postgresql_database, table=None, query=error)
    assert_frame_equal(ways[0], ways[2], check_exact=True)
    assert_frame_equal(ways[1], ways[3], check_exact=True)
    assert ways[1].height == 303
    assert ways[1]["e"].to_list()[:3] == [None, '"ä€😀",\n', "\\N"]


@pytest.mark.parametrize("native", [copied.native, None])
@pytest.mark.parametrize(
    "sql", ["'infinity'::date", "'-infinity'::timestamp", "'infinity'::timestamptz", "'5874897-12-31'::date",
            "'294276-12-31'::timestamp"]
)  # fmt: skip
def test_a_moment_that_has_no_number_is_refused_and_can_be_had_as_words(
    postgresql_database: Connection, monkeypatch: pytest.MonkeyPatch, native: copied.Parse | None, sql: str
) -> None:
    monkeypatch.setattr(copied, "native", native)
    query = f"SELECT 1 AS id, {sql} AS moment"
    refused = DatabaseRefused if native is None else UnreadableTable
    with pytest.raises(refused, match=r"infini|out of range|further from 1970"):
        read(postgresql_database, table=None, query=query)
    (row,) = read(postgresql_database, table=None, query=query, types={"moment": "category"}).rows()
    assert row[1].removesuffix(" 00:00:00") in sql


@pytest.mark.parametrize("native", [copied.native, None])
def test_sorts_that_no_step_knows_are_had_as_words_alone(
    postgresql_database: Connection, monkeypatch: pytest.MonkeyPatch, native: copied.Parse | None
) -> None:
    monkeypatch.setattr(copied, "native", native)
    query = "SELECT 1 AS id, '\\xdead'::bytea AS b, ARRAY[1, NULL] AS a, interval '1 day' AS i"
    with pytest.raises(WrongType, match="column 'b' holds bytea"):
        read(postgresql_database, table=None, query=query)
    words = dict.fromkeys("bai", "category")
    found = read(postgresql_database, table=None, query=query, types=words)
    assert found.rows() == [(1, "\\xdead", "{1,NULL}", "1 day")]


@pytest.mark.parametrize("native", [copied.native, None])
def test_long_rows_come_in_small_batches(
    postgresql_database: Connection, monkeypatch: pytest.MonkeyPatch, native: copied.Parse | None
) -> None:
    monkeypatch.setattr(copied, "native", native)
    with opened(postgresql_database, HERE) as session:
        field = session.describe("SELECT 'x' AS w")
        long = "SELECT repeat('ab', 20000) AS w FROM generate_series(1, 500)"
        heights = [part.height for part in session.batches(long, field)]
        assert sum(heights) == 500
        assert max(heights) <= 200
        assert next(session.batches(long, field)).height == heights[0]
        assert session.rows("SELECT 1") == [(1,)]


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(TEXTS | st.none(), st.floats(allow_nan=False, allow_infinity=False) | st.none()),
                     min_size=1, max_size=30))  # fmt: skip
def test_any_text_and_any_number_comes_back_and_is_found(
    database: Connection, rows: list[tuple[str | None, float | None]]
) -> None:
    frame = pl.DataFrame({"id": range(len(rows)), "name": [row[0] for row in rows], "x": [row[1] for row in rows]},
                         schema={"id": pl.Int64, "name": pl.String, "x": pl.Float64})  # fmt: skip
    put(database, frame, "replace")
    assert_frame_equal(read(database), frame, check_exact=True)
    name = next((name for name, _ in rows if name is not None), "")
    where = "name == '" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"
    found = read(database, where=where)
    assert_frame_equal(found, frame.filter(pl.col("name") == name), check_exact=True)
