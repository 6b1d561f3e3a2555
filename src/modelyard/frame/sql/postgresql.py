"""PostgreSQL, by psycopg: rows leave and enter by COPY, which is several times faster than fetching them.

They leave in binary where the native part that reads it was built (copied.py), else as CSV. What CSV would write in a
way that depends on settings (times, truths) is then asked for as whole numbers, so that nothing has to be parsed but
numbers and words; in binary it comes as it is stored, which spares the server the sums. Both ways give the same values.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import islice
from typing import ClassVar

import polars as pl
import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo

from modelyard.errors import ModelyardError
from modelyard.errors.connection import AccessDenied, DatabaseRefused, UnknownTable, Unreachable
from modelyard.errors.data import UnreadableTable
from modelyard.frame.sql import copied
from modelyard.frame.sql.session import WAIT, Field, Session, unknown
from modelyard.schema.connection import Postgresql

BLOCK = 4 * 2**20
"""Bytes of rows that are gathered before they are read."""
_DAY = 86_400_000_000
_MICROS = "(extract(epoch FROM {}) * 1000000)::bigint"
_TEXT = "{}::text"
_UTC, _NAIVE = pl.Datetime("us", "UTC"), pl.Datetime("us")
_READ: dict[str, tuple[pl.DataType, str]] = {
    **dict.fromkeys(("int2", "int4", "int8"), (pl.Int64(), "{}")),
    "oid": (pl.Int64(), "{}::int8"),
    **dict.fromkeys(("float4", "float8", "numeric"), (pl.Float64(), "{}::float8")),
    "bool": (pl.Boolean(), "{}::int"),
    "date": (_NAIVE, f"({{}} - DATE '1970-01-01')::bigint * {_DAY}"),
    "timestamp": (_NAIVE, _MICROS),
    "timestamptz": (_UTC, _MICROS),
    **dict.fromkeys(
        ("text", "varchar", "bpchar", "char", "name", "uuid", "json", "jsonb", "citext", "inet"), (pl.String(), _TEXT)
    ),
}
_AS_STORED: dict[str, str] = dict.fromkeys(("float4", "float8", "bool", "date", "timestamp", "timestamptz"), "{}")
"""In binary there is no need to ask for them as anything else."""
_TLS = {"prefer": "prefer", "require": "require", "verify": "verify-full"}
_DENIED = ("authentication failed", "no password supplied", "pg_hba.conf", "permission denied", "does not exist")


class PostgresqlSession(Session):
    types: ClassVar[dict[str, str]] = {
        "integer": "bigint", "number": "double precision", "boolean": "boolean", "datetime": "timestamptz",
        "date": "date", "words": "text", "key": "text",
    }  # fmt: skip

    def __init__(self, connection: Postgresql, write: bool) -> None:
        super().__init__(connection)
        mode = "off" if write else "on"
        where = f"{connection.host}:{connection.port}"
        # An empty password and no file: libpq then looks for neither PGPASSWORD nor ~/.pgpass.
        self._login = make_conninfo(
            host=connection.host,
            hostaddr="",
            port=connection.port,
            dbname=connection.database,
            user=connection.user,
            password=connection.password.reveal() if connection.password else "",
            passfile=f"{os.devnull}/none",
            sslmode=_TLS[connection.tls],
            connect_timeout=WAIT,
            application_name="modelyard",
            options=f"-c default_transaction_read_only={mode} -c timezone=UTC -c extra_float_digits=3 "
            "-c standard_conforming_strings=on -c client_encoding=UTF8",
        )
        try:
            self._sql = psycopg.connect(self._login, autocommit=True)
        except psycopg.Error as error:
            raise self._not_connected(error, where) from None

    def _not_connected(self, error: psycopg.Error, where: str) -> ModelyardError:
        said, who = self.line(error), f"connection {self.name!r}"
        if 'database "' in said and "does not exist" in said:
            return UnknownTable(said, who=who, where=where)
        kind = AccessDenied if any(word in said for word in _DENIED) else Unreachable
        return kind(said, who=who, where=where)

    def describe(self, query: str) -> list[Field]:
        with self._told(), self._sql.cursor() as cursor:
            # binary: the extended protocol, which takes one statement alone
            cursor.execute(f"SELECT * FROM ({query}) AS q LIMIT 0".encode(), binary=True)
            found = [(column.name, column.type_code) for column in cursor.description or ()]
            types = self._types({code for _, code in found})
        return [self._field(name, *types[code]) for name, code in found]

    def _types(self, codes: set[int]) -> dict[int, tuple[str, str]]:
        rows = self._sql.execute("SELECT oid::int8, typname, typtype::text FROM pg_type WHERE oid = ANY(%s)",
                                 [sorted(codes)])  # fmt: skip
        return {row[0]: (row[1], row[2]) for row in rows}

    def _field(self, name: str, kind: str, sort: str) -> Field:
        if sort == "e":
            return Field(name=name, dtype=pl.String(), sql=_TEXT, text=_TEXT)
        if kind not in _READ:
            return unknown(name, kind, _TEXT)
        dtype, sql = _READ[kind]
        return Field(
            name=name, dtype=dtype, sql=sql if copied.native is None else _AS_STORED.get(kind, sql), text=_TEXT
        )

    def batches(self, query: str, fields: Sequence[Field]) -> Iterator[pl.DataFrame]:
        if not fields:
            raise UnreadableTable("no column is asked for", who=self.name)
        binary = copied.native is not None
        copy = f"COPY ({query}) TO STDOUT (FORMAT {'binary' if binary else 'csv'})"
        with self._told(), self._sql.cursor() as cursor, cursor.copy(copy.encode()) as rows:
            yield from (copied.frames if binary else _from_csv)(_blocks(rows), fields, f"connection {self.name!r}")

    def tables(self) -> list[str]:
        with self._told():
            rows = self._sql.execute(
                "SELECT table_schema, table_name FROM information_schema.tables"
                " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
            ).fetchall()
        return [name if schema == "public" else f"{schema}.{name}" for schema, name in rows]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self._told():
            return self._sql.execute(query.encode()).fetchall()

    def execute(self, statement: str) -> int:
        with self._told():
            return self._sql.execute(statement.encode()).rowcount

    def load(self, table: str, part: pl.DataFrame) -> None:
        words = part.with_columns(pl.col(pl.Datetime).cast(pl.String))
        names = ", ".join(map(self.quote, part.columns))
        content = words.write_csv(include_header=False, quote_style="non_numeric")
        into = f"COPY {table} ({names}) FROM STDIN (FORMAT csv)"
        with self._told(), self._sql.cursor() as cursor, cursor.copy(into.encode()) as rows:
            rows.write(content)

    def moment(self, field: Field, micros: int) -> str | None:
        if field.dtype != _UTC:
            return None
        return f"TIMESTAMPTZ 'epoch' + {micros} * INTERVAL '1 microsecond'"

    def naive(self, column: str, sign: str, micros: int) -> tuple[str, bool]:
        return f"{column} {sign} TIMESTAMP 'epoch' + {micros} * INTERVAL '1 microsecond'", True

    def close(self) -> None:
        self._sql.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        who = f"connection {self.name!r}"
        try:
            yield
        except (errors.UndefinedTable, errors.InvalidSchemaName) as error:
            raise UnknownTable(self.line(error), who=who) from None
        except errors.InsufficientPrivilege as error:
            raise AccessDenied(self.line(error), who=who) from None
        except psycopg.Error as error:
            raise DatabaseRefused(self.line(error), who=who) from None
        except pl.exceptions.PolarsError as error:
            raise UnreadableTable(self.line(error), who=who) from None


def _blocks(rows: psycopg.Copy) -> Iterator[bytes]:
    """Whole rows, as they come. Joined one by one: each is freed at once, where `b"".join` keeps all of them (a second
    a million rows)."""
    lines = iter(rows)
    while True:
        content, held = BytesIO(), -1
        while held < content.tell() < BLOCK:
            held = content.tell()
            content.writelines(islice(lines, 100))
        if not content.tell():
            return
        yield content.getvalue()


def _from_csv(blocks: Iterable[bytes], fields: Sequence[Field], _who: str) -> Iterator[pl.DataFrame]:
    raw = {field.name: _raw(field.dtype) for field in fields}
    casts = [pl.col(field.name).cast(field.dtype) for field in fields]
    for block in blocks:
        yield pl.read_csv(block, has_header=False, schema=raw).with_columns(casts)


def _raw(dtype: pl.DataType) -> pl.DataType:
    """As it stands in the text that COPY writes."""
    return dtype if dtype in (pl.String, pl.Float64) else pl.Int64()
