"""Models that average scikit-learn's trees: what random forests, extra trees and a single tree have in common.

Beyond the largest float32 the library refuses a number, so the program refuses it too: as a rule of its contract for
columns that come in as they are. A column that is computed on the way has been checked in training only.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from modelyard.errors.data import BeyondFloat32
from modelyard.lowering.forest import Forest
from modelyard.lowering.links import answer_classes
from modelyard.lowering.sklearn_trees import LARGEST, forest_of
from modelyard.rows.table import Floats, Table
from modelyard.scoring.builder import ProgramBuilder
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns
from modelyard.step.supervised import Supervised, features, supervised


class GrowsTrees(Learns, frozen=True, kw_only=True):
    """The parameters that all of them take. A kind says which estimators it grows with, and what it learns is."""

    needs = frozenset({"numbers"})

    depth: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Most levels of a tree; empty: until leaves are pure.")
    ] = None
    leaf: Annotated[int, Meta(ge=1, description="Fewest rows in a leaf.")] = 5
    share: Annotated[
        Annotated[float, Meta(gt=0, le=1)] | None,
        Meta(description="Share of features tried at a split; empty: the usual."),
    ] = None
    balance: Annotated[bool, Meta(description="Weigh rows so that every class counts the same.")] = False

    def estimator(self, rows: Supervised, ctx: Context) -> Any:
        """The unfitted estimator for these rows."""
        raise NotImplementedError

    def learned(self) -> type[Grown]:
        """The Learned of this kind."""
        raise NotImplementedError

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        who = type(self).__struct_config__.tag
        rows = supervised(batch, ctx, str(who))
        _within_float32(rows.X, rows.columns)
        fitted = self.estimator(rows, ctx).fit(rows.X, rows.targets, sample_weight=rows.weight)
        # The library adds trees in the order its threads end; alone it adds them in theirs, as we do.
        vars(fitted).update({"n_jobs": None} if "n_jobs" in vars(fitted) else {})

        def oracle(table: Table) -> Floats:
            X = features(table, rows.columns)
            _within_float32(X, rows.columns)
            return rows.widen(fitted.predict_proba(X) if rows.classification else fitted.predict(X))

        forest = forest_of(vars(fitted).get("estimators_", [fitted]))
        grown = self.learned()(columns=rows.columns, forest=forest, present=rows.present, count=rows.count)
        return Fitted(grown, oracle=oracle)

    def _shaped(self, rows: Supervised, ctx: Context, usual: str | float) -> dict[str, Any]:
        """The estimator's parameters; `usual` features are tried at a split where `share` is empty."""
        return {
            "max_depth": self.depth,
            "min_samples_leaf": self.leaf,
            "max_features": self.share or usual,
            "random_state": ctx.seed,
            **({"class_weight": "balanced"} if self.balance and rows.classification else {}),
        }


class Grown(Learned, frozen=True, kw_only=True, eq=False):
    columns: tuple[str, ...]
    forest: Forest
    present: tuple[int, ...]
    count: int

    def emit(self, program: ProgramBuilder) -> None:
        xs = [program.register(name) for name in self.columns]
        for feature in np.unique(self.forest.feature[self.forest.feature >= 0]).tolist():
            program.limit(xs[feature], -LARGEST, LARGEST)
        answer_classes(program, self.forest.emit(program, xs), self.present, self.count)


def _within_float32(X: Floats, columns: tuple[str, ...]) -> None:
    """BeyondFloat32 at the first number that scikit-learn's trees cannot hold (NaN they can)."""
    large = np.abs(X) > LARGEST
    if large.any():
        row, place = np.argwhere(large)[0].tolist()
        raise BeyondFloat32(f"column {columns[place]!r} holds {X[row, place]:g}", where=f"row {row + 1}")
