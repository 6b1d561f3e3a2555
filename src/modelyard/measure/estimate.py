"""How well a model does before the truth is known: expected metrics from calibrated scores.

A calibrated score is the chance of the positive class, so every count of a confusion matrix has an expected value.
The interval covers sampling (draw the reference again, refit, draw labels) and, once labels arrive, what the estimate
got wrong so far: on real data concept drift makes the second far larger than the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from modelyard.measure.calibrate import Calibrator, isotonic
from modelyard.measure.classes import TINY
from modelyard.measure.intervals import Interval, percentiles
from modelyard.measure.ranks import average_precision, roc_auc
from modelyard.rows.table import Floats

Expected = Callable[[Floats, Floats, Floats], float]
"""(chance (n,), score (n,), prediction (n,) 1 = positive) -> the metric's expected value."""


class Estimator(Struct, frozen=True):
    """The calibrator, and what it would have been on other samples of the reference."""

    calibrator: Calibrator
    others: tuple[Calibrator, ...] = ()


def learn_estimator(y: Floats, score: Floats, repeats: int = 60, seed: int = 0) -> Estimator:
    """From out-of-sample scores (n,) of the positive class and y (n,) 0/1."""
    rng = np.random.default_rng(seed)
    draws = (rng.integers(0, len(y), len(y)) for _ in range(repeats))
    return Estimator(isotonic(y, score), tuple(isotonic(y[rows], score[rows]) for rows in draws))


def estimate(
    estimator: Estimator,
    score: Floats,
    prediction: Floats,
    past_errors: Mapping[str, Sequence[float]] | None = None,
    seed: int = 0,
) -> dict[str, Interval]:
    """Every metric of EXPECTED with a 95 % interval. `past_errors`: per metric, estimate − realised over windows whose
    labels are in; the interval is then at least ± 2 root mean squares of them."""
    chance, rng = estimator.calibrator(score), np.random.default_rng(seed)
    draws = [(rng.random(len(score)) < other(score)).astype(np.float64) for other in estimator.others]
    return {
        name: widened(
            percentiles(function(chance, score, prediction), np.array([function(y, score, prediction) for y in draws])),
            (past_errors or {}).get(name, ()),
        )
        for name, function in EXPECTED.items()
    }


def widened(interval: Interval, past_errors: Sequence[float]) -> Interval:
    """
    >>> widened(Interval(0.8, 0.79, 0.81), [0.03, -0.03]).low.__round__(2)
    0.74
    """
    if not len(past_errors):
        return interval
    reach = 2 * float(np.sqrt(np.mean(np.square(past_errors))))
    low, high = min(interval.low, interval.value - reach), max(interval.high, interval.value + reach)
    return Interval(interval.value, low, high, interval.level)


def _accuracy(c: Floats, score: Floats, label: Floats) -> float:
    return float(np.mean(label * c + (1 - label) * (1 - c)))


def _precision(c: Floats, score: Floats, label: Floats) -> float:
    return float((c * label).sum() / max(label.sum(), 1e-300))


def _recall(c: Floats, score: Floats, label: Floats) -> float:
    return float((c * label).sum() / max(c.sum(), 1e-300))


def _f1(c: Floats, score: Floats, label: Floats) -> float:
    return float(2 * (c * label).sum() / max(label.sum() + c.sum(), 1e-300))


def _auc(c: Floats, score: Floats, label: Floats) -> float:
    return roc_auc(c, score, np.ones(len(c)))


def _ap(c: Floats, score: Floats, label: Floats) -> float:
    return average_precision(c, score, np.ones(len(c)))


def _log_loss(c: Floats, score: Floats, label: Floats) -> float:
    p = np.clip(score, TINY, 1 - TINY)
    return float(-np.mean(c * np.log(p) + (1 - c) * np.log(1 - p)))


def _brier(c: Floats, score: Floats, label: Floats) -> float:
    return float(np.mean(c * (1 - score) ** 2 + (1 - c) * score**2))


EXPECTED: Mapping[str, Expected] = {
    "roc_auc": _auc,
    "average_precision": _ap,
    "log_loss": _log_loss,
    "brier": _brier,
    "accuracy": _accuracy,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
}
