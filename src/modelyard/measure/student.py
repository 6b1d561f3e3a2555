"""Student's t: intervals of a mean over few folds or days. Apart from other intervals because it needs SciPy, and who
serves has none.
"""

from __future__ import annotations

import numpy as np

from modelyard.measure.intervals import Interval
from modelyard.rows.table import Floats


def from_folds(scores: Floats, test_share: float | None = None, level: float = 0.95) -> Interval:
    """Student's interval of the mean over folds, its variance enlarged for overlapping training rows (Nadeau and
    Bengio): `test_share` is test rows / training rows, 1 / (folds − 1) by default.

    >>> round(from_folds(np.array([0.8, 0.82, 0.78])).low, 3)
    0.721
    """
    k = len(scores)
    mean = float(np.mean(scores))
    if k < 2:
        return Interval(mean, float("nan"), float("nan"), level)
    share = 1 / (k - 1) if test_share is None else test_share
    half = student(level, k - 1) * float(np.sqrt((1 / k + share) * np.var(scores, ddof=1)))
    return Interval(mean, mean - half, mean + half, level)


def student(level: float, df: int) -> float:
    """The two-sided point of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(df, (1 + level) / 2))
