"""Labelled rows of the log: what a retraining learns from, and what a gate or a watch judges by.

Rows that were flagged (`else: quarantine`) are left out; of several labels of one id the last counts; a row is there
once per id, because the shipper keeps the first record of an id alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from modelyard.rows.table import Table
from modelyard.rows.timestamps import BadTime, reader
from modelyard.schema.column import Kind
from modelyard.schema.schema import Schema
from modelyard.store.lake import Lake
from modelyard.store.place import Store

if TYPE_CHECKING:
    from polars import DataFrame, LazyFrame

Record = dict[str, Any]
_record = msgspec.json.Decoder(Record).decode


def labelled(store: Store, model: str, start: int | None = None, end: int | None = None) -> LazyFrame:
    """id, event, row, values (both JSON) of rows with a label whose event lies in [start, end), microseconds."""
    import polars as pl

    rows = Lake(store.lake).labelled(start, end)
    wanted = (pl.col("model") == model) & ~pl.col("flagged") & pl.col("values").is_not_null()
    return rows.filter(wanted).select("id", "event", "row", "values").sort("event", "id")


def count_labelled(store: Store, model: str, start: int | None = None, end: int | None = None) -> int:
    """How many there are."""
    return labelled(store, model, start, end).select("id").collect().height


def gathered(store: Store, model: str, columns: Schema, start: int | None = None, end: int | None = None,
             zone: str = "UTC") -> DataFrame:  # fmt: skip
    """The same rows in the columns of the source: the request's values, and the label's under their own names. A column
    that a request did not carry, or a value that is none of the column's kind, is null. Naive times are of `zone`."""
    import polars as pl

    from modelyard.frame.schema import DTYPES

    frame = labelled(store, model, start, end).collect()
    records = [_record(row) | _record(values) for row, values in frame.select("row", "values").iter_rows()]
    made = {c.name: _values(records, c.name, c.kind, zone) for c in columns}
    return pl.DataFrame(made, schema={column.name: DTYPES[column.kind] for column in columns})


def asked_rows(store: Store, model: str, columns: Schema, start: int, end: int, id: str | None, time: str | None,
               zone: str) -> Table:  # fmt: skip
    """What was asked of a model in [start, end), in those columns; `id` and `time` are the request's, sent or not."""
    import polars as pl

    from modelyard.frame.schema import DTYPES
    from modelyard.frame.table import to_table

    frame = Lake(store.lake).scan("predictions", start, end).filter(pl.col("model") == model)
    rows = frame.select("id", "event", "row").sort("event").collect()
    records = [_record(row) for row in rows["row"]]
    sent = {id: rows["id"], time: rows["event"].cast(pl.Datetime("us", "UTC"))}
    # The log's ids are words, whatever the source's are.
    schema = Schema(tuple(replace(c, kind="category") if c.name == id else c for c in columns))
    made = {c.name: sent[c.name] if c.name in sent else _values(records, c.name, c.kind, zone) for c in schema}
    known = pl.DataFrame(made, schema={c.name: DTYPES[c.kind] for c in schema})
    return to_table(known, schema, zone) if len(schema) else Table({}, rows.height)


def _values(records: Sequence[Record], name: str, kind: Kind, zone: str) -> Iterable[Any]:
    fit = _moments(zone) if kind == "datetime" else _FIT[kind]
    return [fit(record.get(name)) for record in records]


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _integer(value: Any) -> int | None:
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if isinstance(value, int | float) else None


def _boolean(value: Any) -> bool | None:
    return bool(value) if value in (0, 1) else None


def _word(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _moments(zone: str) -> Callable[[Any], Any]:
    from datetime import UTC, datetime, timedelta

    read = reader(zone)

    def moment(value: Any) -> datetime | None:
        try:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=read(value)) if value else None
        except (BadTime, TypeError):
            return None

    return moment


_FIT: dict[Kind, Callable[[Any], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "category": _word,
    "text": _word,
}
