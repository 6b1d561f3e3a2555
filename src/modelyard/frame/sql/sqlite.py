"""SQLite, by Python's own driver. Its columns are not typed, its values are: what a column is comes from how it was
declared, else from the first rows, and a later value that does not fit is an error that shows it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import polars as pl

from modelyard.errors.connection import DatabaseRefused, UnknownTable, Unreachable
from modelyard.errors.data import UnreadableTable
from modelyard.frame.sql.session import BATCH, WAIT, Field, Session, unknown
from modelyard.schema.connection import Sqlite

FIRST = 1000
"""Rows that are looked at where nothing is declared."""
_TEXT = "CAST({} AS TEXT)"
_VIEW = "modelyard_peek"
_NAIVE, _UTC = pl.Datetime("us"), pl.Datetime("us", "UTC")
_EPOCH = datetime.fromisoformat("1970-01-01")


class SqliteSession(Session):
    local: ClassVar[bool] = True
    zoned: ClassVar[bool] = False
    types: ClassVar[dict[str, str]] = {
        "integer": "INTEGER", "number": "REAL", "boolean": "BOOLEAN", "datetime": "TIMESTAMP", "date": "DATE",
        "words": "TEXT", "key": "TEXT",
    }  # fmt: skip

    def __init__(self, connection: Sqlite, folder: Path, write: bool) -> None:
        super().__init__(connection)
        path = (folder / connection.path).absolute()
        if not path.is_file() and not write:
            raise Unreachable(f"there is no file {connection.path!r}", who=f"connection {self.name!r}", where=str(path),
                              way_out="Correct `path:`")  # fmt: skip
        self._write = write
        with self._told():
            mode = "rwc" if write else "rw"
            self._sql = sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=WAIT,
                                        isolation_level=None, check_same_thread=False)  # fmt: skip
            self._sql.execute("SELECT count(*) FROM sqlite_master")
        self._guard()

    def _guard(self) -> None:
        if not self._write:
            self.execute("PRAGMA query_only = ON")

    def describe(self, query: str) -> list[Field]:
        # A view knows how a column was declared, wherever the query took it from.
        with self._told():
            self._sql.execute("PRAGMA query_only = OFF")
            try:
                self._sql.execute(f"CREATE TEMP VIEW {_VIEW} AS SELECT * FROM ({query})")
                declared = [(row[1], str(row[2])) for row in self._sql.execute(f"PRAGMA temp.table_info({_VIEW})")]
            finally:
                self._sql.execute(f"DROP VIEW IF EXISTS temp.{_VIEW}")
        self._guard()
        seen = self._seen(query, [name for name, _ in declared])
        return [self._field(name, kind, *seen[name]) for name, kind in declared]

    def _seen(self, query: str, names: Sequence[str]) -> dict[str, tuple[set[str], bool]]:
        """Of the first rows: storage classes, and whether a text ends in an offset."""
        asked = ", ".join(f"typeof({self.quote(n)}), substr({self.quote(n)}, -6)" for n in names)
        with self._told():
            rows = self._sql.execute(f"SELECT {asked} FROM ({query}) LIMIT {FIRST}").fetchall()
        return {
            name: (
                {row[2 * place] for row in rows} - {"null"},
                any(row[2 * place] == "text" and _offset(str(row[2 * place + 1])) for row in rows),
            )
            for place, name in enumerate(names)
        }

    def _field(self, name: str, declared: str, seen: set[str], offset: bool) -> Field:
        if "blob" in seen:
            return unknown(name, "bytes", _TEXT)
        upper = declared.upper()
        dtype: pl.DataType
        if ("DATE" in upper or "TIME" in upper) and seen <= {"text"}:
            dtype = _UTC if offset else _NAIVE
        elif "BOOL" in upper and seen <= {"integer"}:
            dtype = pl.Boolean()
        elif any(word in upper for word in ("CHAR", "CLOB", "TEXT")) or "text" in seen:
            dtype = pl.String()
        elif "INT" in upper or (seen == {"integer"} and not upper):
            dtype = pl.Int64()
        else:
            dtype = pl.Float64()
        if seen == {"real", "integer"} or seen == {"real"}:
            dtype = pl.Float64()
        return Field(name=name, dtype=dtype, text=_TEXT)

    def batches(self, query: str, fields: Sequence[Field]) -> Iterator[pl.DataFrame]:
        with self._told():
            cursor = self._sql.execute(query)
            while rows := cursor.fetchmany(BATCH):
                yield pl.DataFrame([_series(field, [row[k] for row in rows]) for k, field in enumerate(fields)])

    def tables(self) -> list[str]:
        with self._told():
            rows = self._sql.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1"
            )
            return [str(row[0]) for row in rows]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self._told():
            return self._sql.execute(query).fetchall()

    def execute(self, statement: str) -> int:
        with self._told():
            return self._sql.execute(statement).rowcount

    def begin(self, table: str) -> None:
        self.execute("BEGIN IMMEDIATE")

    def load(self, table: str, part: pl.DataFrame) -> None:
        plain = part.with_columns(
            pl.col(_UTC).dt.strftime("%Y-%m-%d %H:%M:%S%.6f+00:00"),
            pl.col(_NAIVE).dt.strftime("%Y-%m-%d %H:%M:%S%.6f"),
            pl.col(pl.Date).dt.strftime("%Y-%m-%d"),
        )
        names = ", ".join(map(self.quote, part.columns))
        marks = ", ".join("?" * part.width)
        with self._told():
            self._sql.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", plain.rows())

    def naive(self, column: str, sign: str, micros: int) -> tuple[str, bool]:
        """By whole seconds, for its datetimes are words; what it cannot read is let through, to be refused aloud."""
        second = micros // 1_000_000 + (1 if sign == "<=" else -1)
        read = f"CAST(strftime('%s', {column}) AS INTEGER)"
        return (
            f"({read} {sign}{'' if '=' in sign else '='} {second} OR ({read} IS NULL AND {column} IS NOT NULL))",
            False,
        )

    def sure(self, column: str, condition: str) -> str:
        return f"({condition} OR typeof({column}) IN ('text', 'blob'))"

    def close(self) -> None:
        self._sql.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        who = f"connection {self.name!r}"
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning, UnicodeError, OverflowError) as error:
            said = self.line(error)
            kind = UnknownTable if "no such table" in said else DatabaseRefused
            raise (Unreachable if "unable to open" in said else kind)(said, who=who) from None


def _offset(end: str) -> bool:
    return end.endswith("Z") or (end[:1] in "+-" and end[3:4] == ":")


def _series(field: Field, values: list[object]) -> pl.Series:
    try:
        if isinstance(field.dtype, pl.Datetime):
            zoned = field.dtype == _UTC
            return pl.Series(field.name, [_micros(v, zoned) for v in values], pl.Int64).cast(field.dtype)
        if field.dtype == pl.Boolean and set(values) <= {0, 1, None}:
            return pl.Series(field.name, [None if v is None else bool(v) for v in values], pl.Boolean)
        if field.dtype == pl.Float64:
            values = [float(v) if isinstance(v, int) else v for v in values]
        return pl.Series(field.name, values, dtype=field.dtype, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        wanted = {pl.String(): str, pl.Int64(): int, pl.Float64(): float}.get(field.dtype, datetime)
        odd = next((v for v in values if v is not None and not isinstance(v, wanted)), None)
        shown = "bytes" if isinstance(odd, bytes) else repr(odd)[:60]
        way_out = "declare its kind under `types:`, or leave it out with `columns:`"
        raise UnreadableTable(f"column {field.name!r} holds {shown}, no {field.dtype}", way_out=way_out) from None


def _micros(value: object, zoned: bool) -> int | None:
    """Of a text in ISO 8601; with an offset where the others have one, without where they have none."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError
    when = datetime.fromisoformat(value)
    if (when.tzinfo is not None) != zoned:
        raise ValueError
    apart = (when.astimezone(UTC).replace(tzinfo=None) if zoned else when) - _EPOCH
    return (apart.days * 86_400 + apart.seconds) * 1_000_000 + apart.microseconds
