"""Gaps filled from the nearest training rows: their rows travel with the program, and one word reads them.

scikit-learn means the same by it, but measures by a dense product whose last digits depend on the batch, and lets the
order of a partition choose among donors that are equally near. Here equally near donors count in their order, and each
row is measured alone, so that an answer does not depend on its batch. Where no two donors are equally near, the numbers
are the library's (`tests/steps/clean/test_clean_impute_knn.py`).
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from modelyard.rows.table import Floats
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Nearest, reals, wholes


class Neighbours(Struct, frozen=True, kw_only=True, eq=False):
    """`donors` (rows, columns) with their own gaps; `fallback` (columns,): where nothing can be compared; `count`: how
    many donors a mean is of."""

    donors: Floats
    fallback: Floats
    count: int

    def emit(self, program: ProgramBuilder, columns: tuple[str, ...]) -> None:
        """Bind each column to itself without gaps."""
        xs = wholes([program.register(name) for name in columns])
        first = program.add(Nearest(xs=xs, donors=self.donors, fallback=self.fallback, count=self.count))
        for place, name in enumerate(columns):
            program.bind(name, first + place)


def neighbours_of(X: Floats, count: int, most: int, seed: int) -> Neighbours:
    """From training rows (n, k), finite but for gaps: at most `most` of those that hold anything, drawn by `seed`.

    >>> found = neighbours_of(np.array([[1.0, 2.0], [3.0, np.nan], [np.nan, np.nan]]), 5, 100, 0)
    >>> found.donors.shape, found.fallback.tolist(), found.count
    ((2, 2), [2.0, 2.0], 2)
    """
    known = ~np.isnan(X)
    held = np.flatnonzero(known.any(axis=1))
    if len(held) > most:
        held = np.sort(np.random.default_rng(seed).choice(held, most, replace=False))
    counts = known.sum(axis=0)
    fallback = np.where(known, X, 0.0).sum(axis=0) / np.maximum(counts, 1)
    donors = X[held] if len(held) else np.full((1, X.shape[1]), np.nan)
    return Neighbours(donors=reals(donors), fallback=reals(fallback), count=min(count, len(donors)))


def by_brute_force(X: Floats, neighbours: Neighbours) -> Floats:
    """(n, k) without gaps, row by row: the oracle. Sums run from left to right, as `cumsum` runs."""
    out = X.copy()
    for row in np.flatnonzero(np.isnan(X).any(axis=1)):
        both = ~np.isnan(X[row]) & ~np.isnan(neighbours.donors)
        squares = np.where(both, (X[row] - neighbours.donors) ** 2, 0.0)
        apart = np.cumsum(squares, axis=1)[:, -1] / np.maximum(both.sum(axis=1), 1)
        for place in np.flatnonzero(np.isnan(X[row])):
            can = np.flatnonzero(both.any(axis=1) & ~np.isnan(neighbours.donors[:, place]))
            near = can[np.argsort(apart[can], kind="stable")][: neighbours.count]
            values = neighbours.donors[near, place]
            out[row, place] = np.cumsum(values)[-1] / len(values) if len(values) else neighbours.fallback[place]
    return out
