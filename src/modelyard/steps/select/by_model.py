"""Keep the columns that a model of all of them leans on.

Extremely randomised trees by default: they take numbers as they come, gaps and category codes included, and a column
that matters only together with another one shows.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from modelyard.errors.data import WrongType
from modelyard.rows.table import Floats
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted
from modelyard.step.selection import Dropped, best
from modelyard.step.step import Learns
from modelyard.step.supervised import Supervised, supervised, two_classes

WHO = "select.by_model"
KINDS = (*NUMBERS, "category")
Leaning = Literal["trees", "linear"]


class Unused(Dropped, frozen=True, kw_only=True, tag="select.by_model"):
    """What `ByModel` learned: the columns that its model did without."""


class ByModel(Learns, frozen=True, kw_only=True, tag="select.by_model"):
    """Learn a model of the training rows and keep the columns that it leans on most.

    `trees`: how much each column's splits gain; `linear`: the size of its coefficient on scaled columns, which must
    have no nulls or categories.

    Right: before a model that many weak columns confuse or slow down. Wrong: next to copies of a column: they share
    its importance and may all fall below the cut, so select.correlation comes first. The columns kept are those of
    scikit-learn's `SelectFromModel`.

    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> batch = Batch(table(a=[1.0, 2.0, 3.0, 4.0], b=[1.0, 0.0, 1.0, 0.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    >>> ByModel(keep=1).learn(batch, Context(outcome=Outcome(task="regression"))).learned.drops
    ('b',)
    """

    columns: Annotated[Columns, Meta(description="Which columns are judged, and may go.")] = (
        "numeric",
        "category",
        "boolean",
    )
    model: Annotated[Leaning, Meta(description="`trees` (extremely randomised), or `linear` (ridge, logistic).")] = (
        "trees"
    )
    keep: Annotated[
        Annotated[int, Meta(ge=1)] | Annotated[float, Meta(gt=0, lt=1)] | Literal["mean", "median"],
        Meta(description="How many stay: a number, a share below 1, or those at least as important as the `mean`."),
    ] = "mean"

    def schema(self, given: Schema, ctx: Context) -> Schema:
        named(self.columns, given, ctx, KINDS, WHO)
        return given

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = named(self.columns, batch.X.schema, ctx, KINDS, WHO)
        finite(batch.X, names, WHO)
        rows = supervised(replace(batch, X=batch.X.select(names)), ctx, WHO, codes=self.model == "trees")
        two_classes(rows, WHO)
        importance = _of_trees(rows, ctx) if self.model == "trees" else _of_line(rows)
        kept = self._kept(names, importance)
        return Fitted(Unused(drops=tuple(name for name in names if name not in kept)))

    def _kept(self, names: tuple[str, ...], importance: Floats) -> tuple[str, ...]:
        if not isinstance(self.keep, str):
            return best(names, importance, self.keep)
        cut = np.mean(importance) if self.keep == "mean" else np.median(importance)
        return tuple(name for name, size in zip(names, importance, strict=True) if size >= cut)


def _of_trees(rows: Supervised, ctx: Context) -> Floats:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    kind = ExtraTreesClassifier if rows.classification else ExtraTreesRegressor
    forest: Any = kind(n_estimators=100, min_samples_leaf=5, random_state=ctx.seed, n_jobs=ctx.cores)
    importance: Floats = forest.fit(rows.X, rows.targets, sample_weight=rows.weight).feature_importances_
    return importance


def _of_line(rows: Supervised) -> Floats:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.preprocessing import StandardScaler

    gaps = [name for name, column in zip(rows.columns, rows.X.T, strict=True) if np.isnan(column).any()]
    if gaps:
        raise WrongType(f"column {gaps[0]!r} has nulls", who=WHO, way_out="Put clean.impute before, or `model: trees`")
    model: Any = LogisticRegression(max_iter=1000) if rows.classification else Ridge()
    scaled = StandardScaler().fit(rows.X).transform(rows.X)
    coefficients = model.fit(scaled, rows.targets, sample_weight=rows.weight).coef_
    sizes: Floats = np.abs(np.atleast_2d(coefficients)).sum(axis=0)
    return sizes
