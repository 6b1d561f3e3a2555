"""What a model is judged by: one record per metric, in a registry that is a value.

Own formulas in numpy, so that whoever measures live traffic needs no scikit-learn; the tests compare each with
scikit-learn. Scores are (n, K): one column per class, or one for regression. Prediction is the class index or number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from msgspec import Struct

from modelyard.errors import did_you_mean
from modelyard.errors.measure import UnknownMetric
from modelyard.measure import classes, ranks
from modelyard.rows.table import Floats
from modelyard.schema.target import Outcome

Task = Literal["binary", "multiclass", "regression"]


class Judged(Struct, frozen=True, eq=False):
    """Rows with their truth: y (n,), scores (n, K), prediction (n,), weight (n,). `positive` is a column of scores."""

    y: Floats
    scores: Floats
    prediction: Floats
    weight: Floats
    positive: int | None = None

    def take(self, rows: Floats) -> Judged:
        """The rows at those positions."""
        i = rows.astype(np.intp)
        return Judged(self.y[i], self.scores[i], self.prediction[i], self.weight[i], self.positive)


class Metric(Struct, frozen=True, eq=False):
    """`function` gives NaN where the metric is not defined (ROC-AUC of one class); rows that count nothing have none.
    `per_row`: the loss of each row where the metric is a mean of them, else None: paired comparisons need it."""

    name: str
    tasks: tuple[Task, ...]
    greater_is_better: bool
    function: Callable[[Judged], float]
    per_row: Callable[[Judged], Floats] | None = None

    def __call__(self, judged: Judged) -> float:
        return self.function(judged) if judged.weight.any() else float("nan")


def judged(
    y: Floats, scores: Floats, prediction: Floats, outcome: Outcome | None = None, weight: Floats | None = None
) -> Judged:
    """Rows to judge. A (n,) array of scores is one column. In a binary task without a named positive class it is the
    second."""
    table = scores.reshape(-1, 1) if scores.ndim == 1 else scores
    positive = outcome.positive if outcome else None
    if positive is None and table.shape[1] == 2:
        positive = 1
    return Judged(y, table, prediction, np.ones(len(y)) if weight is None else weight, positive)


def task_of(outcome: Outcome) -> Task:
    if outcome.task == "regression":
        return "regression"
    return "binary" if outcome.scores == 2 else "multiclass"


def _mean(per_row: Callable[[Judged], Floats]) -> Callable[[Judged], float]:
    return lambda j: float(np.average(per_row(j), weights=j.weight))


def _error(j: Judged) -> Floats:
    return np.asarray(j.prediction - j.y)


def _right(j: Judged) -> Floats:
    return np.asarray(j.prediction == j.y, dtype=np.float64)


def _squared(j: Judged) -> Floats:
    return np.asarray(np.square(_error(j)))


def _absolute(j: Judged) -> Floats:
    return np.asarray(np.abs(_error(j)))


def _r2(j: Judged) -> float:
    spread = np.average((j.y - np.average(j.y, weights=j.weight)) ** 2, weights=j.weight)
    return 1 - _mean(_squared)(j) / float(spread) if spread > 0 else float("nan")


def _rank(function: Callable[[Floats, Floats, Floats], float]) -> Callable[[Judged], float]:
    """One class against the rest: the positive one, or the plain mean over all classes."""

    def measure(j: Judged) -> float:
        chosen = range(j.scores.shape[1]) if j.positive is None else (j.positive,)
        return float(np.mean([function((j.y == k).astype(np.float64), j.scores[:, k], j.weight) for k in chosen]))

    return measure


def _classes(function: Callable[[Floats, Floats, Floats, int | None, int], float]) -> Callable[[Judged], float]:
    return lambda j: function(j.y, j.prediction, j.weight, j.positive, j.scores.shape[1])


def _log_losses(j: Judged) -> Floats:
    return classes.log_losses(j.y, j.scores)


def _briers(j: Judged) -> Floats:
    return classes.briers(j.y, j.scores)


_BOTH: tuple[Task, ...] = ("binary", "multiclass")
_NUMBER: tuple[Task, ...] = ("regression",)

METRICS: Mapping[str, Metric] = {
    m.name: m
    for m in (
        Metric("roc_auc", _BOTH, True, _rank(ranks.roc_auc)),
        Metric("average_precision", _BOTH, True, _rank(ranks.average_precision)),
        Metric("log_loss", _BOTH, False, _mean(_log_losses), _log_losses),
        Metric("brier", _BOTH, False, _mean(_briers), _briers),
        Metric("accuracy", _BOTH, True, _mean(_right), lambda j: 1 - _right(j)),
        Metric("balanced_accuracy", _BOTH, True, _classes(classes.balanced_accuracy)),
        Metric("precision", _BOTH, True, _classes(classes.precision)),
        Metric("recall", _BOTH, True, _classes(classes.recall)),
        Metric("f1", _BOTH, True, _classes(classes.f1)),
        Metric("rmse", _NUMBER, False, lambda j: _mean(_squared)(j) ** 0.5, _squared),
        Metric("mae", _NUMBER, False, _mean(_absolute), _absolute),
        Metric("r2", _NUMBER, True, _r2, _squared),
        Metric("medae", _NUMBER, False, lambda j: ranks.weighted_median(_absolute(j), j.weight)),
    )
}


def metric(name: str, metrics: Mapping[str, Metric] = METRICS) -> Metric:
    """
    >>> metric("mae")(judged(np.array([1.0, 2.0]), np.array([2.0, 4.0]), np.array([2.0, 4.0])))
    1.5
    """
    if name not in metrics:
        raise UnknownMetric(f"no metric {name!r}", way_out=did_you_mean(name, metrics))
    return metrics[name]


def metrics_for(outcome: Outcome, metrics: Mapping[str, Metric] = METRICS) -> tuple[Metric, ...]:
    """The metrics that apply, the default one to choose by first."""
    return tuple(m for m in metrics.values() if task_of(outcome) in m.tasks)
