"""What watching a model needs, learned from the rows that it was made of: a profile, and thresholds that keep a rate.

Everything about answers comes from out-of-fold scores: the model knows its own training rows too well. Where rows have
a time, whole windows of them are drawn (rows of one day are alike), else single rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from modelyard.measure.calibrate import isotonic
from modelyard.measure.concept import LossCalibration, Losses, calibrate_losses, learn_losses
from modelyard.measure.drift import Calibration, alpha_of, calibrate
from modelyard.measure.estimate import EXPECTED, Estimator, learn_estimator
from modelyard.measure.intervals import Interval, bootstrap
from modelyard.measure.metrics import METRICS, Judged, judged, metrics_for, task_of
from modelyard.measure.profile import Profile, profile, row_codes
from modelyard.package.model import Monitors
from modelyard.project.graph import Node
from modelyard.rows.table import Floats, Table, Values
from modelyard.schema.duration import Rate, microseconds
from modelyard.schema.target import Outcome

WEEK = microseconds("7d")
MOST = 40_000
"""Rows with scores that are looked at: more make the thresholds no better, only later."""
FEWEST = 50
WORSE = 0.1
"""P(a false alarm of the losses in 90 windows). Rarer than that of drift, because `worse` retrains."""
SAMPLES = 40
"""Samples of the reference that an estimate's interval is made of."""


