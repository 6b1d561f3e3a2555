"""Rows into a table of a database, all of them or none: one transaction, whatever the mode.

The rows go to a temporary table first, by the database's fastest way in, and from there by at most two statements. So
an upsert needs no unique index and means the same on every database: rows whose key is there are changed, others added;
columns of the table that are not written stay as they are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import polars as pl
from polars import selectors

from modelyard.errors import ModelyardError, did_you_mean
from modelyard.errors.connection import DatabaseRefused, UnknownTable
from modelyard.errors.data import MissingColumn
from modelyard.frame.appended import Appended, appended
from modelyard.frame.sql.session import BATCH, Field, Session, opened
from modelyard.schema.connection import Connection, Postgresql

Mode = Literal["append", "upsert", "replace"]
STAGE = "modelyard_stage"


def write(
    frame: pl.LazyFrame,
    connection: Connection,
    folder: Path,
    table: str,
    mode: Mode = "append",
    key: Sequence[str] = (),
    zone: str = "UTC",
    instead: Mapping[str, str] | None = None,
) -> int:
    """How many rows went in. A table that is not there is made. NaN is written as null; a datetime as UTC, or in `zone`
    where the table's column has none. `instead`: rows in which these columns hold these texts are deleted before.

    Raises Unreachable, AccessDenied, MissingColumn, DatabaseRefused; the table is then as it was."""
    dtypes = frame.collect_schema()
    _keyed(mode, key, dtypes.names())
    _told_apart(dtypes.names(), connection)
    with opened(connection, folder, write=True) as session:
        work = _Writing(session, table, dtypes, key, zone)
        return work.write(frame, mode, instead or {})


@contextmanager
def written(
    connection: Connection,
    folder: Path,
    table: str,
    mode: Mode = "append",
    key: Sequence[str] = (),
    zone: str = "UTC",
    instead: Mapping[str, str] | None = None,
) -> Iterator[Appended]:
    """Parts are kept in a file and written when the block ends well: no transaction is open while they are made."""
    with tempfile.TemporaryDirectory(prefix="modelyard-") as place:
        file = Path(place) / "rows.parquet"
        with appended(file) as out:
            yield out
        write(pl.scan_parquet(file, glob=False), connection, folder, table, mode, key, zone, instead)


class _Writing:
    """One write on one session."""

    def __init__(
        self, session: Session, table: str, dtypes: Mapping[str, pl.DataType], key: Sequence[str], zone: str
    ) -> None:
        self.session, self.table, self.key, self.zone = session, table, key, zone
        self.dtypes = dict(dtypes)

    def write(self, frame: pl.LazyFrame, mode: Mode, instead: Mapping[str, str]) -> int:
        session = self.session
        fields = self._fields()
        made = self.table if fields is None else None
        session.check(self.table)
        session.begin(self.table)
        try:
            if fields is None:
                self._make()
                session.begin_again()
                fields = session.describe(self._selected())
            rows = self._stage(frame, fields)
            self._into(mode, instead)
            session.commit()
        except BaseException:
            with suppress(ModelyardError):  # a connection that broke has undone it already
                session.undo(made)
            raise
        return rows

    def _names(self) -> str:
        return ", ".join(map(self.session.quote, self.dtypes))

    def _selected(self) -> str:
        return f"SELECT {self._names()} FROM {self.session.table(self.table)}"

    def _fields(self) -> list[Field] | None:
        """The table's columns that are written; None: there is no such table."""
        try:
            there = self.session.describe(f"SELECT * FROM {self.session.table(self.table)}")
        except UnknownTable:
            return None
        found = {field.name: field for field in there}
        for name in self.dtypes:
            if name not in found:
                who = f"connection {self.session.name!r}"
                said = f"the table {self.table!r} has no column {name!r}"
                raise MissingColumn(said, who=who, way_out=did_you_mean(name, found))
        return [found[name] for name in self.dtypes]

    def _make(self) -> None:
        columns = [
            f"{self.session.quote(name)} {self.session.types[_word(dtype, name in self.key)]}"
            for name, dtype in self.dtypes.items()
        ]
        if self.key:
            columns.append(f"PRIMARY KEY ({', '.join(map(self.session.quote, self.key))})")
        self.session.execute(f"CREATE TABLE {self.session.table(self.table)} ({', '.join(columns)})")

    def _stage(self, frame: pl.LazyFrame, fields: Sequence[Field]) -> int:
        self.session.execute(f"CREATE TEMPORARY TABLE {STAGE} AS {self._selected()} WHERE 1 = 0")
        rows = 0
        for part in frame.collect_batches(chunk_size=BATCH, maintain_order=True):
            if part.height:
                self.session.load(STAGE, self._ready(part, fields))
                rows += part.height
        return rows

    def _ready(self, part: pl.DataFrame, fields: Sequence[Field]) -> pl.DataFrame:
        """NaN is null here; where the table knows no zone, the project's is meant."""
        aware = [
            name
            for name, dtype in self.dtypes.items()
            if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
        ]
        naive = {field.name for field in fields if field.dtype == pl.Datetime("us")} if self.session.zoned else set()
        return part.with_columns(
            selectors.float().fill_nan(None),
            selectors.by_dtype(pl.Categorical, pl.Enum).cast(pl.String),
        ).with_columns(
            pl.col(name).dt.convert_time_zone(self.zone).dt.replace_time_zone(None).dt.cast_time_unit("us")
            if name in naive
            else pl.col(name).dt.convert_time_zone("UTC").dt.cast_time_unit("us")
            for name in aware
        )

    def _into(self, mode: Mode, instead: Mapping[str, str]) -> None:
        session, table = self.session, self.session.table(self.table)
        if mode == "replace":
            session.execute(f"DELETE FROM {table}")
        if instead:
            same = " AND ".join(f"{session.quote(name)} = {session.literal(text)}" for name, text in instead.items())
            session.execute(f"DELETE FROM {table} WHERE {same}")
        only = ""
        if mode == "upsert":
            self._distinct()
            others = [name for name in self.dtypes if name not in self.key]
            if others:
                session.execute(session.updated(self.table, STAGE, others, self.key))
            only = f" WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {session.same(self.key)})"
        session.execute(f"INSERT INTO {table} ({self._names()}) SELECT {self._names()} FROM {STAGE} AS s{only}")

    def _distinct(self) -> None:
        """An upsert of one key twice would hang on an order that nobody gave."""
        key = ", ".join(map(self.session.quote, self.key))
        nulls = " OR ".join(f"{self.session.quote(name)} IS NULL" for name in self.key)
        who = f"connection {self.session.name!r}"
        if self.session.any(f"SELECT 1 FROM {STAGE} WHERE {nulls}"):
            raise DatabaseRefused(f"the key ({key}) is null in some row", who=who, way_out="Take those rows out before")
        if self.session.any(f"SELECT {key} FROM {STAGE} GROUP BY {key} HAVING count(*) > 1"):
            way_out = "Put table.drop_duplicates before, or name more columns under `key:`"
            raise DatabaseRefused(f"the key ({key}) is not unique in what is written", who=who, way_out=way_out)


def _told_apart(names: Sequence[str], connection: Connection) -> None:
    """Of these databases only PostgreSQL tells `Age` from `age`."""
    if isinstance(connection, Postgresql):
        return
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name.casefold(), name)
        if other != name:
            found = f"{other!r} and {name!r} are one column to this database, which tells no upper from lower case"
            way_out = f"Rename one: {{use: table.select, rename: {{{name}: {name}_2}}}}"
            raise DatabaseRefused(found, who=f"connection {connection.name!r}", way_out=way_out)


def _keyed(mode: Mode, key: Sequence[str], names: Sequence[str]) -> None:
    if mode == "upsert" and not key:
        raise MissingColumn("an upsert needs a key", way_out="Write key: [the columns that tell rows apart]")
    for name in key:
        if name not in names:
            raise MissingColumn(f"`key:` names {name!r}", way_out=did_you_mean(name, names))


def _word(dtype: pl.DataType, key: bool) -> str:
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric() or dtype == pl.Null:
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    if isinstance(dtype, pl.Datetime):
        return "datetime"
    return "date" if dtype == pl.Date else "key" if key else "words"
