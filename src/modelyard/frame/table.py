"""polars to `rows.Table` and back: float64 arrays, codes over sorted categories, datetimes as microseconds UTC.

A float64 holds whole numbers exactly up to 2^53: a bigger integer would change silently, so it is an error here.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from modelyard.errors.data import WrongType
from modelyard.frame.schema import DTYPES, schema_of
from modelyard.frame.zone import to_utc
from modelyard.rows.table import Floats, Table, Vector
from modelyard.schema.column import Column
from modelyard.schema.schema import Schema
from modelyard.schema.word import one_form

EXACT = 2**53
"""Up to here every whole number is a float64 of its own: of microseconds, the years 1684 to 2255."""
YEAR = 31_556_952_000_000
"""Microseconds, on average."""


def to_table(df: pl.DataFrame, schema: Schema | None = None, zone: str = "UTC") -> Table:
    """(n rows) the columns of `schema`, as its kinds; without one, all columns as they are. Null and NaN become NaN.
    A datetime without a zone is read in `zone`.

    >>> t = to_table(pl.DataFrame({"city": ["b", None, "a"], "late": [True, False, None]}))
    >>> t["city"].tolist(), t.vector("city").categories, t["late"].tolist()
    ([1.0, nan, 0.0], ('a', 'b'), [1.0, 0.0, nan])
    """
    schema = schema_of(df) if schema is None else schema
    return Table({column.name: to_vector(df[column.name], column, zone) for column in schema}, df.height)


def to_vector(series: pl.Series, column: Column, zone: str = "UTC") -> Vector:
    """One column as its kind says."""
    if column.kind == "text":
        texts = np.empty(len(series), dtype=object)
        texts[:] = in_one_form(series.cast(pl.String)).to_list()
        return Vector("text", texts)
    if column.kind == "category":
        return _coded(series)
    if column.kind == "datetime":
        return Vector("datetime", _moments(to_utc(series, zone).dt.epoch("us"), column.name))
    if column.kind == "boolean" and not _truths(series):
        raise WrongType(f"column {column.name!r} is no boolean: it holds other values than 0 and 1")
    return Vector(column.kind, _floats(series, column.name))


def _truths(series: pl.Series) -> bool:
    return series.dtype == pl.Boolean or bool(series.drop_nulls().is_in([0, 1]).all())


def _coded(series: pl.Series) -> Vector:
    texts = in_one_form(series.cast(pl.String))
    categories = texts.drop_nulls().unique().sort().to_list()
    codes = texts.cast(pl.Enum(categories)).to_physical()
    return Vector("category", _floats(codes, series.name), tuple(categories))


def in_one_form(series: pl.Series) -> pl.Series:
    """Strings as `one_form` writes them; of other columns nothing is changed."""
    if series.dtype != pl.String or bool((series.str.len_bytes() == series.str.len_chars()).all()):
        return series
    words = series.drop_nulls().unique()
    others = {word: form for word in words.to_list() if (form := one_form(word)) != word}
    return series.replace(others) if others else series


def _floats(series: pl.Series, name: str) -> Floats:
    if series.dtype == pl.String:
        raise WrongType(f"column {name!r} holds strings where numbers are expected")
    if series.dtype in (pl.Int64, pl.UInt64, pl.Int128):
        widest = max(abs(_whole(series.min())), abs(_whole(series.max())))
        if widest > EXACT:
            raise WrongType(
                f"column {name!r} holds {widest}, beyond 2^53: as a number it would change",
                way_out="declare it a category under `types:`, or give it the role id",
            )
    return np.ascontiguousarray(series.cast(pl.Float64).fill_null(float("nan")).to_numpy(), dtype=np.float64)


def _moments(series: pl.Series, name: str) -> Floats:
    far = max((_whole(series.min()), _whole(series.max())), key=abs)
    if abs(far) > EXACT:
        found = (
            f"column {name!r} holds a time of about the year {1970 + far // YEAR}, which no microsecond is exact for"
        )
        way_out = "name such values among `null_words:` where they are read, or declare the column a category"
        raise WrongType(found, way_out=way_out)
    return _floats(series, name)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def to_polars(table: Table) -> pl.DataFrame:
    """Back to a frame: codes become strings (unseen becomes null), NaN becomes null."""
    return pl.DataFrame([to_series(name, vector) for name, vector in table.vectors.items()])


def to_series(name: str, vector: Vector) -> pl.Series:
    if vector.kind == "text":
        return pl.Series(name, vector.values.tolist(), dtype=pl.String)
    numbers = pl.Series(name, vector.values, dtype=pl.Float64).fill_nan(None)
    if vector.kind == "category":
        words = pl.Series(name, vector.categories, dtype=pl.String)
        return words.gather(numbers.set(numbers < 0, None).cast(pl.UInt32)).alias(name)
    if vector.kind == "datetime":
        return numbers.cast(pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return numbers.cast(DTYPES[vector.kind])
