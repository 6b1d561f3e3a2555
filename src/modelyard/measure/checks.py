"""Two-sample checks on binned counts, all brought to one scale.

Five per column: omnibus, location and scale (numbers), null rate, and each category against the rest. Each is turned
into a one-sided normal z after paying for its two sides or its many categories, so that one threshold serves all.
Vectorised over any leading shape: a simulated year of windows is one call.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.measure.bins import WIDTH
from modelyard.measure.profile import Profile
from modelyard.measure.spread import Spread, known_scores
from modelyard.rows.table import Floats

CHECKS = ("omnibus", "location", "scale", "null", "category")
LOW = -9.0
"""The z of a check that does not apply."""
SMALLEST = 3.0
"""Bins with a smaller pooled expectation are merged before the omnibus check."""


class Layout(Struct, frozen=True, eq=False):
    """Per column: is it ordered, watched for its values (calendar columns are not), and how many categories."""

    ordered: NDArray[np.bool_]
    watched: NDArray[np.bool_]
    categories: Floats


def layout(profile: Profile) -> Layout:
    columns = profile.columns
    return Layout(
        np.array([c.bins.ordered for c in columns], dtype=np.bool_),
        np.array([not c.calendar for c in columns], dtype=np.bool_),
        np.array([max(c.bins.size - 1, 1) for c in columns], dtype=np.float64),
    )


def z_scores(x: Floats, r: Floats, layout: Layout, spread: Spread) -> Floats:
    """Counts x (…, columns, WIDTH) of a window against r of a reference, as many or one -> (…, columns, 5) z in order
    of CHECKS."""
    n, size = x.sum(-1), r.sum(-1)
    f = (x + r) / (n + size)[..., None]
    out = np.full((*f.shape[:-1], len(CHECKS)), LOW)
    ordered, labels = np.flatnonzero(layout.ordered & layout.watched), np.flatnonzero(~layout.ordered & layout.watched)
    watched = np.flatnonzero(layout.watched)
    out[..., watched, 0] = _omnibus(x, r, n, size, f, spread)[..., watched]
    location, scale = _ordered(x[..., ordered, :], r[..., ordered, :], f[..., ordered, :])
    out[..., ordered, 1] = two_sided(location / np.sqrt(spread.location[ordered]), 1.0)
    out[..., ordered, 2] = two_sided(scale / np.sqrt(spread.scale[ordered]), 1.0)
    out[..., 3] = two_sided(share_z(x[..., 0], n, r[..., 0], size) / np.sqrt(spread.null), 1.0)
    each = _categories(x[..., labels, :], r[..., labels, :]) / np.sqrt(spread.category[labels, 1:])
    out[..., labels, 4] = two_sided(each.max(-1), layout.categories[labels])
    return out


def two_sided(z: Floats, m: Floats | float) -> Floats:
    """|z| of m two-sided checks as one z with about the same tail probability."""
    return np.where(z > 1, z - np.log(2 * m) / np.maximum(z, 1), z)


def share_z(x: Floats, n: Floats, r: Floats, size: Floats) -> Floats:
    """√G² of the two-by-two table (x of n against r of size) with the continuity correction: a plain z explodes on
    rare bins.

    >>> one = lambda v: np.array([float(v)])
    >>> share_z(one(30), one(100), one(100), one(1000)).round(3).tolist()
    [5.055]
    """
    p = (x + r) / (n + size)
    gap = x - n * p
    move = np.sign(gap) * np.minimum(0.5, np.abs(gap))
    cells = ((x - move, n * p), (n - x + move, n * (1 - p)), (r + move, size * p), (size - r - move, size * (1 - p)))
    g = sum((_term(seen, expected) for seen, expected in cells), np.zeros_like(p))
    return np.asarray(np.sqrt(np.maximum(2 * g, 0)))


def _term(seen: Floats, expected: Floats) -> Floats:
    positive = (seen > 0) & (expected > 0)
    ratio: Floats = np.where(positive, seen, 1.0) / np.where(positive, expected, 1.0)
    return np.asarray(np.where(positive, seen * np.log(ratio), 0.0))


def _categories(x: Floats, r: Floats) -> Floats:
    n, size = x.sum(-1, keepdims=True), r.sum(-1, keepdims=True)
    return share_z(x[..., 1:], n, r[..., 1:], size)


def _omnibus(x: Floats, r: Floats, n: Floats, size: Floats, f: Floats, spread: Spread) -> Floats:
    v = (1 / n + 1 / size)[..., None]
    d = x / n[..., None] - r / size[..., None]
    large = f * n[..., None] >= SMALLEST
    parts = np.where(large, d * d / np.where(large, f, 1.0), 0.0).sum(-1)
    rest, rest_f = np.where(large, 0.0, d).sum(-1), np.where(large, 0.0, f).sum(-1)
    merged = rest_f * n >= SMALLEST
    parts = parts + np.where(merged, rest * rest / np.where(merged, rest_f, 1.0), 0.0)
    df = large.sum(-1) + merged - 1
    freedom = np.maximum(df, 1) * spread.shape
    return np.where(df > 0, wilson_hilferty(parts / v[..., 0] / spread.omnibus / np.maximum(df, 1), freedom), LOW)


def wilson_hilferty(ratio: Floats, df: Floats) -> Floats:
    """χ²/df -> z.

    >>> wilson_hilferty(np.array([18.307 / 10]), np.array([10.0])).round(3).tolist()  # the 95 % point
    [1.647]
    """
    a = 2 / (9 * df)
    return np.asarray((np.cbrt(ratio) - 1 + a) / np.sqrt(a))


def _ordered(x: Floats, r: Floats, f: Floats) -> tuple[Floats, Floats]:
    own, u, s = known_scores(f)
    n, size = np.maximum(x[..., 1:].sum(-1), 0.5), np.maximum(r[..., 1:].sum(-1), 0.5)
    d = x / n[..., None] - r / size[..., None]
    d[..., 0] = 0
    v = 1 / n + 1 / size
    return _linear(u, d, own, v), _linear(s, d, own, v)


def _linear(w: Floats, d: Floats, own: Floats, v: Floats) -> Floats:
    variance = (w * w * own).sum(-1) * v
    return np.asarray(np.abs((w * d).sum(-1)) / np.sqrt(np.maximum(variance, 1e-12)))


__all__ = ["CHECKS", "LOW", "WIDTH", "Layout", "layout", "share_z", "two_sided", "wilson_hilferty", "z_scores"]
