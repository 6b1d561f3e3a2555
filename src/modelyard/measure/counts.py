"""What a window of rows leaves behind: counts per column and bin. Two windows add up to the counts of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from msgspec import Struct

from modelyard.measure.bins import WIDTH, Bins
from modelyard.rows.table import Floats, Table


class ColumnCounts(Struct, frozen=True, kw_only=True):
    """One column of a window. `lowest` and `highest` are None where there was no value."""

    bins: tuple[int, ...]
    outside: int = 0
    unseen: int = 0
    lowest: float | None = None
    highest: float | None = None

    @property
    def rows(self) -> int:
        return sum(self.bins)

    @property
    def nulls(self) -> int:
        return self.bins[0]

    def __add__(self, other: ColumnCounts) -> ColumnCounts:
        return ColumnCounts(
            bins=tuple(mine + theirs for mine, theirs in zip(self.bins, other.bins, strict=True)),
            outside=self.outside + other.outside,
            unseen=self.unseen + other.unseen,
            lowest=_extreme(min, self.lowest, other.lowest),
            highest=_extreme(max, self.highest, other.highest),
        )


class Counts(Struct, frozen=True):
    """A window over the columns of a profile, in its order.

    >>> a = Counts(2, (ColumnCounts(bins=(0, 2)),))
    >>> (a + a).columns[0].bins
    (0, 4)
    """

    rows: int
    columns: tuple[ColumnCounts, ...]

    def __add__(self, other: Counts) -> Counts:
        pairs = zip(self.columns, other.columns, strict=True)
        return Counts(self.rows + other.rows, tuple(mine + theirs for mine, theirs in pairs))


def count_columns(columns: Iterable[Bins], table: Table) -> Counts:
    """The counts of a table. A column that the table lacks counts as null in every row."""
    return Counts(len(table), tuple(_count(bins, table) for bins in columns))


def _count(bins: Bins, table: Table) -> ColumnCounts:
    if bins.name not in table:
        return ColumnCounts(bins=(len(table), *(0 for _ in range(bins.size - 1))))
    vector = table.vector(bins.name)
    found = np.bincount(bins.codes(vector), minlength=bins.size)
    known: Floats = vector.values[np.isfinite(vector.values)] if bins.ordered else np.empty(0)
    return ColumnCounts(
        bins=tuple(found.tolist()),
        outside=int(bins.outside(vector).sum()) if bins.ordered else 0,
        unseen=int(bins.unseen(vector).sum()),
        lowest=float(known.min()) if len(known) else None,
        highest=float(known.max()) if len(known) else None,
    )


def stack(counts: Iterable[Counts]) -> Floats:
    """(windows, columns, WIDTH) as an array, short columns padded with zeros."""
    return np.array([[_padded(column.bins) for column in window.columns] for window in counts], dtype=np.float64)


def _padded(bins: tuple[int, ...]) -> tuple[int, ...]:
    return bins + (0,) * (WIDTH - len(bins))


def _extreme(choose: Callable[[list[float]], float], mine: float | None, theirs: float | None) -> float | None:
    known = [value for value in (mine, theirs) if value is not None]
    return choose(known) if known else None
