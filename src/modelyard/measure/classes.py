"""Metrics over classes: from the confusion matrix, and per row from the scores."""

from __future__ import annotations

import numpy as np

from modelyard.rows.table import Floats

TINY = float(np.finfo(np.float64).eps)
"""Scores are kept this far from 0 and 1 before a logarithm, as scikit-learn does."""


def confusion(y: Floats, prediction: Floats, weight: Floats, classes: int) -> Floats:
    """(K, K) weights: row = truth, column = prediction.

    >>> confusion(np.array([0.0, 1, 1]), np.array([0.0, 1, 0]), np.ones(3), 2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    place = y.astype(np.intp) * classes + prediction.astype(np.intp)
    return np.bincount(place, weights=weight, minlength=classes**2).reshape(classes, classes).astype(np.float64)


def precision(y: Floats, prediction: Floats, weight: Floats, positive: int | None, classes: int) -> float:
    """Of the positive class, or the plain mean over classes; 0 where nothing is predicted."""
    table = confusion(y, prediction, weight, classes)
    return _chosen(_ratio(np.diag(table), table.sum(0)), table, positive)


def recall(y: Floats, prediction: Floats, weight: Floats, positive: int | None, classes: int) -> float:
    table = confusion(y, prediction, weight, classes)
    return _chosen(_ratio(np.diag(table), table.sum(1)), table, positive)


def f1(y: Floats, prediction: Floats, weight: Floats, positive: int | None, classes: int) -> float:
    table = confusion(y, prediction, weight, classes)
    return _chosen(_ratio(2 * np.diag(table), table.sum(0) + table.sum(1)), table, positive)


def balanced_accuracy(y: Floats, prediction: Floats, weight: Floats, positive: int | None, classes: int) -> float:
    """Mean recall over the classes that occur."""
    table = confusion(y, prediction, weight, classes)
    there = table.sum(1) > 0
    return float(np.mean(_ratio(np.diag(table), table.sum(1))[there]))


def log_losses(y: Floats, scores: Floats) -> Floats:
    """(n,) −log of the score of the true class; scores of a row are first made to add up to 1."""
    share = scores / scores.sum(1, keepdims=True)
    own = np.clip(share[np.arange(len(y)), y.astype(np.intp)], TINY, 1 - TINY)
    return np.asarray(-np.log(own))


def briers(y: Floats, scores: Floats) -> Floats:
    """(n,) squared distance to the truth; for two classes half of it, the usual (p − y)²."""
    truth = np.eye(scores.shape[1])[y.astype(np.intp)]
    return np.asarray(((scores - truth) ** 2).sum(1) / (2 if scores.shape[1] == 2 else 1))


def _ratio(top: Floats, below: Floats) -> Floats:
    return np.divide(top, below, out=np.zeros_like(below), where=below > 0)


def _chosen(each: Floats, table: Floats, positive: int | None) -> float:
    """Macro means run over the classes that occur in truth or prediction, as scikit-learn's do."""
    if positive is not None:
        return float(each[positive])
    return float(np.mean(each[table.sum(0) + table.sum(1) > 0]))
