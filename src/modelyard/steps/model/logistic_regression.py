"""Logistic regression: a weighted sum per class, turned into probabilities."""

from __future__ import annotations

import warnings
from typing import Annotated, Literal

from msgspec import Meta

from modelyard.errors.learning import LearningFailed
from modelyard.lowering.linear import Weights, weights_of
from modelyard.lowering.links import answer_classes, decide_raw, shares, two_sided
from modelyard.rows.table import Floats, Table
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns
from modelyard.step.supervised import features, supervised, two_classes


class LogisticRegression(Learns, frozen=True, kw_only=True, tag="model.logistic_regression"):
    """A weighted sum of the features per class, as probabilities. The simplest model that is often enough.

    Right: scaled numbers and one-hot categories; the first candidate of any classification. Wrong: raw numbers
    of very different sizes: clean.scale first, or it does not converge.

    >>> import numpy as np
    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> batch = Batch(table(x=[0.0, 1.0, 2.0, 3.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    >>> outcome = Outcome(task="classification", classes=("no", "yes"), positive=1)
    >>> fitted = LogisticRegression().learn(batch, Context(outcome=outcome))
    >>> fitted.oracle(table(x=[1.5, 10.0])).round(3).tolist()
    [[0.786, 0.214], [0.003, 0.997]]
    """

    needs = frozenset({"no_nulls", "numbers", "scaled"})

    inverse_penalty: Annotated[float, Meta(gt=0, description="Inverse strength of the penalty (C).")] = 1.0
    iterations: Annotated[int, Meta(ge=1, description="Most steps of the solver.")] = 1000
    balance: Annotated[bool, Meta(description="Weigh rows so that every class counts the same.")] = False

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        from sklearn import linear_model
        from sklearn.exceptions import ConvergenceWarning

        rows = supervised(batch, ctx, "model.logistic_regression", task="classification")
        two_classes(rows, "model.logistic_regression")
        weight: Literal["balanced"] | None = "balanced" if self.balance else None
        model = linear_model.LogisticRegression(C=self.inverse_penalty, max_iter=self.iterations, class_weight=weight)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                fitted = model.fit(rows.X, rows.targets, sample_weight=rows.weight)
            except ConvergenceWarning as error:
                raise LearningFailed(
                    f"the solver did not settle in {self.iterations} steps",
                    who="model.logistic_regression",
                    way_out="Scale the features (`prepare: auto` does), or raise `iterations:`",
                ) from error

        def oracle(table: Table) -> Floats:
            return rows.widen(fitted.predict_proba(features(table, rows.columns)))

        line = weights_of(fitted.coef_, fitted.intercept_)
        return Fitted(Logistic(columns=rows.columns, line=line, present=rows.present, count=rows.count), oracle=oracle)


class Logistic(Learned, frozen=True, kw_only=True, tag="model.logistic_regression", eq=False):
    columns: tuple[str, ...]
    line: Weights
    present: tuple[int, ...]
    count: int

    def emit(self, program: ProgramBuilder) -> None:
        raws = self.line.emit(program, self.columns)
        scores = two_sided(program, raws[0]) if len(raws) == 1 else shares(program, raws)
        answer_classes(program, scores, self.present, self.count, decide_raw(program, raws))
