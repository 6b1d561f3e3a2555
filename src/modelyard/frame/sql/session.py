"""What every database does for us, and the words in which the databases differ.

Drivers are called directly: what is asked is a handful of statements, and the fast ways in and out (COPY, Arrow) are
each driver's own. A session reads or writes; one that reads cannot write, whatever `query:` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import polars as pl
from msgspec import Struct

from modelyard.errors import ModelyardError, did_you_mean
from modelyard.errors.connection import UnknownTable
from modelyard.errors.project import BadParameter
from modelyard.schema.connection import Connection, Secret

BATCH = 50_000
"""Rows that are held at once."""
WAIT = 10
"""Seconds until a server that does not answer is given up."""


class Field(Struct, frozen=True, kw_only=True, eq=False):
    """A column of a query. `dtype`: what arrives; `sql`: how it is asked for, `{}` its quoted name."""

    name: str
    dtype: pl.DataType
    sql: str = "{}"
    text: str = "CAST({} AS VARCHAR)"
    """How its words are asked for, where it was declared a category or a text."""

    unknown: str = ""
    """What the database calls its type, where that is none of ours."""

    def as_words(self) -> Field:
        if self.dtype == pl.String:
            return self
        return Field(name=self.name, dtype=pl.String(), sql=self.text)


class Session:
    """An open connection. Every method raises our errors alone, without the secret."""

    quotes: ClassVar[str] = '"'
    local: ClassVar[bool] = False
    """Whether rows need not travel to be looked at."""
    zoned: ClassVar[bool] = True
    """Whether a column tells that its datetimes have no zone."""
    types: ClassVar[dict[str, str]] = {}
    """Column types for tables that we make: integer, number, boolean, datetime, date, words, key."""

    def __init__(self, connection: Connection) -> None:
        self.name = connection.name
        self._secret: Secret | None = getattr(connection, "password", None)

    # What each database says in its own way.

    def describe(self, query: str) -> list[Field]:
        """The columns of a query, without running it through."""
        raise NotImplementedError

    def batches(self, query: str, fields: Sequence[Field]) -> Iterator[pl.DataFrame]:
        """The rows; `query` asks for the fields in their order."""
        raise NotImplementedError

    def tables(self) -> list[str]:
        raise NotImplementedError

    def execute(self, statement: str) -> int:
        """How many rows it changed, where the database says."""
        raise NotImplementedError

    def load(self, table: str, part: pl.DataFrame) -> None:
        """Rows into a table that has these columns."""
        raise NotImplementedError

    def check(self, table: str) -> None:
        """Raises DatabaseRefused where writing could not be taken back."""

    def begin(self, table: str) -> None:
        self.execute("BEGIN")

    def begin_again(self) -> None:
        """After a table was made: where that ended the transaction, a new one."""

    def any(self, query: str) -> bool:
        """Whether the query has a row."""
        return bool(self.rows(f"{query} LIMIT 1"))

    def rows(self, query: str) -> list[tuple[object, ...]]:
        raise NotImplementedError

    def commit(self) -> None:
        self.execute("COMMIT")

    def undo(self, made: str | None) -> None:
        """Back to before `begin`. `made`: the table that was made for this write."""
        self.execute("ROLLBACK")

    def close(self) -> None:
        raise NotImplementedError

    # What follows from it.

    def quote(self, name: str) -> str:
        return f"{self.quotes}{name.replace(self.quotes, self.quotes * 2)}{self.quotes}"

    def table(self, name: str) -> str:
        """A table, perhaps with its schema before a dot."""
        return ".".join(self.quote(part) for part in name.split(".", 1))

    def literal(self, text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    def moment(self, field: Field, micros: int) -> str | None:
        """A moment (µs UTC) to compare a datetime with; None: let it be compared here."""
        return None

    def naive(self, column: str, sign: str, micros: int) -> tuple[str, bool]:
        """A comparison of a datetime without a zone with what a clock shows (µs since it showed 1970), and whether it
        is exact; a wider one lets through each row that the exact one would. Empty: let it be compared here."""
        return "", False

    def sure(self, column: str, condition: str) -> str:
        """A comparison with a number that lets through what is no number, to be refused aloud."""
        return condition

    def updated(self, table: str, stage: str, columns: Sequence[str], key: Sequence[str]) -> str:
        """Rows that have their key in the stage take what the stage says."""
        sets = ", ".join(f"{self.quote(name)} = s.{self.quote(name)}" for name in columns)
        return f"UPDATE {self.table(table)} AS t SET {sets} FROM {stage} AS s WHERE {self.same(key)}"

    def same(self, key: Sequence[str]) -> str:
        return " AND ".join(f"t.{self.quote(name)} = s.{self.quote(name)}" for name in key)

    def line(self, error: BaseException) -> str:
        """What a driver says, in one line and without the secret."""
        said = str(error.args[-1] if error.args else error) if len(error.args) > 1 else str(error)
        first = next((line.strip() for line in said.splitlines() if line.strip()), type(error).__name__)
        return self._secret.hidden_in(first)[:300] if self._secret else first[:300]

    def no_table(self, table: str) -> UnknownTable:
        there = self.tables()
        return UnknownTable(f"no table {table!r}", who=f"connection {self.name!r}", way_out=did_you_mean(table, there))


def unknown(name: str, kind: str, text: str = "CAST({} AS VARCHAR)") -> Field:
    """A column that only its words can be had of."""
    return Field(name=name, dtype=pl.Null(), text=text, unknown=kind)


def driver_gone(kind: str, package: str) -> ModelyardError:
    from modelyard.errors.connection import MissingDriver

    return MissingDriver(f"the driver for {kind} is not installed", way_out=f"pip install {package}")


@contextmanager
def opened(connection: Connection, folder: Path, write: bool = False) -> Iterator[Session]:
    """A session that is closed at the end. Relative files start at `folder`."""
    session = _open(connection, folder, write)
    try:
        yield session
    finally:
        session.close()


def _open(connection: Connection, folder: Path, write: bool) -> Session:
    from modelyard.schema.connection import Duckdb, ObjectStore, Postgresql, Rest, Sqlite

    if isinstance(connection, Rest | ObjectStore):
        steps = "read.rest" if isinstance(connection, Rest) else "read.csv, read.parquet … and its `path:`"
        raise BadParameter(f"connection {connection.name!r} is no database", way_out=f"Read it by {steps}")
    if isinstance(connection, Postgresql):
        from modelyard.frame.sql.postgresql import PostgresqlSession

        return PostgresqlSession(connection, write)
    if isinstance(connection, Sqlite):
        from modelyard.frame.sql.sqlite import SqliteSession

        return SqliteSession(connection, folder, write)
    if isinstance(connection, Duckdb):
        from modelyard.frame.sql.duckdb import DuckdbSession

        return DuckdbSession(connection, folder, write)
    from modelyard.frame.sql.mysql import MysqlSession

    return MysqlSession(connection, write)
