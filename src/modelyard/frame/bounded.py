"""Rows by their cursor: which lie within bounds, in which order, how far they reach."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from modelyard.schema.pin import Mark


def bounded(frame: pl.LazyFrame, column: str, after: Mark | None, upto: Mark | None) -> pl.LazyFrame:
    """Rows with after < cursor <= upto; one without a cursor (null, NaN) is never among them.

    >>> rows = pl.LazyFrame({"n": [3, 1, None, 2]})
    >>> bounded(rows, "n", 1, 3).collect()["n"].to_list()
    [3, 2]
    """
    cursor = mark(column, frame.collect_schema()[column])
    frame = frame.filter(cursor.is_not_null())
    if after is not None:
        frame = frame.filter(cursor > after)
    return frame if upto is None else frame.filter(cursor <= upto)


def mark(column: str, dtype: pl.DataType) -> pl.Expr:
    """The cursor as it is compared and kept: datetimes as microseconds UTC, a NaN as null."""
    if isinstance(dtype, pl.Datetime):
        return pl.col(column).dt.epoch("us")
    return pl.col(column).fill_nan(None) if dtype.is_float() else pl.col(column)


def in_order(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """By the cursor; rows with the same one stay as they came."""
    return frame.sort(mark(column, frame.schema[column]), maintain_order=True)


def farthest(frame: pl.LazyFrame, column: str) -> Mark | None:
    """The greatest cursor; None where there is no row.

    >>> farthest(pl.LazyFrame({"n": [3, 1]}), "n")
    3
    """
    found = frame.select(mark(column, frame.collect_schema()[column]).max()).collect().item()
    return found if isinstance(found, int | float | str) else None


def latest(frame: pl.LazyFrame, key: Sequence[str]) -> pl.LazyFrame:
    """Of rows with the same key the last one; without a key, all of them.

    >>> latest(pl.LazyFrame({"id": [1, 2, 1], "a": ["x", "y", "z"]}), ["id"]).collect()["a"].to_list()
    ['y', 'z']
    """
    return frame.unique(key, keep="last", maintain_order=True) if key else frame
