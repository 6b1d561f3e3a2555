"""Parquet files one behind the other as one table, of which memory need not hold more than one file.

Where there is room for all of them they are held: what follows is faster then. Of rows with one key the latest counts;
where rows are not held, the keys alone are, to find it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from modelyard.frame.bounded import latest
from modelyard.frame.in_turn import Mask, in_turn
from modelyard.frame.room import room


def stacked(
    files: Sequence[Path],
    size: int,
    schema: Mapping[str, pl.DataType],
    key: Sequence[str] = (),
    most: int | None = None,
) -> pl.LazyFrame:
    """The rows of all files, in their order. `size`: bytes that they take in memory; `most`: those that may be held,
    what there is room for unless said. Files are read when rows are asked for, and must be there then."""
    if size <= (room() if most is None else most):
        held = [pl.DataFrame(schema=dict(schema)), *(pl.read_parquet(file, glob=False) for file in files)]
        return latest(pl.concat(held).lazy(), key).collect().lazy()
    return in_turn(files, schema, _latest(files, key) if key else None)


def _latest(files: Sequence[Path], key: Sequence[str]) -> list[Mask]:
    """Of each file, which of its rows are the last of their key in all of them."""
    keys = [pl.read_parquet(file, columns=list(key), glob=False) for file in files]
    whole = pl.concat(keys).with_row_index("__place")
    mask = np.zeros(whole.height, dtype=np.bool_)
    mask[whole.unique(key, keep="last")["__place"].to_numpy()] = True
    ends = np.cumsum([part.height for part in keys])
    return [mask[end - part.height : end] for part, end in zip(keys, ends, strict=True)]
