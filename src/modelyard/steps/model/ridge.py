"""Least squares with a quadratic penalty on the weights."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from modelyard.lowering.least_squares import FitsLine, Line, Regressor


class Ridge(FitsLine, frozen=True, kw_only=True, tag="model.ridge"):
    """Least squares with a penalty: steadier than plain least squares when features are many or correlated.

    Right: many related, scaled numbers. Wrong: unscaled ones: the penalty falls on whatever has the small unit.

    >>> import numpy as np
    >>> from modelyard.step.context import Context
    >>> from modelyard.step.fitted import Batch
    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> batch = Batch(table(x=[0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0, 7.0]))
    >>> fitted = Ridge().learn(batch, Context(outcome=Outcome(task="regression")))
    >>> fitted.oracle(table(x=[1.5, 10.0])).round(3).tolist()
    [[4.0], [18.167]]
    """

    needs = frozenset({"no_nulls", "numbers", "scaled"})

    alpha: Annotated[float, Meta(gt=0, description="Strength of the penalty on squared weights.")] = 1.0

    def estimator(self) -> Regressor:
        from sklearn import linear_model

        return linear_model.Ridge(alpha=self.alpha)

    def learned(self) -> type[Line]:
        return ShrunkLine


class ShrunkLine(Line, frozen=True, kw_only=True, tag="model.ridge", eq=False):
    """The weights that fit best while they stay small."""
