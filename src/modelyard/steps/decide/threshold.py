"""From a score to yes or no: the threshold that serves the purpose best, learned where no model saw the row.

Why a midpoint between adjacent distinct scores: a threshold that equals a score would make the answer of that row hang
on the last bit.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from msgspec import Meta, Struct

from modelyard.errors.data import BadTarget, MissingColumn, NoRows
from modelyard.rows.table import Floats
from modelyard.schema.duration import MICROSECONDS
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import ArithConst, Decide, wholes
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns

WHO = "decide.threshold"
EVERYTHING, NOTHING = 0.0, 1.5
"""Thresholds below and beyond every probability."""


class Cost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a mistake costs: a number, or the column that holds it."""

    false_negative: float | str
    false_positive: float | str


class AtMost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many flagged a day, on average over the days learned from."""

    flagged_per_day: Annotated[float, Meta(gt=0)]


class Cut(Learned, frozen=True, kw_only=True, tag="decide.threshold"):
    """`at`: the positive class is predicted from this score on."""

    at: float
    positive: int

    def emit(self, program: ProgramBuilder) -> None:
        score = program.scores[self.positive]
        answer = program.add(Decide(into=program.next, xs=wholes([score]), rule="at_least", at=self.at))
        if self.positive == 0:
            answer = program.add(ArithConst(into=program.next, x=answer, f="sub", value=1.0, flip=True))
        program.prediction = answer


class Threshold(Learns, frozen=True, kw_only=True, tag="decide.threshold"):
    """The boundary between the two classes, learned from scores of models that never saw the row. A row of weight 2
    counts as two, but is flagged once.

    Right: classes of which one is rare or dear: `maximise: f1`, or what each mistake costs. Wrong: where
    somebody needs the probability itself, or ranks by it: a boundary changes neither.

    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> X = table(**{"score[0]": [0.9, 0.6, 0.2], "score[1]": [0.1, 0.4, 0.8]})
    >>> outcome = Outcome(task="classification", classes=("no", "yes"), positive=1)
    >>> Threshold().learn(Batch(X, np.array([0.0, 1.0, 1.0])), Context(outcome=outcome)).learned.at
    0.25
    """

    sees: ClassVar[Literal["rows", "out_of_fold"]] = "out_of_fold"

    maximise: Annotated[Literal["f1"] | None, Meta(description="The default, when nothing else is given.")] = None
    minimise_cost: Annotated[Cost | None, Meta(description="{false_negative, false_positive}: number or column.")] = (
        None
    )
    at: Annotated[Annotated[float, Meta(ge=0, le=1)] | None, Meta(description="A threshold fixed by hand.")] = None
    at_most: Annotated[AtMost | None, Meta(description="{flagged_per_day: 200}")] = None

    def __post_init__(self) -> None:
        if sum(choice is not None for choice in (self.maximise, self.minimise_cost, self.at)) > 1:
            raise BadTarget("`maximise`, `minimise_cost` and `at` exclude one another", way_out="Keep one of them")

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        positive = _positive(ctx)
        if self.at is not None:
            return Fitted(Cut(at=self.at, positive=positive))
        if batch.y is None or not len(batch.X):
            raise NoRows("no scored rows to learn a threshold from", who=WHO)
        scores = batch.X[f"score[{positive}]"]
        truth = batch.y == positive
        weight = np.ones(len(scores)) if batch.weight is None else batch.weight
        return Fitted(Cut(at=_best(scores, truth, weight, self._costs(batch), self._cap(batch)), positive=positive))

    def _costs(self, batch: Batch) -> tuple[Floats, Floats] | None:
        cost = self.minimise_cost
        if cost is None:
            return None
        return _column(cost.false_negative, batch), _column(cost.false_positive, batch)

    def _cap(self, batch: Batch) -> float:
        """The most rows that may be flagged."""
        if self.at_most is None:
            return np.inf
        if batch.time is None:
            raise MissingColumn("`flagged_per_day` needs a time role", who=WHO, way_out="Write roles: {time: COLUMN}")
        days = np.unique(np.floor(batch.time[~np.isnan(batch.time)] / MICROSECONDS["d"]))
        return self.at_most.flagged_per_day * max(len(days), 1)


def _positive(ctx: Context) -> int:
    outcome = ctx.outcome
    if outcome is None or outcome.task != "classification" or len(outcome.classes) != 2 or outcome.positive is None:
        way_out = "Use it with two classes, and name the positive one under `target:`"
        raise BadTarget("a threshold is for two classes", who=WHO, way_out=way_out)
    return outcome.positive


def _column(cost: float | str, batch: Batch) -> Floats:
    if isinstance(cost, str):
        values: Floats = batch.X[cost].astype(np.float64)
        return values
    return np.full(len(batch.X), cost)


def _best(scores: Floats, truth: Floats, weight: Floats, costs: tuple[Floats, Floats] | None, cap: float) -> float:
    """Scores (n,), truth (n,) of booleans, what a row counts (n,), costs of a miss and of a false alarm per row (None:
    F1). The cap is of rows, whatever they count. Of equally good thresholds the highest."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits, counts = scores[order], truth[order], weight[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    flagged = np.append(0, ends + 1)
    if costs is None:
        value = _f1(hits, counts, flagged)
    else:
        value = -_cost(hits, flagged, *(counts * each[order] for each in costs))
    value[flagged > cap] = -np.inf
    best = int(np.argmax(value))
    if best == 0:
        return NOTHING
    last = flagged[best]
    return EVERYTHING if last == len(ranked) else _midpoint(float(ranked[last - 1]), float(ranked[last]))


def _midpoint(above: float, below: float) -> float:
    """Between the two; the upper one where no number lies between."""
    middle = (above + below) / 2
    return middle if middle > below else above


def _f1(hits: Floats, counts: Floats, flagged: Floats) -> Floats:
    true = np.append(0, np.cumsum(counts * hits))[flagged]
    whole = np.append(0, np.cumsum(counts))[flagged] + np.sum(counts * hits)
    value: Floats = np.divide(2.0 * true, whole, out=np.zeros(len(flagged)), where=whole > 0)
    return value


def _cost(hits: Floats, flagged: Floats, fn: Floats, fp: Floats) -> Floats:
    missed = np.append(0, np.cumsum(np.where(hits, fn, 0.0)))
    false = np.append(0, np.cumsum(np.where(hits, 0.0, fp)))
    total: Floats = missed[-1] - missed[flagged] + false[flagged]
    return total
