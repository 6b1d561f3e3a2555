"""What a datetime without a zone means.

In the hour that a clock shows twice, the first; in the hour that it skips, the offset from before: Python's `fold=0`,
so that a file and a request (`rows/timestamps.py`) say the same.
"""

from __future__ import annotations

import polars as pl

UTC = pl.Datetime("us", "UTC")


def to_utc(series: pl.Series, zone: str) -> pl.Series:
    """Dates and datetimes as microseconds UTC."""
    return series.to_frame().select(to_utc_expr(pl.col(series.name), series.dtype, zone)).to_series()


def to_utc_expr(column: pl.Expr, dtype: pl.DataType, zone: str) -> pl.Expr:
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return column.dt.cast_time_unit("us").dt.convert_time_zone("UTC")
    naive = column.cast(pl.Datetime("us"))
    day = pl.duration(days=1)
    return pl.coalesce(_placed(naive, zone), _placed(naive - day, zone) + day)


def _placed(naive: pl.Expr, zone: str) -> pl.Expr:
    placed = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return placed.dt.convert_time_zone("UTC")
