"""Keep the columns that say most about the target, each by itself.

Mutual information sees any dependence, not only straight lines, and numbers and categories on one scale. It costs a
nearest-neighbour search per column, so that it is measured on a sample of the training rows.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from modelyard.errors.data import BadTarget, NoRows, WrongType
from modelyard.rows.table import Floats, Table
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.step.columns import CODES, NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted
from modelyard.step.selection import Dropped, best
from modelyard.step.step import Learns

WHO = "select.mutual_information"
KINDS = (*NUMBERS, "category")
FEWEST = 5
"""Rows below which nothing has three nearest neighbours."""


class Silent(Dropped, frozen=True, kw_only=True, tag="select.mutual_information"):
    """What `MutualInformation` learned: the columns that said least."""


class MutualInformation(Learns, frozen=True, kw_only=True, tag="select.mutual_information"):
    """Keep the columns that have most mutual information with the target: `keep: 20` columns, or `keep: 0.5` of them.

    A null of a category is a category; numbers must have none.

    Right: a first cut through hundreds of columns. Wrong: where columns speak only together (each half of a sum says
    nothing): use select.by_model. The information is that of scikit-learn's `mutual_info_classif` and
    `mutual_info_regression`.

    >>> from modelyard.rows.table import table
    >>> from modelyard.schema.target import Outcome
    >>> batch = Batch(table(sun=["y", "n"] * 4, day=["a", "a", "b", "b"] * 2), np.array([1.0, 0.0] * 4))
    >>> ctx = Context(outcome=Outcome(task="classification", classes=("no", "yes")))
    >>> MutualInformation(columns="category", keep=1).learn(batch, ctx).learned.drops
    ('day',)
    """

    columns: Annotated[Columns, Meta(description="Which columns are measured, and may go.")] = (
        "numeric",
        "category",
        "boolean",
    )
    keep: Annotated[
        Annotated[int, Meta(ge=1)] | Annotated[float, Meta(gt=0, lt=1)],
        Meta(description="How many of them stay: a number of columns, or a share below 1."),
    ] = 0.5
    rows: Annotated[Annotated[int, Meta(ge=100)], Meta(description="Training rows to measure on, at most.")] = 20_000

    def schema(self, given: Schema, ctx: Context) -> Schema:
        named(self.columns, given, ctx, KINDS, WHO)
        return given

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = named(self.columns, batch.X.schema, ctx, KINDS, WHO)
        X, y = self._sampled(batch, ctx)
        finite(X, names, WHO)
        _no_gaps(X, names)
        kept = best(names, information(X, y, names, ctx), self.keep)
        return Fitted(Silent(drops=tuple(name for name in names if name not in kept)))

    def _sampled(self, batch: Batch, ctx: Context) -> tuple[Table, Floats]:
        if batch.y is None or ctx.outcome is None:
            raise BadTarget("there is no target to be informed about", who=WHO)
        if len(batch.X) < FEWEST:
            raise NoRows(f"{len(batch.X)} training rows: at least {FEWEST} are needed", who=WHO)
        if len(batch.X) <= self.rows:
            return batch.X, batch.y
        chosen = np.sort(np.random.default_rng(ctx.seed).choice(len(batch.X), self.rows, replace=False))
        return batch.X.take(chosen), batch.y[chosen]


def information(X: Table, y: Floats, names: tuple[str, ...], ctx: Context) -> Floats:
    """(k,) in nats, of each column with the target."""
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    discrete = np.array([X.schema[name].kind in CODES for name in names])
    values = X.matrix(names)
    values[:, discrete] = np.where(np.isnan(values[:, discrete]), -2.0, values[:, discrete])
    classes = ctx.outcome is not None and ctx.outcome.task == "classification"
    measure = mutual_info_classif if classes else mutual_info_regression
    return measure(values, y, discrete_features=discrete, random_state=ctx.seed)


def _no_gaps(X: Table, names: tuple[str, ...]) -> None:
    for name in names:
        if X.schema[name].kind not in CODES and np.isnan(X[name]).any():
            raise WrongType(f"column {name!r} has nulls", who=WHO, way_out="Put clean.impute before this step")
