"""Labels from a table (`labels: {path, key, value}` or `{connection, table, key, value}`): read into the log as if they
had been sent.

One way in for all labels: what the table says of rows that were served becomes lines of a segment, and the shipper
joins them. The segment's name is the digest of what it says, so reading the same table again changes nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from sqlalchemy import select

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.loop.label_feed import LabelFeed
from modelyard.loop.logged import Label
from modelyard.rows.timestamps import BadTime, reader
from modelyard.run.kept import Kept
from modelyard.run.reading import read_on
from modelyard.store.in_use import in_use
from modelyard.store.lake import Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.records import record
from modelyard.store.segments import SUFFIX, write_segment
from modelyard.store.tables import rows_seen

if TYPE_CHECKING:
    from polars import DataFrame

    from modelyard.frame.sql.read import Asked

_record = msgspec.json.Decoder(dict[str, Any]).decode


class Tabled(Struct, frozen=True, kw_only=True):
    """A CSV or Parquet file that need not be there yet, or (`asked`) a table of a database. `key`: the columns that
    find a row, by its id where it is just `id`. `parents`: what the label is made of; `value` is the column that holds
    the first. `times`: those of the key that are moments, in `zone` unless they say otherwise."""

    path: Path | None = None
    asked: Callable[[], Asked] | None = None
    """The table, all of its columns; its connection is read when labels are."""
    id: str | None = None
    key: tuple[str, ...] = ()
    value: str
    parents: tuple[str, ...]
    times: tuple[str, ...] = ()
    zone: str = "UTC"
    cursor: str | None = None
    """Of a table: the column that grows when a label is written; then only what is new is read."""

    @property
    def by_id(self) -> bool:
        return not self.key or self.key == (self.id,)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the file must hold."""
        return (*(self.key or (self.id or "id",)), self.value, *self.parents[1:])


def take_labels(store: Store, metadata: Metadata, model: str, table: Tabled) -> int:
    """Log what the table says that is news; how many labels. Raises UnreadableTable, MissingColumn, and what a database
    that is asked raises."""
    frame = _read(store, metadata, model, table)
    if frame is None:
        return 0
    with metadata.begin() as sql:
        rows = sql.execute(select(rows_seen.c.id, rows_seen.c.label).where(rows_seen.c.model == model))
        known: dict[str, str | None] = {row.id: row.label for row in rows}
    ids: dict[tuple[str, ...], str] = {(name,): name for name in known}
    if not table.by_id:
        ids = _by_key(store, model, table)
    found = {}
    for key, values in _said(frame, table):
        label = Label(id=ids.get(key, ""), received=0, values=values)
        if label.id in known and known[label.id] != label.digest:
            found[label.id] = label
    if found:
        _write(store, sorted(found.values(), key=lambda label: label.id))
    return len(found)


def _read(store: Store, metadata: Metadata, model: str, table: Tabled) -> DataFrame | None:
    """The columns that say something; None while there is no file."""
    if table.asked is not None:
        asked = _narrowed(table.asked(), table)
        if table.cursor is not None:
            by = table.columns[0] if table.by_id else ""
            return _read_on(store, metadata, model, asked, by).select(table.columns)
        from modelyard.frame.sql.read import scan

        return scan(asked).select(table.columns).collect()
    if table.path is None or not table.path.is_file():
        return None
    return _of_file(table.path, table)


def _narrowed(asked: Asked, table: Tabled) -> Asked:
    """Rows without a label say nothing, and stay where they are where that is easily told."""
    said = f"not is_null(`{table.value}`)" if len(table.parents) == 1 and "`" not in table.value else None
    cursor = (table.cursor,) if table.cursor else ()
    columns = tuple(dict.fromkeys((*table.columns, *cursor)))
    return msgspec.structs.replace(asked, columns=columns, where=said, cursor=table.cursor or "")


def _read_on(store: Store, metadata: Metadata, model: str, asked: Asked, by: str) -> DataFrame:
    """All that was ever read of it, in the order in which labels were written; what is odd stands in the history."""
    said: list[str] = []
    with in_use(store):
        frame = read_on(LabelFeed(asked, by), Kept(store, passing=True), said.append).frame
    for word in said:
        key = hashlib.sha256(word.encode()).hexdigest()[:32]
        with metadata.begin() as sql:
            record(sql, "labels", model, time.time_ns() // 1_000, {"summary": f"{asked.table}: {word}"}, key=key)
    return frame


def _of_file(path: Path, table: Tabled) -> DataFrame:
    import polars as pl

    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet", ".pq"):
        raise UnreadableTable(f"labels in {path.name!r}", who="labels", way_out="Write .csv or .parquet")
    try:
        frame = pl.read_csv(path, infer_schema_length=None) if suffix == ".csv" else pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableTable(str(error).split("\n")[0][:300], who="labels", where=str(path)) from None
    for name in table.columns:
        if name not in frame.columns:
            way_out = did_you_mean(name, frame.columns)
            raise MissingColumn(f"no column {name!r}", who="labels", where=str(path), way_out=way_out)
    return frame.select(table.columns)


def _said(frame: DataFrame, table: Tabled) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """(key, values) of the rows whose label says something."""
    width = len(table.columns) - len(table.parents)
    for row in frame.iter_rows():
        values = dict(zip(table.parents, row[width:], strict=True))
        if any(value is not None for value in values.values()):
            yield _key(row[:width], table), values


def _by_key(store: Store, model: str, table: Tabled) -> dict[tuple[str, ...], str]:
    """Key of the row as it was sent -> id. Raises MissingColumn for a column that no row was sent with."""
    import polars as pl

    rows = Lake(store.lake).scan("predictions").filter(pl.col("model") == model).select("id", "row").collect()
    records = {name: _record(row) for name, row in rows.iter_rows()}
    for column in table.key if records else ():
        if not any(column in record for record in records.values()):
            way_out = "Take the id as the key, or columns that every request carries"
            raise MissingColumn(f"`key:` names {column!r}, which no row was sent with", who="labels", way_out=way_out)
    return {_key([record.get(column) for column in table.key], table): name for name, record in records.items()}


def _write(store: Store, labels: Sequence[Label]) -> None:
    said = hashlib.sha256("\n".join(f"{one.id} {one.digest}" for one in labels).encode()).hexdigest()
    name, now = f"labels.{said}", time.time_ns() // 1_000
    if not (store.segments / f"{name}{SUFFIX}").exists():
        store.segments.mkdir(parents=True, exist_ok=True)
        write_segment(store.segments, name, (msgspec.json.encode(msgspec.structs.replace(one, received=now))
                                             for one in labels))  # fmt: skip


def _key(values: Sequence[Any], table: Tabled) -> tuple[str, ...]:
    """A moment is one however it is written; everything else is compared as text."""
    read = reader(table.zone)
    names = table.key or (table.id or "id",)
    return tuple(
        _moment(value, read) if name in table.times else _text(value) for name, value in zip(names, values, strict=True)
    )


def _moment(value: Any, read: Callable[[str], int]) -> str:
    try:
        return str(read(value.isoformat() if isinstance(value, date) else value))
    except (BadTime, TypeError):
        return _text(value)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
