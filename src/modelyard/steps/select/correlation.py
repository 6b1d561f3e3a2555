"""Of columns that say the same, keep the first.

Two columns that rise and fall together share their weight in a linear model, each then looks unimportant, and both
must be kept alive. Which of a pair goes is decided by the order of the table, so that it is the same in every fold
that finds the pair.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from modelyard.errors.data import NoRows
from modelyard.rows.table import Floats, Table
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted
from modelyard.step.selection import Dropped
from modelyard.step.step import Learns

WHO = "select.correlation"
Method = Literal["pearson", "spearman"]


class Echoes(Dropped, frozen=True, kw_only=True, tag="select.correlation"):
    """What `Correlation` learned: the columns that repeat one before them."""


class Correlation(Learns, frozen=True, kw_only=True, tag="select.correlation"):
    """Drop each column whose correlation with a kept one before it is `at_least`, in either direction. A pair is
    measured on the rows that have both; constants correlate with nothing and stay.

    Right: sums, conversions and copies (a price with and without tax). Wrong: as a judge of what matters: it never
    looks at the target, and of a pair it may keep the noisier.

    >>> from modelyard.rows.table import table
    >>> batch = Batch(table(km=[1.0, 2.0, 5.0], miles=[0.6, 1.2, 3.0], age=[3.0, 1.0, 2.0]))
    >>> Correlation().learn(batch, Context()).learned.drops
    ('miles',)
    """

    columns: Annotated[Columns, Meta(description="Which numbers are compared, and may go.")] = "numeric"
    at_least: Annotated[
        Annotated[float, Meta(gt=0, le=1)], Meta(description="The correlation from which two columns say the same.")
    ] = 0.95
    method: Annotated[
        Method, Meta(description="`pearson`: along a line; `spearman`: of ranks, along any curve that only rises.")
    ] = "pearson"

    def schema(self, given: Schema, ctx: Context) -> Schema:
        named(self.columns, given, ctx, NUMBERS, WHO)
        return given

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = named(self.columns, batch.X.schema, ctx, NUMBERS, WHO)
        if len(batch.X) == 0:
            raise NoRows("no rows to measure a correlation on", who=WHO)
        finite(batch.X, names, WHO)
        close = np.abs(correlations(batch.X, names, self.method)) >= self.at_least - ROUNDING
        kept: list[int] = []
        for place in range(len(names)):
            if not close[place, kept].any():
                kept.append(place)
        return Fitted(Echoes(drops=tuple(name for place, name in enumerate(names) if place not in kept)))


ROUNDING = 1e-12
"""A copy must count as one at `at_least: 1`, and sums round."""


def correlations(table: Table, names: tuple[str, ...], method: Method) -> Floats:
    """(k, k) of the pairs, each on the rows that have both; 0 where it is not defined. Ranks are a column's own."""
    X = table.matrix(names)
    if method == "spearman":
        X = _ranks(X)
    there = ~np.isnan(X)
    present, counts = there.astype(np.float64), np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, X, 0.0).sum(axis=0) / counts
    X = np.where(there, X - mean, 0.0)
    size = np.sqrt((X**2).sum(axis=0) / counts)
    X = X / np.where(size > 0, size, 1.0)
    both, sums, squares = present.T @ present, X.T @ present, (X**2).T @ present
    together = both * (X.T @ X) - sums * sums.T
    apart = both * squares - sums**2
    scale = np.sqrt(np.maximum(apart, 0.0) * np.maximum(apart, 0.0).T)
    flat = scale <= ROUNDING * both**2
    found: Floats = np.where(flat, 0.0, together / np.where(flat, 1.0, scale))
    return found


def _ranks(X: Floats) -> Floats:
    from scipy.stats import rankdata

    ranks: Floats = rankdata(X, axis=0, nan_policy="omit")
    return ranks
