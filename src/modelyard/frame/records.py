"""A frame's rows as a client would send them: plain values, times as text, so that one reader checks both.

In a frame NaN is a missing value (pandas has no other word for it); infinities stay, and are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from modelyard.frame.schema import kind_of


def to_records(frame: pl.DataFrame, names: Iterable[str]) -> list[dict[str, Any]]:
    """The rows of those columns (of them, those that are there).

    >>> to_records(pl.DataFrame({"a": [1.5, float("nan")], "b": ["x", None]}), ["a", "b"])
    [{'a': 1.5, 'b': 'x'}, {'a': None, 'b': None}]
    """
    chosen = frame.select([name for name in names if name in frame.columns])
    return chosen.select([_plain(name, dtype) for name, dtype in chosen.schema.items()]).to_dicts()


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    column, kind = pl.col(name), kind_of(dtype, name)
    if kind == "datetime":
        zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
        aware = column if zone is None else column.dt.convert_time_zone("UTC")
        return aware.cast(pl.Datetime("us", "UTC" if zone else None)).dt.strftime(
            "%Y-%m-%dT%H:%M:%S%.6f" + ("Z" if zone else "")
        )
    if kind == "category":
        return column.cast(pl.String)
    if kind == "number":
        return column.cast(pl.Float64).fill_nan(None)
    return column
