"""Least squares with a quadratic penalty on the weights."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from modelyard.lowering.least_squares import FitsLine, Line, Regressor


class Ridge(FitsLine, frozen=True, kw_only=True, tag="model.ridge"):
    """Least squares with a penalty: steadier than plain least squares when features are many or correlated.

    Right: many related, scaled numbers. Wrong: unscaled ones: the penalty falls on whatever has the small unit.
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
