"""How much one column tells of another: one number per pair, by what the two columns are.

Numbers: Pearson (straight line) and Spearman (any rising or falling line; ranks among each column's own known values).
Two categories: Cramér's V. A category and a number: the correlation ratio. The last two are corrected for chance
(Bergsma 2013; Kelley's ε): uncorrected, a column in which every row has its own value "explains" everything.
"""

from __future__ import annotations

import numpy as np

from modelyard.rows.table import Floats

NAN = float("nan")


def pearson(columns: Floats) -> Floats:
    """(k, k) correlations of the columns of (n, k), each over the rows that both know; NaN where one is constant.

    >>> pearson(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, np.nan]])).round(3).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    known = np.isfinite(columns)
    z = _standardised(columns, known)
    m = known.astype(np.float64)
    if known.all():
        return _ratio(z.T @ z, (z * z).sum(axis=0)[:, None] + np.zeros((z.shape[1],) * 2))
    n, sums, squares = np.maximum(m.T @ m, 1), z.T @ m, (z * z).T @ m
    spread = squares - sums * sums / n
    return _ratio(z.T @ z - sums * sums.T / n, np.where(spread > 1e-12 * np.maximum(squares, 1e-300), spread, 0.0))


def spearman(columns: Floats) -> Floats:
    """(k, k) the same of ranks.

    >>> spearman(np.array([[1.0, 1.0], [2.0, 100.0], [3.0, 1000.0]])).round(3).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return pearson(np.stack([ranks(column) for column in columns.T], axis=1)) if columns.size else pearson(columns)


def ranks(values: Floats) -> Floats:
    """(n,) ranks from 1, ties shared, NaN where there is no number.

    >>> ranks(np.array([10.0, 5.0, 10.0, np.nan])).tolist()
    [2.5, 1.0, 2.5, nan]
    """
    out = np.full(len(values), NAN)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known])]
    if len(order):
        ordered = values[order]
        starts = np.append(0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1)
        ends = np.append(starts[1:], len(ordered))
        out[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return out


def cramers_v(a: Floats, b: Floats, corrected: bool = True) -> float:
    """0 (independent) to 1 (each tells the other) of two arrays of codes (n,); NaN and negative codes are left out.

    >>> cramers_v(np.array([0.0, 0, 1, 1] * 25), np.array([0.0, 0, 1, 1] * 25), corrected=False)
    1.0
    """
    use = (a >= 0) & (b >= 0)
    rows, i = np.unique(a[use], return_inverse=True)
    columns, j = np.unique(b[use], return_inverse=True)
    n, r, k = len(i), len(rows), len(columns)
    if min(r, k) < 2:
        return NAN
    cells, often = np.unique(i * k + j, return_counts=True)
    expected = np.bincount(i)[cells // k] * np.bincount(j)[cells % k]
    phi = float((often / expected * often).sum()) - 1.0
    if not corrected:
        return float(np.sqrt(min(max(phi, 0.0) / (min(r, k) - 1), 1.0)))
    if n < 2:
        return NAN
    phi = max(phi - (r - 1) * (k - 1) / (n - 1), 0.0)
    smaller = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1))
    return float(np.sqrt(min(phi / (smaller - 1), 1.0))) if smaller > 1 + 1e-9 else NAN


def correlation_ratio(codes: Floats, values: Floats, corrected: bool = True) -> float:
    """0 to 1: the root of the share of the values' variance that lies between the groups.

    >>> correlation_ratio(np.array([0.0, 0, 1, 1]), np.array([1.0, 1, 5, 5]))
    1.0
    """
    use = (codes >= 0) & np.isfinite(values)
    groups, place = np.unique(codes[use], return_inverse=True)
    y = values[use]
    n, k = len(y), len(groups)
    scale = float(np.abs(y).max()) if n else 0.0
    if k < 2 or n <= k or scale == 0.0:
        return NAN
    y = y / scale
    y = y - y.mean()
    total = float((y * y).sum())
    if total <= 1e-24 * n:
        return NAN
    size = np.bincount(place)
    between = float((np.bincount(place, weights=y) ** 2 / size).sum()) / total
    share = 1 - (1 - between) * (n - 1) / (n - k) if corrected else between
    return float(np.sqrt(min(max(share, 0.0), 1.0)))


def _standardised(columns: Floats, known: Floats) -> Floats:
    """Each column centred and scaled over its known values; 0 where it has none."""
    count = np.maximum(known.sum(axis=0), 1)
    zeroed = np.where(known, columns, 0.0)
    scale = np.abs(zeroed).max(axis=0, initial=0.0)
    zeroed = zeroed / np.where(scale > 0, scale, 1.0)
    centred = np.where(known, zeroed - zeroed.sum(axis=0) / count, 0.0)
    deviation = np.sqrt((centred * centred).sum(axis=0) / count)
    return np.asarray(centred / np.where(deviation > 1e-14, deviation, np.inf))


def _ratio(products: Floats, spread: Floats) -> Floats:
    """products / √(spread of one · spread of the other)."""
    both = np.sqrt(spread * spread.T)
    found = np.divide(products, both, out=np.full_like(products, np.nan), where=both > 0)
    return np.asarray(np.clip(found, -1.0, 1.0))
