"""DuckDB, by its own driver: rows leave as Arrow batches and enter as Parquet. A session that reads opens the file for
reading alone and reaches no other file and no network."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from modelyard.errors.connection import DatabaseRefused, UnknownTable, Unreachable
from modelyard.frame.sql.session import Field, Session, driver_gone, unknown
from modelyard.schema.connection import Duckdb

try:
    import duckdb
except ImportError:
    raise driver_gone("DuckDB", "'modelyard[duckdb]'") from None


class DuckdbSession(Session):
    local: ClassVar[bool] = True
    types: ClassVar[dict[str, str]] = {
        "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "datetime": "TIMESTAMPTZ", "date": "DATE",
        "words": "VARCHAR", "key": "VARCHAR",
    }  # fmt: skip

    def __init__(self, connection: Duckdb, folder: Path, write: bool) -> None:
        super().__init__(connection)
        path = (folder / connection.path).absolute()
        if not path.is_file() and not write:
            raise Unreachable(f"there is no file {connection.path!r}", who=f"connection {self.name!r}", where=str(path),
                              way_out="Correct `path:`")  # fmt: skip
        with self._told(str(path)):
            self._sql = duckdb.connect(str(path), read_only=not write)
            self._sql.execute("SET TimeZone = 'UTC'")
            if not write:
                self._sql.execute("SET enable_external_access = false")
                self._sql.execute("SET lock_configuration = true")

    def describe(self, query: str) -> list[Field]:
        with self._told():
            found = self._one(f"SELECT * FROM ({query}) AS q LIMIT 0")
            schema = pl.DataFrame(found).schema
        return [self._field(name, dtype) for name, dtype in schema.items()]

    def _one(self, statement: str) -> Any:
        """One statement, and no other behind it."""
        if len(self._sql.extract_statements(statement)) != 1:
            raise DatabaseRefused("`query:` is more than one statement", who=f"connection {self.name!r}")
        return self._sql.sql(statement)

    def _field(self, name: str, dtype: pl.DataType) -> Field:
        if isinstance(dtype, pl.Decimal):
            return Field(name=name, dtype=pl.Float64(), sql="CAST({} AS DOUBLE)")
        if dtype in (pl.Categorical, pl.Enum):
            return Field(name=name, dtype=pl.String(), sql="CAST({} AS VARCHAR)")
        if dtype.is_nested() or dtype in (pl.Binary, pl.Time, pl.Duration):
            return unknown(name, str(dtype))
        return Field(name=name, dtype=dtype)

    def batches(self, query: str, fields: Sequence[Field]) -> Iterator[pl.DataFrame]:
        from arro3.core import RecordBatchReader  # beside deltalake: reads Arrow batch by batch

        with self._told():
            for batch in RecordBatchReader.from_stream(self._one(query)):
                yield pl.DataFrame(batch).cast({field.name: field.dtype for field in fields})

    def tables(self) -> list[str]:
        with self._told():
            rows = self._sql.execute(
                "SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1, 2"
            ).fetchall()
        return [name if schema == "main" else f"{schema}.{name}" for schema, name in rows]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self._told():
            return self._sql.execute(query).fetchall()

    def moment(self, field: Field, micros: int) -> str | None:
        return f"make_timestamptz({micros}::BIGINT)" if field.dtype == pl.Datetime("us", "UTC") else None

    def naive(self, column: str, sign: str, micros: int) -> tuple[str, bool]:
        return f"{column} {sign} make_timestamp({micros}::BIGINT)", True

    def execute(self, statement: str) -> int:
        with self._told():
            self._sql.execute(statement).fetchall()
        return -1

    def load(self, table: str, part: pl.DataFrame) -> None:
        names = ", ".join(map(self.quote, part.columns))
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file, self._told():
            part.write_parquet(file.name)
            self._sql.execute(f"INSERT INTO {table} ({names}) SELECT * FROM read_parquet({self.literal(file.name)})")

    def close(self) -> None:
        self._sql.close()

    @contextmanager
    def _told(self, where: str = "") -> Iterator[None]:
        who = f"connection {self.name!r}"
        try:
            yield
        except duckdb.CatalogException as error:
            raise UnknownTable(self.line(error), who=who) from None
        except (duckdb.IOException, duckdb.ConnectionException) as error:
            raise Unreachable(self.line(error), who=who, where=where) from None
        except duckdb.Error as error:
            raise DatabaseRefused(self.line(error), who=who) from None
