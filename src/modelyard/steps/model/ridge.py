"""Least squares with a quadratic penalty on the weights."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from modelyard.lowering.linear import Weights, weights_of
from modelyard.rows.table import Floats, Table
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns
from modelyard.step.supervised import features, supervised


class Ridge(Learns, frozen=True, kw_only=True, tag="model.ridge"):
    """Least squares with a penalty: steadier than plain least squares when features are many or correlated."""

    needs = frozenset({"no_nulls", "numbers", "scaled"})

    alpha: Annotated[float, Meta(gt=0, description="Strength of the penalty on squared weights.")] = 1.0

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        from sklearn import linear_model

        rows = supervised(batch, ctx, "model.ridge", task="regression")
        fitted = linear_model.Ridge(alpha=self.alpha).fit(rows.X, rows.y, sample_weight=rows.weight)

        def oracle(table: Table) -> Floats:
            return fitted.predict(features(table, rows.columns)).reshape(-1, 1)

        return Fitted(Line(columns=rows.columns, line=weights_of(fitted.coef_, fitted.intercept_)), oracle=oracle)


class Line(Learned, frozen=True, kw_only=True, tag="model.ridge", eq=False):
    columns: tuple[str, ...]
    line: Weights

    def emit(self, program: ProgramBuilder) -> None:
        program.score(self.line.emit(program, self.columns))
