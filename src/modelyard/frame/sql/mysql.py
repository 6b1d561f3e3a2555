"""MySQL and MariaDB, by PyMySQL: rows are streamed from the server, and a session's clock is UTC.

Three habits of these servers are met here: making a table ends a transaction (so it is made before, and taken back
when the write fails), a FLOAT is printed rounded (so it is asked for as a double), and some engines cannot roll back
(so they are refused).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import polars as pl

from modelyard.errors import ModelyardError
from modelyard.errors.connection import AccessDenied, DatabaseRefused, UnknownTable, Unreachable
from modelyard.errors.data import UnreadableTable
from modelyard.frame.sql.session import BATCH, WAIT, Field, Session, driver_gone, unknown
from modelyard.schema.connection import Mariadb, Mysql

try:
    import pymysql
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import conversions
    from pymysql.cursors import SSCursor
except ImportError:
    raise driver_gone("MySQL and MariaDB", "pymysql") from None

_TEXT = "CAST({} AS CHAR)"
_WHOLE = ("TINY", "SHORT", "INT24", "LONG", "LONGLONG", "YEAR")
_WORDS = ("VARCHAR", "VAR_STRING", "STRING", "ENUM", "SET", "JSON", "TINY_BLOB", "MEDIUM_BLOB", "LONG_BLOB", "BLOB")
_READ: dict[str, tuple[pl.DataType, str]] = {
    **dict.fromkeys(_WHOLE, (pl.Int64(), "{}")),
    **dict.fromkeys(("DOUBLE", "DECIMAL", "NEWDECIMAL", "NULL"), (pl.Float64(), "{}")),
    "FLOAT": (pl.Float64(), "({} + 0e0)"),
    **dict.fromkeys(_WORDS, (pl.String(), "{}")),
    **dict.fromkeys(("DATE", "DATETIME"), (pl.Datetime("us"), "CAST({} AS DATETIME(6))")),
    "TIMESTAMP": (pl.Datetime("us", "UTC"), "CAST({} AS DATETIME(6))"),
}
_NAMES = {code: name for name, code in vars(FIELD_TYPE).items() if isinstance(code, int) and name != "CHAR"}
_DENIED, _GONE, _NO_TABLE = (1044, 1045, 1142, 1143, 1227, 1370, 1698), (2002, 2003, 2005, 2006, 2013), (1049, 1146)
_BYTES = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
"""Of words in tables that we make: 'RED' is not 'red', as everywhere else."""
_AFTER = 600
"""Seconds of silence in the middle of an answer until it is given up."""


class MysqlSession(Session):
    quotes: ClassVar[str] = "`"
    types: ClassVar[dict[str, str]] = {
        "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "datetime": "TIMESTAMP(6) NULL",
        "date": "DATE", "words": f"LONGTEXT {_BYTES}", "key": f"VARCHAR(255) {_BYTES}",
    }  # fmt: skip

    def __init__(self, connection: Mysql | Mariadb, write: bool) -> None:
        super().__init__(connection)
        local = connection.host.startswith("/")
        where: dict[str, Any] = (
            {"unix_socket": connection.host} if local else {"host": connection.host, "port": connection.port}
        )
        secret = connection.password.reveal() if connection.password else ""
        with self._told(f"{connection.host}:{connection.port}"):
            self._sql = pymysql.connect(
                **where,
                user=connection.user,
                password=secret.encode(),
                database=connection.database,
                charset="utf8mb4",
                connect_timeout=WAIT,
                read_timeout=WAIT,
                write_timeout=_AFTER,
                autocommit=True,
                conv={**conversions, FIELD_TYPE.DECIMAL: float, FIELD_TYPE.NEWDECIMAL: float},
                ssl=_tls(connection.tls),
            )
            # There is no public way to be short with a greeting and patient with an answer; a test watches this one.
            self._sql._read_timeout = _AFTER
            mode = "WRITE" if write else "READ ONLY"
            self.execute("SET SESSION time_zone = '+00:00'")
            self.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")
            self.execute(f"SET SESSION TRANSACTION {'READ ' if write else ''}{mode}")

    def describe(self, query: str) -> list[Field]:
        with self._told(), self._sql.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({query}) AS q LIMIT 0")
            return [self._field(column[0], column[1]) for column in cursor.description or ()]

    def _field(self, name: str, code: int) -> Field:
        kind = _NAMES.get(code, str(code))
        if kind not in _READ:
            return unknown(name, kind, _TEXT)
        dtype, sql = _READ[kind]
        return Field(name=name, dtype=dtype, sql=sql, text=_TEXT)

    def batches(self, query: str, fields: Sequence[Field]) -> Iterator[pl.DataFrame]:
        with self._told(), self._sql.cursor(SSCursor) as cursor:
            cursor.execute(query)
            while rows := cursor.fetchmany(BATCH):
                yield pl.DataFrame([_series(field, place, rows, self.name) for place, field in enumerate(fields)])

    def tables(self) -> list[str]:
        with self._told(), self._sql.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            return [str(row[0]) for row in cursor.fetchall()]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self._told(), self._sql.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def begin_again(self) -> None:
        self.execute("BEGIN")

    def moment(self, field: Field, micros: int) -> str | None:
        if field.dtype != pl.Datetime("us", "UTC"):
            return None
        return f"TIMESTAMPADD(MICROSECOND, {micros}, TIMESTAMP'1970-01-01 00:00:00')"

    def naive(self, column: str, sign: str, micros: int) -> tuple[str, bool]:
        return f"{column} {sign} TIMESTAMPADD(MICROSECOND, {micros}, TIMESTAMP'1970-01-01 00:00:00')", True

    def execute(self, statement: str) -> int:
        with self._told(), self._sql.cursor() as cursor:
            return cursor.execute(statement)

    def check(self, table: str) -> None:
        """Refuse an engine that cannot take a write back."""
        schema, _, name = table.rpartition(".")
        with self._told(), self._sql.cursor() as cursor:
            cursor.execute(
                "SELECT t.engine FROM information_schema.tables t JOIN information_schema.engines e USING (engine)"
                " WHERE t.table_schema = COALESCE(%s, DATABASE()) AND t.table_name = %s AND e.transactions <> 'YES'",
                (schema or None, name),
            )
            found = cursor.fetchone()
        if found:
            way_out = f"ALTER TABLE {self.table(table)} ENGINE=InnoDB"
            said = f"{table!r} is kept by {found[0]}, which cannot take a write back"
            raise DatabaseRefused(said, who=f"connection {self.name!r}", way_out=way_out)

    def undo(self, made: str | None) -> None:
        self.execute("ROLLBACK")
        if made is not None:
            self.execute(f"DROP TABLE IF EXISTS {self.table(made)}")

    def load(self, table: str, part: pl.DataFrame) -> None:
        naive = part.with_columns(pl.col(pl.Datetime("us", "UTC")).dt.replace_time_zone(None))
        names = ", ".join(map(self.quote, part.columns))
        marks = ", ".join(["%s"] * part.width)
        with self._told(), self._sql.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", naive.rows())

    def literal(self, text: str) -> str:
        return f"_utf8mb4 x'{text.encode().hex()}'"

    def updated(self, table: str, stage: str, columns: Sequence[str], key: Sequence[str]) -> str:
        sets = ", ".join(f"t.{self.quote(name)} = s.{self.quote(name)}" for name in columns)
        return f"UPDATE {self.table(table)} AS t JOIN {stage} AS s ON {self.same(key)} SET {sets}"

    def close(self) -> None:
        self._sql.close()

    @contextmanager
    def _told(self, where: str = "") -> Iterator[None]:
        try:
            yield
        except ModelyardError:
            raise
        except pymysql.Error as error:
            raise self._error(error)(self.line(error), who=f"connection {self.name!r}", where=where) from None
        except (OSError, UnicodeError, RuntimeError) as error:
            raise Unreachable(self.line(error), who=f"connection {self.name!r}", where=where) from None

    def _error(self, error: Exception) -> type[ModelyardError]:
        code = error.args[0] if error.args else 0
        if code in _DENIED:
            return AccessDenied
        if code in _NO_TABLE:
            return UnknownTable
        return Unreachable if code in _GONE else DatabaseRefused


def _tls(asked: str) -> ssl.SSLContext | None:
    """None: where the server can, without a look at its certificate."""
    if asked == "prefer":
        return None
    context = ssl.create_default_context()
    if asked == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _series(field: Field, place: int, rows: Sequence[Sequence[object]], who: str) -> pl.Series:
    values = [row[place] for row in rows]
    try:
        naive = pl.Datetime("us") if isinstance(field.dtype, pl.Datetime) else field.dtype
        made = pl.Series(field.name, values, dtype=naive, strict=True)
    except (TypeError, OverflowError, ValueError, pl.exceptions.PolarsError):
        wanted = {pl.String(): str, pl.Int64(): int, pl.Float64(): float}.get(field.dtype)
        odd = next((v for v in values if v is not None and (wanted is None or not isinstance(v, wanted))), None)
        shown = type(odd).__name__ if isinstance(odd, bytes) else repr(odd)[:60]
        way_out = "leave it out with `columns:`, or CAST it in `query:`"
        raise UnreadableTable(f"column {field.name!r} holds {shown}", who=who, way_out=way_out) from None
    return made.dt.replace_time_zone("UTC") if field.dtype == pl.Datetime("us", "UTC") else made
