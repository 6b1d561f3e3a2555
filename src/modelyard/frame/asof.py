"""The latest row strictly before another row's time: what was known then.

Strictly: a row of the same microsecond may be the row itself, or what came of it.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from modelyard.frame.ordered import TIME, timed


def latest_before(
    left: pl.LazyFrame,
    right: pl.LazyFrame,
    left_time: str,
    right_time: str,
    by: list[str],
    last: int | None,
    delay: int,
    zone: str,
) -> pl.LazyFrame:
    """Each left row that has a time t and every key, beside the right row of its key with the greatest time < t − delay
    (no further back than `last` from there, that itself allowed), µs; `__met` says whether there was one. Of right
    rows of one time the last wins. Keys have the same names in both."""
    known = timed(right, right_time, by, zone).with_columns(pl.lit(True).alias("__met"))
    sought = timed(left, left_time, by, zone).with_columns(pl.col(TIME) - pl.duration(microseconds=delay))
    return sought.join_asof(
        known,
        on=TIME,
        by=by or None,
        strategy="backward",
        allow_exact_matches=False,
        tolerance=None if last is None else timedelta(microseconds=last),
        check_sortedness=False,
    )
