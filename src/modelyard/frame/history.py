"""What a row could know of the rows before it: aggregates of a window that ends strictly before its time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from modelyard.frame.aggregate import aggregated, arguments
from modelyard.frame.ordered import PLACE, TIME, timed
from modelyard.frame.schema import schema_of
from modelyard.schema.aggregate import Aggregation


def history(
    frame: pl.LazyFrame, wanted: Mapping[str, Aggregation], time: str, by: list[str], last: int, delay: int, zone: str
) -> pl.LazyFrame:
    """Place -> each aggregate over the rows of its group in [t − delay − last, t − delay), µs; those of one time in
    the order of the rows. Rows without time or key are not there."""
    keys = {f"__key{place}": pl.col(name) for place, name in enumerate(by)}
    rows = timed(frame, time, by, zone)
    rows = rows.select(PLACE, TIME, **keys, **arguments(wanted, schema_of(frame), zone))
    rows = rows.sort(*keys, TIME, PLACE)
    windows = rows.rolling(
        TIME,
        period=timedelta(microseconds=last),
        offset=timedelta(microseconds=-(last + delay)),
        closed="left",
        group_by=list(keys) or None,
    )
    # One window a row, in the order of the rows: groups as sorted, times within them.
    found = windows.agg(**aggregated(wanted)).select(*wanted)
    return pl.concat([rows.select(PLACE), found], how="horizontal")
