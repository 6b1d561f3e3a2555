"""The digest of a frame's content: the same for the same columns and rows in the same order, however they came in parts
and whatever library version holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import polars as pl


def digest(frame: pl.DataFrame) -> str:
    """64 hex digits.

    >>> whole = pl.DataFrame({"a": [1.5, None], "b": ["x", "yz"]})
    >>> digest(whole) == digest(pl.concat([whole[:1], whole[1:]])), digest(whole) == digest(whole[::-1])
    (True, False)
    """
    return digest_of((name, frame[name]) for name in frame.columns)


def scanned_digest(frame: pl.LazyFrame) -> str:
    """The same of rows that are not in memory: a column at a time.

    >>> rows = pl.DataFrame({"a": [1.5, None], "b": ["x", "yz"]})
    >>> scanned_digest(rows.lazy()) == digest(rows)
    True
    """
    names = frame.collect_schema().names()
    return digest_of((name, frame.select(name).collect()[name]) for name in names)


def digest_of(columns: Iterable[tuple[str, pl.Series]]) -> str:
    """Of columns, each by its name, in order."""
    found = hashlib.sha256()
    for name, column in columns:
        dtype = column.dtype
        found.update(f"{len(name.encode())} {name} {dtype} {len(column)}\n".encode())
        found.update(column.is_null().to_numpy().tobytes())
        if dtype in (pl.String, pl.Categorical, pl.Enum):
            words = column.cast(pl.String).fill_null("")
            found.update(words.str.len_bytes().to_numpy().tobytes())
            found.update(str(words.str.join("").item()).encode())
        else:
            found.update(_numbers(column).to_numpy().tobytes())
    return found.hexdigest()


def _numbers(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        return column.cast(pl.Float64).fill_null(0.0)
    if column.dtype.is_temporal():
        return column.to_physical().cast(pl.Int64).fill_null(0)
    return column.cast(pl.Int64).fill_null(0)
