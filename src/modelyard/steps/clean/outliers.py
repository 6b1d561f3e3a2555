"""Numbers far from the rest: flagged, held at the bound, or taken for missing.

Why a flag by default: a far value is often the case that matters, and a model that is told of it can decide. `iqr`
(Tukey, 1977) and `z_score` look at each column alone; `isolation_forest` (Liu, Ting and Zhou, 2008) at a row as a
whole, so it has no bound to hold a value at.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from modelyard.errors.data import NoRows, WrongType
from modelyard.lowering.apart import Action, Apart, flags
from modelyard.lowering.isolation import isolate
from modelyard.rows.table import Floats, Table
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted
from modelyard.step.step import Learns, number

WHO = "clean.outliers"
Method = Literal["iqr", "z_score", "isolation_forest"]
SHARE = 0.01
"""Not the paper's fixed limit: on real tables with gaps that calls more than half of the rows outliers."""


class Distant(Apart, frozen=True, kw_only=True, tag="clean.outliers", eq=False):
    """What `Outliers` learned: how far is far, and what is done with it."""


class Outliers(Learns, frozen=True, kw_only=True, tag="clean.outliers"):
    """Find numbers far from the rest of the training rows, and flag, clip or null them. A null is no outlier.

    `iqr`: `factor` quartile ranges below the lower or above the upper quartile (1.5 unless said). `z_score`: `factor`
    deviations from the mean (3 unless said). `isolation_forest`: rows that few random splits set apart; it flags the
    row (`outlier`), or nulls all the columns it looked at; `share` says how many training rows are outliers.

    Right: `action: null` before clean.impute for sensors that send 9999. Wrong: `clip` on the amounts of a fraud
    model, where the far values are the frauds.

    >>> from modelyard.rows.table import table
    >>> learned = Outliers().learn(Batch(table(age=[30.0, 40.0, 50.0, 999.0])), Context()).learned
    >>> learned.highs, learned.writes[0].name
    ((661.875,), 'outlier=age')
    """

    columns: Annotated[Columns, Meta(description="Which columns to look at.")] = "numeric"
    method: Annotated[Method, Meta(description="How far is told; see above.")] = "iqr"
    action: Annotated[
        Action | None, Meta(description="flag: add 0/1 columns; clip: hold at the bound; null: forget.")
    ] = "flag"
    factor: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="Quartile ranges or deviations; empty: 1.5 or 3.")
    ] = None
    share: Annotated[
        Annotated[float, Meta(gt=0, le=0.5)] | None,
        Meta(description="Share of training rows that are outliers, for isolation_forest; empty: 0.01."),
    ] = None
    trees: Annotated[int, Meta(ge=1, description="How many, for isolation_forest.")] = 100

    @property
    def does(self) -> Action:
        """`action: null` without quotes is YAML's own null, and means the word."""
        return self.action or "null"

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = self._names(given, ctx)
        if self.does == "clip":
            return given.with_(*(number(name, given[name].nullable) for name in names))
        if self.does == "null":
            return given.with_(*(number(name, nullable=True) for name in names))
        return given.with_(*(number(name, zero_one=True) for name in flags(names, self.method == "isolation_forest")))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = self._names(batch.X.schema, ctx)
        finite(batch.X, names, WHO)
        if self.method == "isolation_forest":
            return self._forest(batch.X, names, ctx)
        bounds = [self._bounds(batch.X[name]) for name in names]
        lows, highs = tuple(low for low, _ in bounds), tuple(high for _, high in bounds)
        learned = Distant(columns=names, action=self.does, lows=lows, highs=highs)
        return Fitted(learned, learned.by_numpy)

    def _names(self, given: Schema, ctx: Context) -> tuple[str, ...]:
        forest = self.method == "isolation_forest"
        if forest and self.does == "clip":
            raise WrongType("a forest has no bound to clip at", who=WHO, way_out="`flag`, `null`, or another method")
        if forest and self.factor is not None:
            raise WrongType("`factor:` is of iqr and z_score", who=WHO, way_out="give `share:`")
        if not forest and self.share is not None:
            raise WrongType("`share:` is of isolation_forest", who=WHO, way_out="give `factor:`")
        return named(self.columns, given, ctx, NUMBERS, WHO)

    def _bounds(self, values: Floats) -> tuple[float | None, float | None]:
        known = values[~np.isnan(values)]
        if not len(known):
            return None, None
        if self.method == "iqr":
            low, high = np.quantile(known, (0.25, 0.75))
            reach = (self.factor or 1.5) * (high - low)
            return float(low - reach), float(high + reach)
        mean, reach = np.mean(known), (self.factor or 3.0) * np.std(known)
        return float(mean - reach), float(mean + reach)

    def _forest(self, X: Table, names: tuple[str, ...], ctx: Context) -> Fitted:
        if len(X) == 0:
            raise NoRows("no rows to learn from", who=WHO)
        isolation, marks = isolate(X.matrix(names), self.trees, SHARE if self.share is None else self.share, ctx.seed)
        learned = Distant(columns=names, action=self.does, isolation=isolation)

        def oracle(table: Table) -> Floats:
            rows = table.matrix(names)
            far = marks(rows).reshape(-1, 1)
            return far if self.does == "flag" else np.where(far > 0, np.nan, rows)

        return Fitted(learned, oracle)
