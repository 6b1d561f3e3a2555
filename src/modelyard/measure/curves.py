"""Curves to look at: ROC, precision and recall, calibration."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from modelyard.measure.classes import confusion
from modelyard.measure.ranks import steps
from modelyard.rows.table import Floats


class Curve(Struct, frozen=True):
    """Points (x, y) with the score `threshold` at which each is reached."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    threshold: tuple[float, ...]


class Calibration(Struct, frozen=True):
    """Per bin of scores: the mean score, the share of positives, and how many rows."""

    score: tuple[float, ...]
    share: tuple[float, ...]
    rows: tuple[int, ...]


def roc(y: Floats, score: Floats, weight: Floats | None = None, points: int = 200) -> Curve:
    """False positive rate (x) against true positive rate (y), from (0, 0) to (1, 1), at most `points` of them."""
    at, tp, fp = steps(y, score, np.ones(len(y)) if weight is None else weight)
    at, tp, fp = np.append(np.inf, at), np.append(0.0, tp), np.append(0.0, fp)
    return _thinned(fp / max(fp[-1], 1e-300), tp / max(tp[-1], 1e-300), at, points)


def precision_recall(y: Floats, score: Floats, weight: Floats | None = None, points: int = 200) -> Curve:
    """Recall (x) against precision (y), from the highest threshold to the lowest."""
    at, tp, fp = steps(y, score, np.ones(len(y)) if weight is None else weight)
    return _thinned(tp / max(tp[-1], 1e-300), tp / np.maximum(tp + fp, 1e-300), at, points)


def calibration(y: Floats, score: Floats, bins: int = 10) -> Calibration:
    """Bins of (nearly) equal numbers of rows.

    >>> calibration(np.array([0.0, 0, 1, 1]), np.array([0.1, 0.3, 0.7, 0.9]), bins=2).share
    (0.0, 1.0)
    """
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf"))
    place = np.searchsorted(edges, score, side="left")
    rows = np.bincount(place)
    there = rows > 0
    mean, share = (np.bincount(place, weights=w)[there] / rows[there] for w in (score, y))
    return Calibration(tuple(mean.tolist()), tuple(share.tolist()), tuple(rows[there].tolist()))


def _thinned(x: Floats, y: Floats, at: Floats, points: int) -> Curve:
    keep = np.arange(len(x)) if len(x) <= points else np.unique(np.linspace(0, len(x) - 1, points).astype(np.intp))
    return Curve(tuple(x[keep].tolist()), tuple(y[keep].tolist()), tuple(at[keep].tolist()))


__all__ = ["Calibration", "Curve", "calibration", "confusion", "precision_recall", "roc"]
