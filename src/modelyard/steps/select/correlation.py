"""Of columns that say the same, keep the first.

Two columns that rise and fall together share their weight in a linear model, each then looks unimportant, and both
must be kept alive. Which of a pair goes is decided by the order of the table, so that it is the same in every fold
that finds the pair.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from modelyard.rows.table import Floats, Table
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.step.columns import NUMBERS, measured, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted
from modelyard.step.selection import Dropped
from modelyard.step.step import Learns

WHO = "select.correlation"
Method = Literal["pearson", "spearman"]


class Echoes(Dropped, frozen=True, kw_only=True, tag="select.correlation"):
    """What `Correlation` learned: the columns that repeat one before them."""


class Correlation(Learns, frozen=True, kw_only=True, tag="select.correlation"):
    """Drop each column whose correlation with a kept one before it is `at_least`, in either direction.

    A pair is measured on the rows that have both; constants correlate with nothing and stay.

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
        names = measured(self.columns, batch.X, ctx, WHO, "correlation")
        close = np.abs(correlations(batch.X, names, self.method)) >= self.at_least - ROUNDING
        kept: list[int] = []
        for place in range(len(names)):
            if not close[place, kept].any():
                kept.append(place)
        return Fitted(Echoes(drops=tuple(name for place, name in enumerate(names) if place not in kept)))


BLOCK = 65_536
"""Rows at a time, so that a long table needs no second copy of itself."""
ROUNDING = 1e-12
"""A copy must count as one at `at_least: 1`, and sums round."""


def correlations(table: Table, names: tuple[str, ...], method: Method) -> Floats:
    """(k, k) of the pairs, each on the rows that have both; 0 where it is not defined. Ranks are a column's own."""
    columns = [table[name] if method == "pearson" else _ranks(table[name]) for name in names]
    centre, scale = zip(*(_measures(column) for column in columns), strict=True)
    both, sums, squares, products = np.zeros((4, len(names), len(names)))
    for start in range(0, len(table), BLOCK):
        X = np.column_stack([column[start : start + BLOCK] for column in columns])
        there = ~np.isnan(X)
        X = np.where(there, (X - np.array(centre)) / np.array(scale), 0.0)
        # Columns that all rows have need no partner's mask: three of the four products are then sums.
        mask = np.ones((len(X), 1)) if there.all() else there.astype(np.float64)
        both += mask.T @ mask
        sums += X.T @ mask
        squares += (X**2).T @ mask
        products += X.T @ X
    return _quotient(both * products - sums * sums.T, np.maximum(both * squares - sums**2, 0.0), both)


def _measures(column: Floats) -> tuple[float, float]:
    """Mean and deviation of what is there: sums of columns near 0 and about 1 lose no digits."""
    known = column[~np.isnan(column)]
    deviation = float(np.std(known)) if len(known) else 0.0
    return (float(np.mean(known)) if len(known) else 0.0), deviation or 1.0


def _quotient(together: Floats, apart: Floats, both: Floats) -> Floats:
    """0 where one of a pair is constant on its rows."""
    scale = np.sqrt(apart * apart.T)
    flat = scale <= ROUNDING * both**2
    found: Floats = np.where(flat, 0.0, together / np.where(flat, 1.0, scale))
    return found


def _ranks(column: Floats) -> Floats:
    from scipy.stats import rankdata

    ranks = np.full(len(column), np.nan)
    known = ~np.isnan(column)
    ranks[known] = rankdata(column[known])
    return ranks
