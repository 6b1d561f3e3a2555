"""What a database refuses is said in a clear sentence, and never with the password."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace

from modelyard.errors import ModelyardError
from modelyard.errors.connection import AccessDenied, DatabaseRefused, UnknownTable, Unreachable
from modelyard.errors.data import UnreadableTable, WrongType
from modelyard.frame.sql.read import Asked, peek, scan
from modelyard.frame.sql.session import opened
from modelyard.frame.sql.write import write
from modelyard.schema.connection import Connection, Duckdb, Mariadb, Postgresql, Secret, Server, Sqlite

HERE = Path()
WRONG = "hunter2-wrong"


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    made: Server = request.getfixturevalue(f"{request.param}_database")
    return made


def met(call: Callable[[], object], *secrets: str) -> ModelyardError:
    """The error, of which no part, its traceback included, holds a secret."""
    with pytest.raises(ModelyardError) as caught:
        call()
    error = caught.value
    shown = f"{error} {error!r} {error.as_dict()} {''.join(traceback.format_exception(error))}"
    assert error.__cause__ is None
    for secret in secrets:
        assert secret not in shown
    return error


def look(connection: Connection, **more: object) -> Callable[[], object]:
    options = {"table": "t", **more}
    return lambda: scan(Asked(connection=connection, folder=HERE, **options)).collect()


def run(connection: Connection, *statements: str) -> None:
    with opened(connection, HERE, write=True) as session:
        for statement in statements:
            session.execute(statement)


def test_a_wrong_password_is_a_refusal_and_not_told(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    assert server.password is not None
    right = server.password.reveal()
    caplog.set_level(logging.DEBUG)
    error = met(look(replace(server, password=Secret(WRONG))), WRONG, right)
    assert isinstance(error, AccessDenied)
    assert server.user in str(error)
    assert isinstance(met(look(replace(server, password=None)), right), AccessDenied)
    assert isinstance(met(look(replace(server, user="nobody")), right), AccessDenied)
    assert WRONG not in caplog.text
    assert right not in caplog.text


def test_a_password_of_the_environment_is_not_picked_up(
    postgresql_database: Postgresql, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert postgresql_database.password is not None
    monkeypatch.setenv("PGPASSWORD", postgresql_database.password.reveal())
    assert isinstance(met(look(replace(postgresql_database, password=None))), AccessDenied)


def test_a_password_that_a_database_repeats_is_taken_out(server: Server) -> None:
    assert server.password is not None
    secret = server.password.reveal()
    query = "SELECT " + (
        "CAST('" + secret.replace("'", "''") + "' AS int)"
        if isinstance(server, Postgresql)
        else "1 FROM `" + secret + "`"
    )
    error = met(look(server, table=None, query=query), secret)
    assert "***" in str(error)


def test_nobody_at_the_port_no_such_host_no_such_database(server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = met(look(replace(server, port=port)))
    assert isinstance(error, Unreachable)
    assert str(port) in str(error)
    assert isinstance(met(look(replace(server, host="no-such-host.invalid"))), Unreachable)
    gone = met(look(replace(server, database="nodb")))
    assert isinstance(gone, UnknownTable | AccessDenied)
    assert "nodb" in str(gone)


def test_a_server_that_says_nothing_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "postgresql" if isinstance(server, Postgresql) else "mysql"
    monkeypatch.setattr(f"modelyard.frame.sql.{module}.WAIT", 2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert isinstance(met(look(replace(server, port=silent.getsockname()[1]))), Unreachable)


def test_encryption_that_is_required_is_had_or_refused(server: Server) -> None:
    error = met(look(replace(server, tls="verify")))
    assert isinstance(error, Unreachable | DatabaseRefused)


def test_what_this_user_may_not_do_is_denied(postgresql_database: Postgresql) -> None:
    error = met(look(postgresql_database, table="pg_catalog.pg_authid"))
    assert isinstance(error, AccessDenied)
    assert "permission denied" in str(error)


def test_a_file_that_is_not_there_or_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"no database at all" * 100)
    pytest.importorskip("duckdb")
    for kind in (Sqlite, Duckdb):
        gone = met(look(kind(name="crm", path=str(tmp_path / "no.db"))))
        assert isinstance(gone, Unreachable)
        assert "no.db" in str(gone)
        bad = met(look(kind(name="crm", path=str(tmp_path / "bad"))))
        assert isinstance(bad, Unreachable | DatabaseRefused)
    assert not (tmp_path / "no.db").exists()


def test_a_locked_file_waits_and_then_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    monkeypatch.setattr("modelyard.frame.sql.sqlite.WAIT", 0.2)
    lite = Sqlite(name="crm", path=str(tmp_path / "a.db"))
    run(lite, "CREATE TABLE t (a INTEGER)")
    with sqlite3.connect(tmp_path / "a.db") as holder:
        holder.execute("BEGIN EXCLUSIVE")
        error = met(lambda: write(pl.LazyFrame({"a": [1]}), lite, HERE, "t"))
    assert isinstance(error, DatabaseRefused)
    assert "locked" in str(error)


def test_a_column_that_is_no_column_of_ours_can_be_left_out_or_read_as_words(postgresql_database: Connection) -> None:
    run(postgresql_database, "CREATE TABLE t (a int, b interval, c int[])", "INSERT INTO t VALUES (1, '1 day', '{1}')")
    error = met(lambda: peek(Asked(connection=postgresql_database, folder=HERE, table="t")))
    assert isinstance(error, WrongType)
    assert "'b' holds interval" in str(error)
    found = scan(Asked(connection=postgresql_database, folder=HERE, table="t", columns=("a",))).collect()
    assert found.rows() == [(1,)]
    words = Asked(connection=postgresql_database, folder=HERE, table="t", types={"b": "category", "c": "text"})
    assert scan(words).collect().rows() == [(1, "1 day", "{1}")]


def test_a_value_that_fits_no_kind_is_shown_and_not_lost(tmp_path: Path) -> None:
    lite = Sqlite(name="crm", path=str(tmp_path / "a.db"))
    run(lite, "CREATE TABLE t (a INTEGER, at TIMESTAMP)")
    many = pl.DataFrame({"a": range(2000), "at": ["2013-01-01 00:00:00"] * 2000})
    write(many.lazy(), lite, HERE, "t")
    run(lite, "INSERT INTO t VALUES ('x', '2013-01-01')")
    for where in (None, "a < 5"):
        error = met(look(lite, where=where))
        assert isinstance(error, UnreadableTable)
        assert "'x'" in str(error)
    run(lite, "DELETE FROM t WHERE a = 'x'", "INSERT INTO t VALUES (1, 'yesterday')")
    assert "'at' holds" in str(met(look(lite)))


def test_moments_that_no_calendar_of_ours_has_are_refused(server: Server) -> None:
    if isinstance(server, Postgresql):
        run(server, "CREATE TABLE t (at timestamptz)", "INSERT INTO t VALUES ('infinity')")
    else:
        run(server, "SET SESSION sql_mode = ''", "CREATE TABLE t (at datetime)")
        with opened(server, HERE, write=True) as session:
            session.execute("SET SESSION sql_mode = ''")
            session.execute("INSERT INTO t VALUES ('0000-00-00')")
    assert isinstance(met(look(server)), DatabaseRefused | UnreadableTable)


def test_times_without_a_zone_are_in_the_projects(database: Connection) -> None:
    kind = "DATETIME" if isinstance(database, Mariadb) else "TIMESTAMP"
    run(database, f"CREATE TABLE t (id INTEGER, seen {kind})", "INSERT INTO t VALUES (1, '2013-07-01 00:00:00')")
    asked = Asked(connection=database, folder=HERE, table="t", zone="America/New_York")
    found = scan(asked).collect()
    assert found["seen"].to_list() == [datetime(2013, 7, 1, 4, tzinfo=UTC)]
    if not isinstance(database, Sqlite):  # where a text is a text, moments are written with their offset
        write(found.with_columns(id=pl.lit(2)).lazy(), database, HERE, "t", zone="America/New_York")
        assert scan(asked).collect()["seen"].n_unique() == 1


def test_an_engine_that_cannot_take_back_is_refused(mariadb_database: Connection) -> None:
    run(mariadb_database, "CREATE TABLE t (a INTEGER) ENGINE=MyISAM")
    error = met(lambda: write(pl.LazyFrame({"a": [1]}), mariadb_database, HERE, "t"))
    assert isinstance(error, DatabaseRefused)
    assert "MyISAM" in str(error)


def test_an_upsert_without_one_row_for_each_key_is_refused(tmp_path: Path) -> None:
    lite = Sqlite(name="crm", path=str(tmp_path / "a.db"))
    for keys, said in (([1, 1], "not unique"), ([1, None], "null")):
        error = met(lambda keys=keys: write(pl.LazyFrame({"id": keys}), lite, HERE, "t", "upsert", ("id",)))
        assert said in str(error)


def test_a_connection_that_breaks_in_the_middle_of_a_write_leaves_the_table_as_it_was(server: Server) -> None:
    write(pl.LazyFrame({"id": [1, 2]}), server, HERE, "t", key=("id",))
    mine = "SELECT id FROM information_schema.processlist"
    if isinstance(server, Postgresql):
        mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        mine += " AND usename = current_user"

    def cut(part: pl.DataFrame) -> pl.DataFrame:
        with opened(server, HERE, write=True) as other:
            for row in other.rows(mine):
                if not isinstance(server, Postgresql) and row != other.rows("SELECT connection_id()")[0]:
                    other.execute(f"KILL {row[0]}")
        return part

    frame = pl.LazyFrame({"id": [3]}).map_batches(cut, schema={"id": pl.Int64})
    for mode in ("replace", "append"):
        error = met(lambda mode=mode: write(frame, server, HERE, "t", mode))
        assert isinstance(error, DatabaseRefused | Unreachable)
    found = scan(Asked(connection=server, folder=HERE, table="t", order=("id",))).collect()
    assert found["id"].to_list() == [1, 2]
