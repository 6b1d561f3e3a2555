"""The columns of a frame as they are, for looking at: nothing that can be read is refused.

Learning refuses a whole number beyond 2^53, which a float64 would change (`frame/table.py`); here it is a word.
"""

from __future__ import annotations

import polars as pl
from msgspec.structs import replace

from modelyard.frame.table import EXACT, to_vector
from modelyard.rows.table import Vector
from modelyard.schema.column import Column
from modelyard.schema.schema import Schema


def vectors(frame: pl.DataFrame, schema: Schema, zone: str = "UTC") -> dict[str, Vector]:
    """
    >>> from modelyard.frame.schema import schema_of
    >>> frame = pl.DataFrame({"id": [2**60, 2**60 + 1]})
    >>> vectors(frame, schema_of(frame))["id"].categories
    ('1152921504606846976', '1152921504606846977')
    """
    return {column.name: _vector(frame[column.name], column, zone) for column in schema}


def _vector(series: pl.Series, column: Column, zone: str) -> Vector:
    if series.dtype.is_integer() and column.kind in ("integer", "number") and _beyond(series):
        return to_vector(series.cast(pl.String), replace(column, kind="category"), zone)
    return to_vector(series, column, zone)


def _beyond(series: pl.Series) -> bool:
    low, high = series.min(), series.max()
    return isinstance(low, int) and isinstance(high, int) and max(-low, high) > EXACT
