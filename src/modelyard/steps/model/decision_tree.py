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
    """

    def estimator(self, rows: Supervised, ctx: Context) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeClassifier if rows.classification else DecisionTreeRegressor
        return kind(**self._shaped(rows, ctx, 1.0))

    def learned(self) -> type[Grown]:
        return GrownTree


class GrownTree(Grown, frozen=True, kw_only=True, tag="model.decision_tree", eq=False):
    """The one tree."""
