"""Which of two models is better, and which cannot be told apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from modelyard.measure.intervals import Interval, resampler
from modelyard.measure.metrics import Judged, Metric
from modelyard.rows.table import Floats


class Comparison(Struct, frozen=True):
    """`difference` > 0 says that the first is better, whatever the metric's direction. `bound` is the one-sided lower
    bound at `level`: above 0 means better, significantly. `p` is one-sided."""

    difference: float
    bound: float
    p: float
    level: float = 0.95

    @property
    def better(self) -> bool:
        return self.bound > 0


def over_folds(
    first: Floats, second: Floats, greater_is_better: bool, test_share: float | None = None, level: float = 0.95
) -> Comparison:
    """Nadeau and Bengio's corrected t over paired folds: (k,) scores each on the same folds. `test_share`: test rows /
    training rows, 1 / (k − 1) by default."""
    from scipy.special import stdtr, stdtrit

    d = (first - second) * (1.0 if greater_is_better else -1.0)
    k, mean = len(d), float(np.mean(d))
    if k < 2:
        return Comparison(mean, float("-inf"), float("nan"), level)
    share = 1 / (k - 1) if test_share is None else test_share
    error = float(np.sqrt((1 / k + share) * np.var(d, ddof=1)))
    if error == 0:
        return Comparison(mean, mean, 0.5 if mean == 0 else float(mean < 0), level)
    bound = mean - float(stdtrit(k - 1, level)) * error
    return Comparison(mean, bound, float(stdtr(k - 1, -mean / error)), level)


def over_rows(
    first: Judged,
    second: Judged,
    metric: Metric,
    groups: Floats | None = None,
    repeats: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Both models on the same rows: the difference of the metric, bootstrapped by `groups` (n,) such as days. Metrics
    that are a mean of row losses are compared on those losses; the others are measured again on each sample."""
    if metric.per_row is not None:
        gain = np.asarray(metric.per_row(second) - metric.per_row(first))
        return gains(gain, groups, first.weight, repeats, level, seed)
    sign = 1.0 if metric.greater_is_better else -1.0
    draw = resampler(len(first.y), groups, np.random.default_rng(seed))
    samples = (draw().astype(np.float64) for _ in range(min(repeats, 300)))
    values = np.array([sign * (metric(first.take(rows)) - metric(second.take(rows))) for rows in samples])
    return _from_draws(sign * (metric(first) - metric(second)), values[np.isfinite(values)], level)


def gains(
    gain: Floats,
    groups: Floats | None = None,
    weight: Floats | None = None,
    repeats: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Mean gain per row (n,) > 0, whole groups drawn again. Only the groups' sums are drawn, so that it costs no more
    for a million rows than for a thousand.

    >>> gains(np.array([0.1, 0.2, 0.1, 0.3] * 30), np.repeat(np.arange(30.0), 4)).better
    True
    """
    w = np.ones(len(gain)) if weight is None else weight
    place = np.arange(len(gain)) if groups is None else np.unique(groups, return_inverse=True)[1]
    top, below = np.bincount(place, weights=w * gain), np.bincount(place, weights=w)
    rng = np.random.default_rng(seed)
    values = np.empty(repeats)
    for k in range(repeats):
        chosen = rng.integers(0, len(top), len(top))
        values[k] = top[chosen].sum() / max(below[chosen].sum(), 1e-300)
    return _from_draws(float(top.sum() / below.sum()), values, level)


def _from_draws(difference: float, values: Floats, level: float) -> Comparison:
    if not len(values):
        return Comparison(difference, float("-inf"), float("nan"), level)
    p = float((1 + (values <= 0).sum()) / (1 + len(values)))
    return Comparison(difference, float(np.quantile(values, 1 - level)), p, level)


def tied_with(
    best: str, folds: Mapping[str, Floats], greater_is_better: bool, test_share: float | None = None
) -> tuple[str, ...]:
    """The candidates that cannot be told apart from the best one: it is not better at 95 %, one-sided.

    >>> scores = {"a": np.array([0.8, 0.81, 0.8]), "b": np.array([0.79, 0.82, 0.8]), "c": np.array([0.5, 0.51, 0.5])}
    >>> tied_with("a", scores, greater_is_better=True)
    ('b',)
    """
    others = (name for name in folds if name != best)
    return tuple(n for n in others if not over_folds(folds[best], folds[n], greater_is_better, test_share).better)


__all__ = ["Comparison", "Interval", "gains", "over_folds", "over_rows", "tied_with"]
