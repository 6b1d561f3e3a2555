"""One decision tree: the model that a person can read."""

from __future__ import annotations

from typing import Any

from modelyard.lowering.grown import Grown, GrowsTrees
from modelyard.step.context import Context
from modelyard.step.supervised import Supervised


class DecisionTree(GrowsTrees, frozen=True, kw_only=True, tag="model.decision_tree"):
    """One tree of questions. Easy to read when it is small, rarely the strongest.

    Right: a rule that people will read and sign. Wrong: for accuracy on a large table: a forest of them is
    steadier.

    >>> import numpy as np
    >>> from modelyard.step.fitted import Batch
    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> batch = Batch(table(x=[0.0, 1.0, 2.0, 3.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    >>> outcome = Outcome(task="classification", classes=("no", "yes"), positive=1)
    >>> fitted = DecisionTree(leaf=1).learn(batch, Context(outcome=outcome))
    >>> fitted.oracle(table(x=[1.5, 10.0])).round(3).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def estimator(self, rows: Supervised, ctx: Context) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeClassifier if rows.classification else DecisionTreeRegressor
        return kind(**self._shaped(rows, ctx, 1.0))

    def learned(self) -> type[Grown]:
        return GrownTree


class GrownTree(Grown, frozen=True, kw_only=True, tag="model.decision_tree", eq=False):
    """The one tree."""
