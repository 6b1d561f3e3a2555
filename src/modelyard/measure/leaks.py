"""Does a column know the target? Told from one column alone, learned on one half of the rows and tried on the other.

Why halves: a column in which every row has its own value tells everything about the rows it was looked at with, and
nothing about others. What is left near 1 is a copy of the target, or something written down together with it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.measure.ranks import grouped_auc
from modelyard.rows.table import Floats, Vector

Codes = NDArray[np.intp]
FINEST = 64
"""Bins of a number at most, and ROWS_A_BIN rows in each on average: fewer say nothing."""
ROWS_A_BIN = 20


def told(places: Codes, y: Floats, classes: int) -> float:
    """0 (nothing) to 1 (all): how well `y` (n,) follows from the bins `places` (n,). For numbers (`classes` 0) R², for
    two classes 2·AUC − 1, for more the share of errors that knowing the bin avoids. Rows without y are left out; NaN
    where there is nothing to tell.

    >>> y = np.tile([0.0, 1.0, 1.0, 0.0], 25)
    >>> told(y.astype(np.intp), y, 2), told(np.zeros(100, dtype=np.intp), y, 2)
    (1.0, 0.0)
    """
    return Halves.of(y, classes).told(places)


class Halves(Struct, frozen=True, eq=False):
    """What is told of, parted once for all columns. `truth`: of the rows that have one, `rows`; `sides`: positions of
    the two halves among these."""

    truth: Floats
    rows: Codes
    sides: tuple[Codes, Codes]
    classes: int

    @classmethod
    def of(cls, y: Floats, classes: int) -> Halves:
        rows = np.flatnonzero(~np.isnan(y))
        half = np.random.default_rng(0).permutation(len(rows)) % 2 == 0
        return cls(y[rows], rows, (np.flatnonzero(half), np.flatnonzero(~half)), classes)

    def told(self, places: Codes) -> float:
        """As `told` says, of the bins of one column."""
        if len(self.rows) <= 3:
            return float("nan")
        size, own = int(places.max()) + 1, places[self.rows]
        if self.classes == 2:
            return self._two(own, size)
        guess = np.empty((len(own), max(self.classes, 1)))
        for one, other in (self.sides, self.sides[::-1]):
            guess[other] = _learned(own[one], self.truth[one], self.classes, size)[own[other]]
        return _worth(guess, self.truth, self.classes)

    def _two(self, own: Codes, size: int) -> float:
        """Rows of one bin have one guess: the area is that of the bins."""
        parts = [(own[side], self.truth[side]) for side in self.sides]
        counts = [np.bincount(places, minlength=size).astype(np.float64) for places, _ in parts]
        hits = [_sums(places, y, size) for places, y in parts]
        whole = [float(y.mean()) if len(y) else 0.0 for _, y in parts]
        shares = [_drawn(hit, count, mean) for hit, count, mean in zip(hits, counts, whole, strict=True)]
        return max(2 * grouped_auc(np.concatenate(shares[::-1]), np.concatenate(hits), np.concatenate(counts)) - 1, 0.0)


def bins(vector: Vector) -> Codes:
    """(n,) null is 0; a category its code, a number its quantile bin, or its own where there are few."""
    if vector.kind == "text":
        _, places = np.unique(np.array([str(value) for value in vector.values.tolist()]), return_inverse=True)
        return np.asarray(places + 1, dtype=np.intp)
    values = vector.values
    null = np.isnan(values)
    if vector.kind == "category":
        return np.where(null, 0, values + 1).astype(np.intp)
    known = values[~null]
    if not len(known):
        return np.zeros(len(values), dtype=np.intp)
    wanted = int(min(max(len(known) / ROWS_A_BIN, 2), FINEST))
    distinct = np.unique(known[:: max(len(known) // 4096, 1)])
    if len(distinct) > wanted:
        known.sort()
        distinct = np.unique(known[_quantiles(len(known), wanted)])
    return np.where(null, 0, np.searchsorted(distinct, values, side="left") + 1).astype(np.intp)


@cache  # asked for every column of a table
def _quantiles(rows: int, wanted: int) -> Codes:
    """Where the inner quantiles of so many sorted values lie."""
    places = np.quantile(np.arange(rows), np.linspace(0, 1, wanted + 1)[1:-1], method="inverted_cdf")
    return np.asarray(places, dtype=np.intp)


def same(vector: Vector, y: Floats, classes: int) -> bool:
    """Whether the column is the target under another name: each value stands for one class, and each class for one
    value (numbers: a straight line through every row)."""
    use = ~np.isnan(y)
    if vector.kind == "text" or not use.any() or np.isnan(vector.values[use]).any():
        return False
    x, t = vector.values[use], y[use]
    if classes:
        pairs = np.unique(np.stack([x, t]), axis=1).shape[1] if len(np.unique(x)) == len(np.unique(t)) else 0
        return pairs == len(np.unique(t)) > 1
    return vector.kind != "category" and len(np.unique(t)) > 2 and _line(x, t)


def missing_with(vector: Vector, y: Floats) -> tuple[float, float]:
    """The share of nulls among rows without a label, and among those with one: (1, 0) is a column that comes with the
    label.

    >>> missing_with(Vector("number", np.array([1.0, np.nan])), np.array([5.0, np.nan]))
    (1.0, 0.0)
    """
    null, without = nulls(vector), np.isnan(y)
    share = [float(null[rows].mean()) if rows.any() else float("nan") for rows in (without, ~without)]
    return share[0], share[1]


def filled_class(vector: Vector, y: Floats, classes: int) -> tuple[int, float, float, int]:
    """Of the rows in which the column has a value: (the commonest class, its share there, its share among the rows
    without a value, how many rows have one)."""
    filled = ~nulls(vector) & ~np.isnan(y)
    empty = nulls(vector) & ~np.isnan(y)
    if not filled.any() or not empty.any() or classes < 2:
        return 0, float("nan"), float("nan"), 0
    there = np.bincount(y[filled].astype(np.intp), minlength=classes)
    elsewhere = np.bincount(y[empty].astype(np.intp), minlength=classes)
    most = int(there.argmax())
    return most, float(there[most] / there.sum()), float(elsewhere[most] / elsewhere.sum()), int(there.sum())


def nulls(vector: Vector) -> NDArray[np.bool_]:
    if vector.kind == "text":
        return np.array([value is None for value in vector.values.tolist()], dtype=np.bool_)
    return np.isnan(vector.values)


def _line(x: Floats, t: Floats) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        dx, dt = x - x.mean(), t - t.mean()
        spread = float((dx * dx).sum())
        if not np.isfinite(spread) or spread == 0.0:
            return False
        rest = dt - dx * (float((dx * dt).sum()) / spread)
        return bool(np.abs(rest).max() <= 1e-9 * np.abs(dt).max())


def _learned(places: Codes, y: Floats, classes: int, size: int) -> Floats:
    """(size, classes or 1): the mean (or the classes' shares) of each bin, drawn a little to the whole."""
    counts = np.bincount(places, minlength=size).astype(np.float64)
    out = np.empty((size, max(classes, 1)))
    for column in range(out.shape[1]):
        value = (y == column).astype(np.float64) if classes else y
        whole = float(value.mean()) if len(value) else 0.0
        out[:, column] = _drawn(_sums(places, value, size), counts, whole)
    return out


def _sums(places: Codes, y: Floats, size: int) -> Floats:
    return np.bincount(places, weights=y, minlength=size).astype(np.float64, copy=False)


def _drawn(sums: Floats, counts: Floats, whole: float) -> Floats:
    return np.asarray((sums + whole * 1e-3) / (counts + 1e-3))


def _worth(guess: Floats, y: Floats, classes: int) -> float:
    if classes == 0:
        total = float(((y - y.mean()) ** 2).sum())
        return max(1 - float(((y - guess[:, 0]) ** 2).sum()) / total, 0.0) if total > 0 else float("nan")
    blind = 1 - float(np.bincount(y.astype(np.intp)).max()) / len(y)
    wrong = float((guess.argmax(axis=1) != y).mean())
    return max(1 - wrong / blind, 0.0) if blind > 0 else float("nan")
