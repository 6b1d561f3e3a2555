"""What `nearest` means in numpy: rows with gaps, donors that may have gaps too, distances over what both know.

Vectorised over rows and donors, never over the terms of a distance or of a mean: those are summed one after the other,
as the native kernel sums them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelyard.scoring.instructions import Floats, Nearest

BLOCK = 256
"""Rows at a time: so many rows by all donors are held in memory."""


def fill_from_nearest(word: Nearest, xs: Sequence[Floats]) -> list[Floats]:
    """The columns without gaps, (n,) each."""
    X = np.column_stack(xs)
    out, gaps = X.copy(), np.isnan(X)
    torn = np.flatnonzero(gaps.any(axis=1))
    for start in range(0, len(torn), BLOCK):
        block = torn[start : start + BLOCK]
        apart = _distances(X[block], word.donors)
        for place in range(X.shape[1]):
            asked = gaps[block, place]
            known = ~np.isnan(word.donors[:, place])
            near, values = apart[asked][:, known], word.donors[known, place]
            out[block[asked], place] = _mean(near, values, word.count, float(word.fallback[place]))
    return [np.ascontiguousarray(column) for column in out.T]


def _distances(X: Floats, donors: Floats) -> Floats:
    """(rows, donors): the mean square over what both know; NaN where that is nothing."""
    total, known = np.zeros((len(X), len(donors))), np.zeros((len(X), len(donors)))
    for x, donor in zip(X.T, donors.T, strict=True):
        both = ~np.isnan(x)[:, None] & ~np.isnan(donor)[None, :]
        difference = x[:, None] - donor[None, :]
        total += np.where(both, difference * difference, 0.0)
        known += both
    return np.where(known > 0, total / np.maximum(known, 1.0), np.nan)


def _mean(apart: Floats, values: Floats, count: int, fallback: float) -> Floats:
    """(rows,): of the values of the `count` nearest. A stable sort puts the earlier of two first, and NaN last."""
    order = np.argsort(apart, axis=1, kind="stable")[:, :count]
    total, found = np.zeros(len(apart)), np.zeros(len(apart))
    for place in order.T:
        fine = ~np.isnan(apart[np.arange(len(apart)), place])
        total += np.where(fine, values[place], 0.0)
        found += fine
    return np.where(found > 0, total / np.maximum(found, 1.0), fallback)
