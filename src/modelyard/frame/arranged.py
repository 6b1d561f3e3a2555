"""Rows of a source that may be more than memory holds: taken once, then in the order of their cursor, part by part.

Not an external merge: of rows on disk only the cursor is in memory, cut where so many rows lie between, and each part
is one pass over all. A source is most often in order already, and then is passed over once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from modelyard.frame.bounded import in_order, mark
from modelyard.frame.spilled import ROWS, Gathering, in_parts


def taken(frame: pl.LazyFrame, place: Path, most: int | None = None) -> pl.LazyFrame:
    """The rows, asked for once: held while there is room (`most` bytes), else on disk at `place`."""
    if frame.explain(optimized=False).startswith("DF ["):
        return frame
    gathering = Gathering(place, most, place)
    gathering.add(pl.DataFrame(schema=frame.collect_schema()))
    for part in frame.collect_batches(chunk_size=ROWS, maintain_order=True):
        gathering.add(part)
    return gathering.lazy()


def arranged(frame: pl.LazyFrame, cursor: str, most: int) -> Iterator[pl.DataFrame]:
    """Parts of about `most` bytes, by the cursor (as they came where it is ""); rows with the same one stay as they
    came. A part is larger only where more rows than that have one cursor. At least one part, be it empty.

    >>> rows = pl.LazyFrame({"n": [3, 1, 2, 1], "k": [0, 1, 2, 3]})
    >>> [part["k"].to_list() for part in arranged(rows, "n", most=32)]
    [[1, 3], [2, 0]]
    """
    if not in_parts(frame):
        whole = frame.collect()
        whole = in_order(whole, cursor) if cursor else whole
        yield from _cut(whole, most)
        return
    at = frame.select(mark(cursor, frame.collect_schema()[cursor])).collect().to_series() if cursor else None
    if at is None or at.is_sorted():
        yield from _passed(frame, most)
        return
    bounds = _bounds(at, _width(frame), most)
    column = mark(cursor, frame.collect_schema()[cursor])
    for low, high in zip([None, *bounds], [*bounds, None], strict=True):
        part = frame if low is None else frame.filter(column > low)
        yield in_order((part if high is None else part.filter(column <= high)).collect(), cursor)


def count(frame: pl.LazyFrame) -> int:
    """How many rows there are; none of them comes into memory."""
    return int(frame.select(pl.len()).collect().item())


def _cut(whole: pl.DataFrame, most: int) -> Iterator[pl.DataFrame]:
    rows = max(int(most // max(whole.estimated_size() / max(whole.height, 1), 1)), 1)
    for start in range(0, max(whole.height, 1), rows):
        yield whole[start : start + rows]


def _passed(frame: pl.LazyFrame, most: int) -> Iterator[pl.DataFrame]:
    waiting: list[pl.DataFrame] = [frame.head(0).collect()]
    size = 0
    for part in frame.collect_batches(chunk_size=ROWS, maintain_order=True):
        waiting.append(part)
        size += int(part.estimated_size())
        if size >= most:
            yield pl.concat(waiting)
            waiting, size = [], 0
    if waiting:
        yield pl.concat(waiting)


def _width(frame: pl.LazyFrame) -> float:
    """Bytes of a row, of the first ones."""
    first = frame.head(ROWS).collect()
    return first.estimated_size() / max(first.height, 1)


def _bounds(at: pl.Series, width: float, most: int) -> list[int | float | str]:
    """Cursors after which a part ends."""
    rows = max(int(most // max(width, 1)), 1)
    ordered = at.sort()
    ends = dict.fromkeys(ordered[rows - 1 : -1 : rows].to_list())
    return [end for end in ends if end != ordered[-1]]
