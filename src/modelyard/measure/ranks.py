"""Metrics that only the order of scores decides. y is 0/1 (n,), ties are shared, weights allowed."""

from __future__ import annotations

import numpy as np

from modelyard.rows.table import Floats

NAN = float("nan")


def steps(y: Floats, score: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """(thresholds, true positives, false positives) at each distinct score, highest first."""
    order = np.argsort(-score, kind="stable")
    s, w = score[order], weight[order]
    hit = np.cumsum(w * y[order])
    last = np.append(np.flatnonzero(np.diff(s)), len(s) - 1)
    return s[last], hit[last], np.cumsum(w)[last] - hit[last]


def roc_auc(y: Floats, score: Floats, weight: Floats) -> float:
    """Area under the ROC curve, NaN where a class is missing.

    >>> roc_auc(np.array([0.0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), np.ones(4))
    0.75
    """
    _, tp, fp = steps(y, score, weight)
    return _area(tp, fp)


def grouped_auc(score: Floats, positive: Floats, rows: Floats) -> float:
    """`roc_auc` of groups of `rows` rows with one score each, `positive` of them positive; groups may be empty.

    >>> grouped_auc(np.array([0.1, 0.4, 0.9]), np.array([0.0, 1, 2]), np.array([2.0, 2, 2]))
    0.9444444444444444
    """
    use = np.flatnonzero(rows)
    use = use[np.argsort(-score[use], kind="stable")]
    last = np.append(np.flatnonzero(np.diff(score[use])), len(use) - 1)
    tp, seen = np.cumsum(positive[use])[last], np.cumsum(rows[use])[last]
    return _area(tp, seen - tp)


def _area(tp: Floats, fp: Floats) -> float:
    if tp[-1] <= 0 or fp[-1] <= 0:
        return NAN
    x, height = np.append(0.0, fp), np.append(0.0, tp)
    return float((np.diff(x) * (height[1:] + height[:-1]) / 2).sum() / (tp[-1] * fp[-1]))


def average_precision(y: Floats, score: Floats, weight: Floats) -> float:
    """Mean precision over the recall steps, NaN without a positive row.

    >>> round(average_precision(np.array([0.0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), np.ones(4)), 4)
    0.8333
    """
    _, tp, fp = steps(y, score, weight)
    if tp[-1] <= 0:
        return NAN
    return float((np.diff(np.append(0.0, tp)) * tp / np.maximum(tp + fp, 1e-300)).sum() / tp[-1])


def weighted_median(values: Floats, weight: Floats) -> float:
    """The median; with unequal weights the smallest value with half of the weight at or below it (the mean of it and
    the next where it is exactly half)."""
    order = np.argsort(values, kind="stable")
    v, share = values[order], np.cumsum(weight[order])
    half = share[-1] / 2
    place = int(np.searchsorted(share, half))
    return float((v[place] + v[place + 1]) / 2) if share[place] == half and place + 1 < len(v) else float(v[place])
