"""Labels from a table (`labels: {path, key, value}`): read into the log as if they had been sent.

One way in for all labels: what the table says of rows that were served becomes lines of a segment, and the shipper
joins them. The segment's name is the digest of what it says, so reading the same table again changes nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from sqlalchemy import select

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn, UnreadableTable
from modelyard.loop.logged import Label
from modelyard.store.lake import Lake
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store
from modelyard.store.segments import SUFFIX, write_segment
from modelyard.store.tables import rows_seen

if TYPE_CHECKING:
    from polars import DataFrame

_record = msgspec.json.Decoder(dict[str, Any]).decode


class Tabled(Struct, frozen=True, kw_only=True):
    """A CSV or Parquet file that need not be there yet. `key`: the columns that find a row, by its id where it is just
    `id`. `parents`: what the label is made of; `value` is the column of the file that holds the first."""

    path: Path
    id: str | None = None
    key: tuple[str, ...] = ()
    value: str
    parents: tuple[str, ...]

    @property
    def by_id(self) -> bool:
        return not self.key or self.key == (self.id,)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the file must hold."""
        return (*(self.key or (self.id or "id",)), self.value, *self.parents[1:])


def take_labels(store: Store, metadata: Metadata, model: str, table: Tabled) -> int:
    """Log what the table says that is news; how many labels. Raises UnreadableTable, MissingColumn."""
    if not table.path.is_file():
        return 0
    frame = _read(table)
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


def _read(table: Tabled) -> DataFrame:
    import polars as pl

    suffix = table.path.suffix.lower()
    if suffix not in (".csv", ".parquet", ".pq"):
        raise UnreadableTable(f"labels in {table.path.name!r}", who="labels", way_out="Write .csv or .parquet")
    try:
        frame = pl.read_csv(table.path, infer_schema_length=None) if suffix == ".csv" else pl.read_parquet(table.path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableTable(str(error).split("\n")[0][:300], who="labels", where=str(table.path)) from None
    for name in table.columns:
        if name not in frame.columns:
            way_out = did_you_mean(name, frame.columns)
            raise MissingColumn(f"no column {name!r}", who="labels", where=str(table.path), way_out=way_out)
    return frame.select(table.columns)


def _said(frame: DataFrame, table: Tabled) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """(key, values) of the rows whose label says something."""
    width = len(table.columns) - len(table.parents)
    for row in frame.iter_rows():
        values = dict(zip(table.parents, row[width:], strict=True))
        if any(value is not None for value in values.values()):
            yield tuple(map(_text, row[:width])), values


def _by_key(store: Store, model: str, table: Tabled) -> dict[tuple[str, ...], str]:
    """Key of the row as it was sent -> id."""
    import polars as pl

    rows = Lake(store.lake).scan("predictions").filter(pl.col("model") == model).select("id", "row").collect()
    found = {}
    for name, row in rows.iter_rows():
        record = _record(row)
        found[tuple(_text(record.get(column)) for column in table.key)] = name
    return found


def _write(store: Store, labels: Sequence[Label]) -> None:
    said = hashlib.sha256("\n".join(f"{one.id} {one.digest}" for one in labels).encode()).hexdigest()
    name, now = f"labels.{said}", time.time_ns() // 1_000
    if not (store.segments / f"{name}{SUFFIX}").exists():
        store.segments.mkdir(parents=True, exist_ok=True)
        write_segment(store.segments, name, (msgspec.json.encode(msgspec.structs.replace(one, received=now))
                                             for one in labels))  # fmt: skip


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
