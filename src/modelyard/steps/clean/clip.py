"""Hold numbers between two bounds: fixed, or quantiles of the training rows."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from modelyard.errors.data import WrongType
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Clip as ClipWord
from modelyard.step.columns import NUMBERS, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

WHO = "clean.clip"
INFINITY = float("inf")
Share = Annotated[float, Meta(ge=0, le=1)]


class Clipped(Learned, frozen=True, kw_only=True, tag="clean.clip"):
    """What `Clip` learned: the bounds of each column. An infinite bound, stored as None, leaves that side open."""

    columns: tuple[str, ...]
    lows: tuple[float | None, ...]
    highs: tuple[float | None, ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=name, kind="number") for name in self.columns)

    def bounds(self) -> tuple[Floats, Floats]:
        low = [-INFINITY if bound is None else bound for bound in self.lows]
        return np.array(low), np.array([INFINITY if bound is None else bound for bound in self.highs])

    def emit(self, program: ProgramBuilder) -> None:
        for name, low, high in zip(self.columns, *self.bounds(), strict=True):
            x = program.register(name)
            word = ClipWord(into=program.next, x=x, low=float(low), high=float(high))
            program.bind(name, program.add(word))


class Clip(Learns, frozen=True, kw_only=True, tag="clean.clip"):
    """Values beyond a bound become the bound; nulls stay. Quantiles are linear, as numpy's.

    Right: `quantiles: [0.001, 0.999]` for a linear model on long-tailed measures. Wrong: for trees, which do
    not care how far a value is, and for values that are errors: those are clean.outliers or a rule.

    >>> from modelyard.rows.table import table
    >>> Clip(quantiles=(0.0, 0.5)).learn(Batch(table(age=[30.0, 50.0, 900.0])), Context()).learned.highs
    (50.0,)
    """

    columns: Annotated[Columns, Meta(description="Which columns to hold.")] = "numeric"
    quantiles: Annotated[tuple[Share, Share] | None, Meta(description="Bounds from the training rows.")] = None
    low: Annotated[float | None, Meta(description="A fixed lower bound.")] = None
    high: Annotated[float | None, Meta(description="A fixed upper bound.")] = None

    def schema(self, given: Schema, ctx: Context) -> Schema:
        self._check()
        names = named(self.columns, given, ctx, NUMBERS, WHO)
        return given.with_(*(number(name, given[name].nullable) for name in names))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        self._check()
        names = named(self.columns, batch.X.schema, ctx, NUMBERS, WHO)
        bounds = [self._bounds(batch.X[name]) for name in names]
        learned = Clipped(columns=names, lows=tuple(b[0] for b in bounds), highs=tuple(b[1] for b in bounds))
        return Fitted(learned, lambda table: _clipped(table, learned))

    def _check(self) -> None:
        fixed = (self.low, self.high) != (None, None)
        if fixed == (self.quantiles is not None):
            raise WrongType("bounds are fixed (`low`, `high`) or `quantiles`", who=WHO, way_out="give one of the two")
        low, high = self.quantiles or (self.low, self.high)
        if low is not None and high is not None and low > high:
            raise WrongType(f"the lower bound {low} is above the upper {high}", who=WHO, way_out="swap them")

    def _bounds(self, values: Floats) -> tuple[float | None, float | None]:
        if self.quantiles is None:
            return self.low, self.high
        known = values[np.isfinite(values)]
        if not len(known):
            return None, None
        low, high = np.quantile(known, self.quantiles)
        return float(low), float(high)


def _clipped(table: Table, learned: Clipped) -> Floats:
    return np.clip(table.matrix(learned.columns), *learned.bounds())
