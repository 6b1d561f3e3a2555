"""What history needs of a table: rows with a place to return to, times in UTC, keys that are there.

A row without a time or without a key has no history: it keeps its place and gets nulls.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from modelyard.errors.data import WrongType
from modelyard.frame.zone import to_utc_expr

PLACE, TIME, START, LENGTH = "__place", "__time", "__start", "__length"


def placed(frame: pl.LazyFrame) -> pl.LazyFrame:
    """With each row's place among the rows."""
    return frame.with_row_index(PLACE)


def timed(frame: pl.LazyFrame, time: str, by: Sequence[str], zone: str) -> pl.LazyFrame:
    """Rows that have a time and every key, by time; rows of one time as they were. `__time`: UTC, µs."""
    dtype = frame.collect_schema()[time]
    if not isinstance(dtype, pl.Date | pl.Datetime):
        raise WrongType(
            f"{time!r} holds {dtype}, not times",
            way_out=f"Declare it where it is read: types: {{{time}: datetime}}",
        )
    known = frame.with_columns(to_utc_expr(pl.col(time), dtype, zone).alias(TIME))
    return known.drop_nulls([TIME, *by]).sort(TIME, maintain_order=True)


def beside(frame: pl.LazyFrame, found: pl.LazyFrame) -> pl.LazyFrame:
    """`frame` (with its places), and what was found for some of them."""
    return frame.join(found, on=PLACE, how="left", maintain_order="left").drop(PLACE)
