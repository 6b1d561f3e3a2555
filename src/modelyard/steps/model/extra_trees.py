"""Extremely randomised trees: a forest whose splits are drawn at random and then chosen among.

Source: Geurts, Ernst and Wehenkel (2006).
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from modelyard.lowering.grown import Grown, GrowsTrees
from modelyard.step.context import Context
from modelyard.step.supervised import Supervised


class ExtraTrees(GrowsTrees, frozen=True, kw_only=True, tag="model.extra_trees"):
    """The average of many trees with random splits. Smoother than a random forest, and faster to learn.

    Right: noisy numbers, where a smooth answer matters more than the last per mille. Wrong: tables of a few
    strong columns among hundreds of weak ones: random splits seldom find them.

    >>> import numpy as np
    >>> from modelyard.step.fitted import Batch
    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> batch = Batch(table(x=[0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0, 7.0]))
    >>> fitted = ExtraTrees(trees=20, leaf=1).learn(batch, Context(outcome=Outcome(task="regression")))
    >>> fitted.oracle(table(x=[1.5, 10.0])).round(3).tolist()
    [[4.0], [7.0]]
    """

    trees: Annotated[int, Meta(ge=1, le=5000, description="How many trees.")] = 100

    def estimator(self, rows: Supervised, ctx: Context) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        parameters = self._shaped(rows, ctx, "sqrt" if rows.classification else 1.0)
        kind = ExtraTreesClassifier if rows.classification else ExtraTreesRegressor
        return kind(**parameters, n_estimators=self.trees, n_jobs=ctx.cores)

    def learned(self) -> type[Grown]:
        return GrownExtraTrees


class GrownExtraTrees(Grown, frozen=True, kw_only=True, tag="model.extra_trees", eq=False):
    """The trees of one forest."""
