"""Least squares: a weight per feature and a bias."""

from __future__ import annotations

from modelyard.lowering.least_squares import FitsLine, Line, Regressor


class LinearRegression(FitsLine, frozen=True, kw_only=True, tag="model.linear_regression"):
    """Least squares without a penalty. For correlated features prefer model.ridge.

    Right: few, unrelated numbers and an answer that must be explained term by term. Wrong: more columns than
    rows, or columns that nearly repeat one another: model.ridge.
    """

    needs = frozenset({"no_nulls", "numbers"})

    def estimator(self) -> Regressor:
        from sklearn import linear_model

        return linear_model.LinearRegression()

    def learned(self) -> type[Line]:
        return PlainLine


class PlainLine(Line, frozen=True, kw_only=True, tag="model.linear_regression", eq=False):
    """The weights that fit best."""
