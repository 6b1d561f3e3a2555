"""Least squares: a weight per feature and a bias."""

from __future__ import annotations

from modelyard.lowering.least_squares import FitsLine, Line, Regressor


class LinearRegression(FitsLine, frozen=True, kw_only=True, tag="model.linear_regression"):
    """Least squares without a penalty. For correlated features prefer model.ridge.

    Right: few, unrelated numbers and an answer that must be explained term by term. Wrong: more columns than
    rows, or columns that nearly repeat one another: model.ridge.

    >>> import numpy as np
    >>> from modelyard.step.context import Context
    >>> from modelyard.step.fitted import Batch
    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> batch = Batch(table(x=[0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0, 7.0]))
    >>> fitted = LinearRegression().learn(batch, Context(outcome=Outcome(task="regression")))
    >>> fitted.oracle(table(x=[1.5, 10.0])).round(3).tolist()
    [[4.0], [21.0]]
    """

    needs = frozenset({"no_nulls", "numbers"})

    def estimator(self) -> Regressor:
        from sklearn import linear_model

        return linear_model.LinearRegression()

    def learned(self) -> type[Line]:
        return PlainLine


class PlainLine(Line, frozen=True, kw_only=True, tag="model.linear_regression", eq=False):
    """The weights that fit best."""
