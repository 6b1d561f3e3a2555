"""Models of least squares: one weighted sum of the features. A kind says with which penalty, if any."""

from __future__ import annotations

from typing import Protocol

from modelyard.lowering.linear import Weights, weights_of
from modelyard.rows.table import Floats, Table
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns
from modelyard.step.supervised import features, supervised


class Regressor(Protocol):
    """What is used of a linear regressor of scikit-learn."""

    coef_: Floats
    intercept_: float

    def fit(self, X: Floats, y: Floats, sample_weight: Floats | None = ...) -> Regressor: ...

    def predict(self, X: Floats) -> Floats: ...


class FitsLine(Learns, frozen=True, kw_only=True):
    def estimator(self) -> Regressor:
        """The unfitted estimator."""
        raise NotImplementedError

    def learned(self) -> type[Line]:
        """The Learned of this kind."""
        raise NotImplementedError

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        rows = supervised(batch, ctx, str(type(self).__struct_config__.tag), task="regression")
        fitted = self.estimator().fit(rows.X, rows.y, sample_weight=rows.weight)

        def oracle(table: Table) -> Floats:
            return fitted.predict(features(table, rows.columns)).reshape(-1, 1)

        line = weights_of(fitted.coef_, fitted.intercept_)
        return Fitted(self.learned()(columns=rows.columns, line=line), oracle=oracle)


class Line(Learned, frozen=True, kw_only=True, eq=False):
    columns: tuple[str, ...]
    line: Weights

    def emit(self, program: ProgramBuilder) -> None:
        program.score(self.line.emit(program, self.columns))