class Watching(Struct, frozen=True):
    """What the file says of watching: read off its monitors, or the defaults where there is none."""

    window: str = "1d"
    false_alarms: str = "1 per 90d"
    unseen: tuple[str, ...] = ()
    """Columns that the log never holds, so nobody can watch them."""

    @classmethod
    def of(cls, live: Sequence[Node]) -> Watching:
        """
        >>> Watching.of(()).budget
        (0.55, 90)
        """
        without = [name for node in live for name in getattr(getattr(node.step, "log", None), "without", ())]
        monitors = [node.step for node in live if node.kind == "monitor.drift"]
        if not monitors:
            return cls(unseen=tuple(without))
        step: Any = monitors[0]
        return cls(step.window, step.false_alarms, tuple(without))

    @property
    def budget(self) -> tuple[float, int]:
        """(alpha, windows) of the promised rate."""
        rate = Rate.parse(self.false_alarms)
        return alpha_of(rate.times, max(1, rate.per // microseconds(self.window)))


class Unseen(Struct, frozen=True, eq=False):
    """Rows with the scores of models that did not learn from them: all arrays (n,), scores (n, K). `prediction` is the
    class index or number; `time` in microseconds."""

    y: Floats
    scores: Floats
    prediction: Floats
    time: Floats | None = None

    def known(self, rng: np.random.Generator) -> Unseen:
        """Those with a label and a finite score; a draw of MOST where there are more."""
        rows = np.flatnonzero(~np.isnan(self.y) & np.isfinite(self.scores).all(1))
        if len(rows) > MOST:
            rows = np.sort(rng.choice(rows, MOST, replace=False))
        return self.take(rows)

    def take(self, rows: Values) -> Unseen:
        time = None if self.time is None else self.time[rows]
        return Unseen(self.y[rows], self.scores[rows], self.prediction[rows], time)

    def judged(self, outcome: Outcome) -> Judged:
        return judged(self.y, self.scores, self.prediction, outcome)

    def slots(self, window: int) -> Floats | None:
        return None if self.time is None else np.asarray(self.time // window)


def reference(
    table: Table,
    time: Floats | None,
    unseen: Unseen,
    outcome: Outcome,
    watching: Watching | None = None,
    *,
    daily: float | None = None,
    seed: int = 0,
) -> tuple[Profile, Monitors]:
    """`table`: the training rows, in the columns that the program takes; `time` (n,) of them. `unseen`: training rows
    with out-of-fold scores. `daily`: rows in a live window; unless said, as many as in a window of the training rows,
    500 where these have no time.

    Pure, and the same for the same seed."""
    asked = watching or Watching()
    window, (alpha, horizon) = microseconds(asked.window), asked.budget
    profiled = profile(table.without(name for name in asked.unseen if name in table), time, window)
    found = unseen.known(np.random.default_rng(seed))
    if len(found.y) < FEWEST:
        return profiled, Monitors(
            drift=_drift(profiled, table, alpha, horizon, daily, seed), false_alarms=asked.false_alarms
        )
    loss, losses, concept = _concept(found, outcome, window, daily, seed)
    return profiled, Monitors(
        drift=_drift(profiled, table, alpha, horizon, daily, seed),
        false_alarms=asked.false_alarms,
        estimator=_estimator(found, outcome, seed),
        past_errors=past_errors(found, outcome),
        loss=loss,
        losses=losses,
        concept=concept,
        reference=_measured(found, outcome, window),
    )


def _drift(
    profiled: Profile, table: Table, alpha: float, horizon: int, daily: float | None, seed: int
) -> Calibration | None:
    if not profiled.columns or not len(table):
        return None
    codes = row_codes(profiled, table)
    rows = int(daily or len(table) / len(profiled.periods)) if profiled.periods else int(daily or 500)
    return calibrate(profiled, codes, alpha=alpha, horizon=horizon, rows=rows, repeats=100, seed=seed)


def _concept(
    found: Unseen, outcome: Outcome, window: int, daily: float | None, seed: int
) -> tuple[str, Losses, LossCalibration]:
    """Log loss for classes, the absolute error for numbers: what a metric of ranks cannot be, a number per row."""
    name = "mae" if outcome.task == "regression" else "log_loss"
    per_row = METRICS[name].per_row
    values = per_row(found.judged(outcome)) if per_row is not None else np.zeros(len(found.y))
    losses = learn_losses(values, found.time, window)
    rows = int(daily or 500)
    return name, losses, calibrate_losses(losses, alpha=WORSE, rows=rows, repeats=150, seed=seed)


def _estimator(found: Unseen, outcome: Outcome, seed: int) -> Estimator | None:
    chance = _chance(found, outcome)
    return None if chance is None else learn_estimator(*chance, repeats=SAMPLES, seed=seed)


def _chance(found: Unseen, outcome: Outcome) -> tuple[Floats, Floats] | None:
    """(y 0/1, score) of the positive class in a binary task."""
    if task_of(outcome) != "binary":
        return None
    positive = 1 if outcome.positive is None else outcome.positive
    return (found.y == positive).astype(np.float64), found.scores[:, positive]


def past_errors(found: Unseen, outcome: Outcome) -> dict[str, tuple[float, ...]]:
    """Metric -> estimate − realised for every week, its calibrator fitted on the other weeks."""
    chance, weeks = _chance(found, outcome), found.slots(WEEK)
    if chance is None or weeks is None:
        return {}
    y, score = chance
    positive = 1 if outcome.positive is None else outcome.positive
    errors: dict[str, list[float]] = {name: [] for name in EXPECTED}
    for own in _weeks(weeks):
        expected = isotonic(y[~own], score[~own])(score[own])
        predicted = (found.prediction[own] == positive).astype(np.float64)
        truth = found.take(np.flatnonzero(own)).judged(outcome)
        for name, function in EXPECTED.items():
            error = function(expected, score[own], predicted) - METRICS[name](truth)
            if np.isfinite(error):
                errors[name].append(error)
    return {name: tuple(found) for name, found in errors.items() if found}


def _weeks(weeks: Floats) -> Iterator[Values]:
    """Masks of the weeks that are (nearly) whole, where there are others to learn from."""
    found, rows = np.unique(weeks, return_counts=True)
    for week in found[rows >= max(FEWEST, float(np.median(rows)) / 2)]:
        own = np.asarray(weeks == week)
        if (~own).sum() >= FEWEST:
            yield own


def _measured(found: Unseen, outcome: Outcome, window: int) -> dict[str, Interval]:
    """Every metric out of fold, its interval by whole windows where there is a time."""
    truth, groups = found.judged(outcome), found.slots(window)
    return {metric.name: bootstrap(metric, truth, groups, repeats=60) for metric in metrics_for(outcome)}
