"""A polars frame's promise, and the empty frame that keeps a promise.

Strings are categories unless a schema says `text`: polars has one string type, so the word is carried by name (`like`).
"""

from __future__ import annotations

import polars as pl

from modelyard.errors.data import WrongType
from modelyard.schema.column import Column, Kind
from modelyard.schema.schema import Schema

DTYPES: dict[Kind, pl.DataType] = {
    "number": pl.Float64(),
    "integer": pl.Int64(),
    "boolean": pl.Boolean(),
    "category": pl.String(),
    "text": pl.String(),
    "datetime": pl.Datetime("us", "UTC"),
}


def schema_of(frame: pl.LazyFrame | pl.DataFrame, *like: Schema) -> Schema:
    """The columns, without reading a row. A string column called `text` in one of `like` is text.

    >>> schema_of(pl.DataFrame({"age": [1.5], "city": ["a"]}))["city"].kind
    'category'
    """
    dtypes = frame.collect_schema()
    return Schema(tuple(_column(name, kind_of(dtype, name), like) for name, dtype in dtypes.items()))


def _column(name: str, kind: Kind, like: tuple[Schema, ...]) -> Column:
    before = next((schema[name] for schema in like if name in schema.names), None)
    if before is None:
        return Column(name=name, kind=kind, origin="table" if like else "input")
    return Column(
        name=name,
        kind="text" if kind == "category" and before.kind == "text" else kind,
        nullable=before.nullable,
        origin=before.origin,
    )


def kind_of(dtype: pl.DataType, name: str = "") -> Kind:
    """What a polars type is to us; lists, structs, durations and bytes are nothing, and an error."""
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric() or dtype == pl.Null:
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "category"
    if dtype in (pl.Date, pl.Datetime):
        return "datetime"
    raise WrongType(
        f"column {name!r} holds {dtype}, which no step knows",
        way_out="leave it out with `columns:` of the read step, or store numbers, strings or datetimes",
    )


def empty(schema: Schema) -> pl.LazyFrame:
    """No rows, the right types: what a table step answers `schema` on."""
    return pl.LazyFrame(schema={column.name: DTYPES[column.kind] for column in schema})
