"""Intervals: how far a measured number may lie from what more rows of the same kind would give."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from msgspec import Struct

from modelyard.measure.bins import Codes
from modelyard.measure.metrics import Judged, Metric
from modelyard.rows.table import Floats


class Interval(Struct, frozen=True):
    """`value` with its two-sided bounds at `level`."""

    value: float
    low: float
    high: float
    level: float = 0.95

    def widened(self, by: float) -> Interval:
        return Interval(self.value, self.low - by, self.high + by, self.level)


def bootstrap(
    metric: Metric, judged: Judged, groups: Floats | None = None, repeats: int = 200, level: float = 0.95, seed: int = 0
) -> Interval:
    """Percentile bootstrap over rows, or over whole `groups` (n,) such as days: rows of one day are alike, and
    drawing them apart would promise too narrow an interval."""
    draw = resampler(len(judged.y), groups, np.random.default_rng(seed))
    values = np.array([metric(judged.take(draw().astype(np.float64))) for _ in range(repeats if len(judged.y) else 0)])
    return percentiles(metric(judged), values, level)


def percentiles(value: float, values: Floats, level: float = 0.95) -> Interval:
    """Bounds from draws (those that are not defined are left out)."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Interval(value, float("nan"), float("nan"), level)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), level)


def resampler(n: int, groups: Floats | None, rng: np.random.Generator) -> Callable[[], Codes]:
    """Each call gives row positions of one bootstrap sample."""
    if groups is None:
        return lambda: rng.integers(0, n, n)
    _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    parts = np.split(np.argsort(place, kind="stable"), np.cumsum(sizes)[:-1])
    return lambda: np.concatenate([parts[k] for k in rng.integers(0, len(parts), len(parts))])


def auc_interval(auc: float, positives: float, negatives: float, level: float = 0.95) -> Interval:
    """Hanley and McNeil's interval of a ROC-AUC: no rows needed, only counts.

    >>> auc_interval(0.8, 100, 100).low.__round__(3)
    0.739
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    numerator = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    half = NormalDist().inv_cdf((1 + level) / 2) * (max(numerator, 0.0) / (positives * negatives)) ** 0.5
    return Interval(auc, max(auc - half, 0.0), min(auc + half, 1.0), level)


def past(interval: Interval, limit: float, greater_is_better: bool) -> bool:
    """Whether the whole interval is on the bad side of the limit: only then is a model called worse.

    >>> past(Interval(0.7, 0.6, 0.8), 0.75, True), past(Interval(0.7, 0.66, 0.74), 0.75, True)
    (False, True)
    """
    return interval.high < limit if greater_is_better else interval.low > limit
