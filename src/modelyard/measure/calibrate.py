"""Scores to probabilities: isotonic regression, by pooling adjacent violators, or 50 bins of scores.

Isotonic by default: it needs no shape, and measured as good as any. The binned one needs only counts, which add up.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from modelyard.rows.table import Floats


class Calibrator(Struct, frozen=True):
    """Piecewise linear from `score` (increasing) to `probability` (not decreasing), level outside."""

    score: tuple[float, ...]
    probability: tuple[float, ...]

    def __call__(self, score: Floats) -> Floats:
        """(n,) probabilities."""
        return np.asarray(np.interp(score, self.score, self.probability))


def isotonic(y: Floats, score: Floats, weight: Floats | None = None) -> Calibrator:
    """Least-squares monotone fit of y (n,) on the score.

    >>> isotonic(np.array([0.0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4]))(np.array([0.25])).tolist()
    [0.5]
    """
    w = np.ones(len(y)) if weight is None else weight
    at, place = np.unique(score, return_inverse=True)
    mass = np.bincount(place, weights=w).astype(np.float64)
    mean = np.bincount(place, weights=w * y) / mass
    fitted = pool(mean, mass)
    keep = np.ones(len(at), dtype=np.bool_)
    if len(at) > 2:
        keep[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    return Calibrator(tuple(at[keep].tolist()), tuple(fitted[keep].tolist()))


def binned(y: Floats, score: Floats, bins: int = 50) -> Calibrator:
    """Share of y in each of (about) `bins` quantile bins of the score, made monotone, joined at the bins' mean
    scores."""
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf"))
    place = np.searchsorted(edges, score, side="left")
    rows = np.bincount(place)
    there = rows > 0
    at, share = (np.bincount(place, weights=v)[there] / rows[there] for v in (score, y))
    return Calibrator(tuple(at.tolist()), tuple(pool(share, rows[there].astype(np.float64)).tolist()))


def pool(values: Floats, weight: Floats) -> Floats:
    """Pool adjacent violators: the nearest non-decreasing sequence, weighted least squares. O(n)."""
    means: list[float] = []
    masses: list[float] = []
    sizes: list[int] = []
    for value, mass in zip(values.tolist(), weight.tolist(), strict=True):
        size = 1
        while means and means[-1] >= value:
            value = (means[-1] * masses[-1] + value * mass) / (masses[-1] + mass)
            mass += masses.pop()
            size += sizes.pop()
            means.pop()
        means.append(value)
        masses.append(mass)
        sizes.append(size)
    return np.repeat(np.array(means), np.array(sizes, dtype=np.intp))
