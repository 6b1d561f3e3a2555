"""Parquet files one behind the other as one table, never more than one of them in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.io.plugins import register_io_source

Mask = NDArray[np.bool_]


def in_turn(
    files: Iterable[Path], schema: Mapping[str, pl.DataType], masks: Sequence[Mask] | None = None
) -> pl.LazyFrame:
    """The rows of all files, in their order; of each file, where there are `masks`, those for which its mask is true.
    Files are asked for, and read, when rows are; `files` is held for as long as the table."""

    def parts(
        wanted: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        for place, file in enumerate(files):
            part = pl.read_parquet(file, columns=wanted, glob=False)
            part = part if masks is None else part.filter(pl.Series(masks[place]))
            part = part if left is None else part.head(left)
            left = None if left is None else left - part.height
            yield part if predicate is None else part.filter(predicate)
            if left == 0:
                return

    return register_io_source(parts, schema=dict(schema))
