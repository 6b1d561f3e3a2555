"""A random forest: the average of many trees, each grown on its own sample of the rows."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from modelyard.lowering.grown import Grown, GrowsTrees
from modelyard.step.context import Context
from modelyard.step.supervised import Supervised


class RandomForest(GrowsTrees, frozen=True, kw_only=True, tag="model.random_forest"):
    """The average of many deep trees. Robust without tuning; large to store.

    Right: a table of thousands of rows and no time to tune. Wrong: millions of rows behind a small server:
    hundreds of deep trees are hundreds of megabytes.

    >>> import numpy as np
    >>> from modelyard.step.fitted import Batch
    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> batch = Batch(table(x=[0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0, 7.0]))
    >>> fitted = RandomForest(trees=20, leaf=1).learn(batch, Context(outcome=Outcome(task="regression")))
    >>> fitted.oracle(table(x=[1.5, 10.0])).round(3).tolist()
    [[3.6], [6.3]]
    """

    trees: Annotated[int, Meta(ge=1, le=5000, description="How many trees.")] = 100

    def estimator(self, rows: Supervised, ctx: Context) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        parameters = self._shaped(rows, ctx, "sqrt" if rows.classification else 1.0)
        kind = RandomForestClassifier if rows.classification else RandomForestRegressor
        return kind(**parameters, n_estimators=self.trees, n_jobs=ctx.cores)

    def learned(self) -> type[Grown]:
        return GrownForest


class GrownForest(Grown, frozen=True, kw_only=True, tag="model.random_forest", eq=False):
    """The trees of one forest."""
