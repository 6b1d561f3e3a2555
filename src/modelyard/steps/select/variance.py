"""Drop numbers that hardly move: what is the same on every row tells no row from another."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from modelyard.rows.table import Floats
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.step.columns import NUMBERS, measured, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted
from modelyard.step.selection import Dropped
from modelyard.step.step import Learns

WHO = "select.variance"


class Still(Dropped, frozen=True, kw_only=True, tag="select.variance"):
    """What `Variance` learned: the columns that did not move enough."""


class Variance(Learns, frozen=True, kw_only=True, tag="select.variance"):
    """Drop the columns whose variance over the training rows is not above `above`.

    Nulls are left out of it, and a column of nulls goes.

    Right: `above: 0`, which drops constants. Wrong: a greater one on columns of different units: metres vary more than
    kilometres. The columns kept are those of scikit-learn's `VarianceThreshold`.

    >>> from modelyard.rows.table import table
    >>> Variance().learn(Batch(table(a=[1.0, 1.0], b=[1.0, 2.0])), Context()).learned.drops
    ('a',)
    """

    columns: Annotated[Columns, Meta(description="Which numbers may go.")] = "numeric"
    above: Annotated[Annotated[float, Meta(ge=0)], Meta(description="A column stays when its variance is greater.")] = (
        0.0
    )

    def schema(self, given: Schema, ctx: Context) -> Schema:
        named(self.columns, given, ctx, NUMBERS, WHO)
        return given

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = measured(self.columns, batch.X, ctx, WHO, "variance")
        return Fitted(Still(drops=tuple(name for name in names if not self._moves(batch.X[name]))))

    def _moves(self, values: Floats) -> bool:
        known = values[~np.isnan(values)]
        # Rounding may give a constant column a variance of 1e-33; its range is exactly 0.
        return len(known) > 0 and float(np.ptp(known)) > 0 and float(np.var(known)) > self.above
