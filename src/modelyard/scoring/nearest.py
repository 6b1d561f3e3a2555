"""What `nearest` means in numpy: rows with gaps, donors that may have gaps too, distances over what both know.

Vectorised over rows and donors, never over the terms of a distance or of a mean: those are summed one after the other,
as the native kernel sums them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

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
    return _mean_over_known(X, donors, lambda difference, place: difference * difference)


def _mean_over_known(X: Floats, donors: Floats, term: Callable[[Floats, int], Floats]) -> Floats:
    """(rows, donors): of a term of x − donor and of the column's place."""
    total, known = np.zeros((len(X), len(donors))), np.zeros((len(X), len(donors)))
    for place, (x, donor) in enumerate(zip(X.T, donors.T, strict=True)):
        both = ~np.isnan(x)[:, None] & ~np.isnan(donor)[None, :]
        total += np.where(both, term(x[:, None] - donor[None, :], place), 0.0)
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


def settled(word: Nearest, X: Floats, errors: Floats) -> NDArray[np.bool_]:
    """(n, k): where a gap keeps its donors, and a known value is one, although each x may be off by its error (n, k):
    the furthest donor inside stays nearer than the nearest outside."""
    out, gaps = ~np.isnan(X), np.isnan(X)
    torn = np.flatnonzero(gaps.any(axis=1))
    for start in range(0, len(torn), BLOCK):
        block = torn[start : start + BLOCK]
        apart, slack = _distances(X[block], word.donors), _slack(X[block], errors[block], word.donors)
        for place in range(X.shape[1]):
            asked, known = gaps[block, place], ~np.isnan(word.donors[:, place])
            near, off = apart[asked][:, known], slack[asked][:, known]
            order = np.argsort(near, axis=1, kind="stable")
            highest = np.take_along_axis(near + off, order[:, : word.count], axis=1)
            away = np.where(np.isnan(near), np.inf, near - off)  # what cannot be compared never comes in
            lowest = np.take_along_axis(away, order[:, word.count :], axis=1)
            inside = np.where(np.isnan(highest), np.inf, highest).max(axis=1, initial=0.0)
            outside = np.where(np.isnan(lowest), -np.inf, lowest).min(axis=1, initial=np.inf)
            few = np.isnan(near).sum(axis=1) >= near.shape[1] - word.count  # all that can be compared are taken
            out[block[asked], place] = few | (inside < outside)
    out[np.isinf(errors).any(axis=1)] = False
    return out


def _slack(X: Floats, errors: Floats, donors: Floats) -> Floats:
    """(rows, donors): how far a distance may move, its own rounding included."""

    def moved(difference: Floats, place: int) -> Floats:
        e, size = errors[:, place, None], np.abs(difference)
        return (2.0 * size + e) * e + 2.0**-48 * size * size

    return _mean_over_known(X, donors, moved) * 1.0001
