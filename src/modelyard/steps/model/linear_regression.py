"""Least squares: a weight per feature and a bias."""

from __future__ import annotations

from modelyard.lowering.linear import Weights, weights_of
from modelyard.rows.table import Floats, Table
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns
from modelyard.step.supervised import features, supervised


class LinearRegression(Learns, frozen=True, kw_only=True, tag="model.linear_regression"):
    """Least squares without a penalty. For correlated features prefer model.ridge."""

    needs = frozenset({"no_nulls", "numbers"})

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        from sklearn import linear_model

        rows = supervised(batch, ctx, "model.linear_regression", task="regression")
        fitted = linear_model.LinearRegression().fit(rows.X, rows.y, sample_weight=rows.weight)

        def oracle(table: Table) -> Floats:
            return fitted.predict(features(table, rows.columns)).reshape(-1, 1)

        return Fitted(Line(columns=rows.columns, line=weights_of(fitted.coef_, fitted.intercept_)), oracle=oracle)


class Line(Learned, frozen=True, kw_only=True, tag="model.linear_regression", eq=False):
    columns: tuple[str, ...]
    line: Weights

    def emit(self, program: ProgramBuilder) -> None:
        program.score(self.line.emit(program, self.columns))
