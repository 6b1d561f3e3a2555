"""One threshold for everything a monitor looks at, found by drawing the reference again and again.

A pseudo-reference and a stream of pseudo-windows are drawn from the training rows, where nothing drifts; the largest z
of each stream is kept; the threshold is their quantile, smoothed by a Gumbel law. Whole days are drawn where rows have
a time (in runs of a week, so that weekday rhythm and spells stay), single rows where they have none.

Days are few: drawn as they are, no pseudo-day could be more extreme than the worst one seen, and alarms came nearly
twice as often as promised. So a drawn day's rows are drawn anew around its shares (shrunk to the mean by as much as the
new noise adds), and each pseudo-reference estimates its own spread, as the real one had to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.measure.bins import WIDTH, Codes
from modelyard.measure.checks import CHECKS, Layout
from modelyard.measure.scan import maxima
from modelyard.measure.spread import Spread, no_spread, noise_share, spread_of
from modelyard.rows.table import Floats

EULER = 0.5772156649015329
MANY = 2_000
"""From so many rows a window on, counts are drawn from their Gaussian limit: the same h, a fraction of the time."""
LARGEST = 2**28
"""Elements of the rows that a covariance is taken from: 1 GB."""

Stream = tuple[Floats, Floats, Spread]
"""A pseudo-reference (columns, WIDTH), its windows (t, columns, WIDTH), and the spread that the reference shows."""


class Threshold(Struct, frozen=True, eq=False):
    """`h` on the scale of z / `easy` (columns, checks)."""

    h: float
    easy: Floats


def gumbel(values: Floats, alpha: float) -> float:
    """The (1 − alpha) quantile of maxima by the Gumbel law of their mean and standard deviation.

    >>> round(gumbel(np.array([3.0, 3.5, 4.0, 4.5]), 0.1), 2)
    4.59
    """
    b = float(np.std(values, ddof=1)) * 6**0.5 / np.pi
    return float(np.mean(values)) - EULER * b - b * float(np.log(-np.log1p(-alpha)))


def simulate(streams: Iterator[Stream], layout: Layout, alpha: float, level: bool) -> Threshold:
    """`level`: checks whose days have heavy tails (storms) are first brought down to the others' level, else the worst
    of them would set the threshold of all."""
    found = np.array([maxima(windows, reference, layout, spread) for reference, windows, spread in streams])
    easy = np.ones((found.shape[1], len(CHECKS)))
    if level:
        high = np.quantile(found, 0.9, axis=0)
        easy = np.maximum(1.0, high / float(np.median(high[high > 0])))
    return Threshold(gumbel((found / easy).max(axis=(1, 2)), alpha), easy)


def day_streams(
    periods: Floats, horizon: int, repeats: int, rng: np.random.Generator, run: int = 7
) -> Iterator[Stream]:
    """Streams of whole periods (days, columns, WIDTH), drawn in circular runs of `run` consecutive ones."""
    days, keep = len(periods), np.sqrt(1 - noise_share(periods))[:, None]
    rows = periods.sum(-1)
    mean = periods.sum(0) / rows.sum(0)[:, None]
    shares = mean + keep * (periods / rows[..., None] - mean)
    shares /= shares.sum(-1, keepdims=True)
    for _ in range(repeats):
        own, later = runs(days, days, run, rng), runs(days, horizon, run, rng)
        drawn = rng.multinomial(rows[np.append(own, later)].astype(np.int64), shares[np.append(own, later)])
        counts = drawn.astype(np.float64)
        yield counts[:days].sum(0), counts[days:], spread_of(counts[:days])


def runs(days: int, wanted: int, run: int, rng: np.random.Generator) -> Codes:
    """`wanted` positions among `days`, in circular runs of consecutive ones."""
    starts = rng.integers(0, days, -(-wanted // run))
    return ((starts[:, None] + np.arange(run)) % days).ravel()[:wanted]


def row_streams(codes: Codes, rows: int, horizon: int, repeats: int, rng: np.random.Generator) -> Iterator[Stream]:
    """Streams of independent rows: codes (n, columns); windows of `rows` rows each."""
    draw, none = _gaussian(codes, rng), no_spread(codes.shape[1])
    cells = codes + np.arange(codes.shape[1]) * WIDTH
    for _ in range(repeats):
        reference = draw(len(codes), 1)[0] if len(codes) >= MANY else _drawn(cells, len(codes), 1, rng)[0]
        yield reference, draw(rows, horizon) if rows >= MANY else _drawn(cells, rows, horizon, rng), none


def _drawn(cells: Codes, rows: int, windows: int, rng: np.random.Generator) -> Floats:
    """`cells`: codes, each column's counted on from those of the columns before it."""
    columns = cells.shape[1]
    chosen = cells[rng.integers(0, len(cells), rows * windows)].reshape(windows, -1)
    counts = np.array([np.bincount(window, minlength=columns * WIDTH) for window in chosen], dtype=np.float64)
    return counts.reshape(windows, columns, WIDTH)


def _gaussian(codes: Codes, rng: np.random.Generator) -> Callable[[int, int], Floats]:
    """Counts n p + √n S^½ g, S the covariance of all one-hot bins together: columns stay correlated."""
    columns = codes.shape[1]
    flat = codes + np.arange(columns) * WIDTH
    looked_at = min(len(codes), 20_000, max(LARGEST // (columns * WIDTH), 500))
    hot = np.zeros((looked_at, columns * WIDTH), dtype=np.float32)
    some = rng.choice(len(codes), len(hot), replace=False)
    np.put_along_axis(hot, flat[some], 1.0, axis=1)
    p = np.bincount(flat.ravel(), minlength=columns * WIDTH) / len(codes)
    mean = hot.mean(0, dtype=np.float64)

    @cache  # short windows are drawn row by row, and never ask
    def root() -> Floats:
        return _root(hot, mean)

    def draw(n: int, windows: int) -> Floats:
        g = rng.standard_normal((windows, root().shape[1]))
        counts = n * p + n**0.5 * (g @ root().T)
        return np.asarray(np.maximum(np.rint(counts), 0).reshape(windows, columns, WIDTH))

    return draw


def _root(hot: NDArray[np.float32], mean: Floats) -> Floats:
    """R with R Rᵀ the covariance of the bins (columns of `hot`). Of a wide table, with more bins than rows, the centred
    rows are one themselves, and the covariance, which would not fit in memory, is never made."""
    if len(hot) < len(mean):
        centred: Floats = (hot - mean) / len(hot) ** 0.5
        return centred.T
    values, vectors = np.linalg.eigh((hot.T @ hot).astype(np.float64) / len(hot) - np.outer(mean, mean))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))
