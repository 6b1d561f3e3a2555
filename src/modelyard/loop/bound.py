"""The lower bound of a gain per row, whole event days drawn again; and the slices where a gain is a loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np

from modelyard.loop.judging import Live
from modelyard.measure.compare import gains
from modelyard.measure.student import student
from modelyard.rows.table import Floats, Values

FEWEST_DAYS = 5
"""Fewer days drawn again say nothing of days to come."""
FEWEST_ROWS = 100


def lower_bound(gain: Floats, days: Floats, confidence: float) -> tuple[float, float]:
    """(mean, one-sided lower bound) of the gain of each row (n,), by its day (n,).

    >>> mean, bound = lower_bound(np.array([0.1, 0.2, 0.1, 0.3] * 30), np.repeat(np.arange(30.0), 4), 0.95)
    >>> round(mean, 3), bool(bound > 0.17)
    (0.175, True)
    """
    found = gains(gain, days, level=confidence)
    wider = few_days(len(np.unique(days)), confidence)
    return found.difference, found.difference - (found.difference - found.bound) * wider


def few_days(days: int, confidence: float) -> float:
    """How much wider a bound from few days must be: as Student's t is to the normal, and n to n − 1."""
    t = student(2 * confidence - 1, days - 1)
    return float(t / NormalDist().inv_cdf(confidence) * (days / (days - 1)) ** 0.5)


def losing(gain: Floats, rows: Live, columns: Sequence[str], confidence: float) -> tuple[str, ...]:
    """The slices (`carrier=UA`) where the gain is significantly negative; all of them together share the doubt that
    `confidence` leaves. Slices of few rows or days say nothing."""
    slices = list(_slices(rows, columns))
    level = 1 - (1 - confidence) / max(len(slices), 1)
    return tuple(name for name, at in slices if lower_bound(-gain[at], rows.days[at], level)[1] > 0)


def _slices(rows: Live, columns: Sequence[str]) -> Iterator[tuple[str, Values]]:
    for column in columns:
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, record in enumerate(rows.records):
            places[str(record.get(column))].append(place)
        for value, at in sorted(places.items()):
            chosen = np.asarray(at, dtype=np.intp)
            if len(at) >= FEWEST_ROWS and len(np.unique(rows.days[chosen])) >= FEWEST_DAYS:
                yield f"{column}={value}", chosen
