"""The digest of a frame's content: the same for the same columns and rows in the same order, however they came in parts
and whatever library version holds them."""

from __future__ import annotations

import hashlib

import polars as pl

from modelyard.frame.spilled import in_parts, parts

WORDS = (pl.String, pl.Categorical, pl.Enum)


def digest(frame: pl.DataFrame) -> str:
    """64 hex digits.

    >>> whole = pl.DataFrame({"a": [1.5, None], "b": ["x", "yz"]})
    >>> digest(whole) == digest(pl.concat([whole[:1], whole[1:]])), digest(whole) == digest(whole[::-1])
    (True, False)
    """
    return scanned_digest(frame.lazy())


def scanned_digest(frame: pl.LazyFrame) -> str:
    """The same of rows that are not in memory: of one column at a time, some rows at a time where there may be many."""
    found, height = hashlib.sha256(), int(frame.select(pl.len()).collect().item())
    for name, dtype in frame.collect_schema().items():
        found.update(f"{len(name.encode())} {name} {dtype} {height}\n".encode())
        column = frame.select(name)
        read = list(parts(column)) if not in_parts(column) else None
        for written in (_nulls, *((_lengths, _letters) if dtype in WORDS else (_numbers,))):
            for part in parts(column) if read is None else read:
                found.update(written(part.to_series()))
    return found.hexdigest()


def _nulls(column: pl.Series) -> bytes:
    return column.is_null().to_numpy().tobytes()


def _lengths(column: pl.Series) -> bytes:
    return column.cast(pl.String).fill_null("").str.len_bytes().to_numpy().tobytes()


def _letters(column: pl.Series) -> bytes:
    return str(column.cast(pl.String).fill_null("").str.join("").item()).encode()


def _numbers(column: pl.Series) -> bytes:
    return _plain(column).to_numpy().tobytes()


def _plain(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        return column.cast(pl.Float64).fill_null(0.0)
    if column.dtype.is_temporal():
        return column.to_physical().cast(pl.Int64).fill_null(0)
    return column.cast(pl.Int64).fill_null(0)
