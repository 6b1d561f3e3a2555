"""What one can say without looking: the share of each class, or the mean.

Always among the candidates: a model that is not better than this is not worth serving.
"""

from __future__ import annotations

from modelyard.rows.table import Floats, Table
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Const
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned, Oracle
from modelyard.step.step import Learns
from modelyard.step.supervised import Supervised, supervised


class Baseline(Learns, frozen=True, kw_only=True, tag="model.baseline"):
    """The share of each class in the training rows, or their mean, for every row alike.

    Right: beside every other model, to see what having learned is worth. Wrong: in service, unless nothing else
    is better than it.

    >>> import numpy as np
    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> batch = Batch(table(x=[0.0, 1.0, 2.0, 3.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    >>> outcome = Outcome(task="classification", classes=("no", "yes"), positive=1)
    >>> fitted = Baseline().learn(batch, Context(outcome=outcome))
    >>> fitted.oracle(table(x=[1.5, 10.0])).round(3).tolist()
    [[0.75, 0.25], [0.75, 0.25]]
    """

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        rows = supervised(batch, ctx, "model.baseline", codes=True)
        answer, oracle = _classes(rows) if rows.classification else _mean(rows)
        return Fitted(Same(answer=tuple(answer.tolist())), oracle=oracle)


def _classes(rows: Supervised) -> tuple[Floats, Oracle]:
    from sklearn.dummy import DummyClassifier

    fitted = DummyClassifier(strategy="prior").fit(rows.X, rows.targets, sample_weight=rows.weight)

    def oracle(table: Table) -> Floats:
        return rows.widen(fitted.predict_proba(_nothing(table)))

    return rows.widen(fitted.class_prior_.reshape(1, -1))[0], oracle


def _mean(rows: Supervised) -> tuple[Floats, Oracle]:
    from sklearn.dummy import DummyRegressor

    fitted = DummyRegressor(strategy="mean").fit(rows.X, rows.y, sample_weight=rows.weight)

    def oracle(table: Table) -> Floats:
        return fitted.predict(_nothing(table)).reshape(-1, 1)

    return fitted.constant_.ravel(), oracle


def _nothing(table: Table) -> Floats:
    from numpy import zeros

    return zeros((len(table), 1))


class Same(Learned, frozen=True, kw_only=True, tag="model.baseline", eq=False):
    """One number per score."""

    answer: tuple[float, ...]

    def emit(self, program: ProgramBuilder) -> None:
        program.score([program.add(Const(value=value)) for value in self.answer])
