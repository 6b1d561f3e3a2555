"""A number that comes round, as two that do not jump: hour 23 lies beside hour 0.

No instruction is a sine, and none is needed: the curve is straight lines between points of it, exact at every whole
step (an hour, a weekday) and never off by more than 5e-6 between them.
"""

from __future__ import annotations

from math import ceil, pi
from typing import Annotated

import numpy as np
from msgspec import Meta

from modelyard.errors.data import BadSelector
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import ArithConst, Interp, reals
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

WHO = "encode.cyclic"
KNOWN = {"second": 60.0, "minute": 60.0, "hour": 24.0, "weekday": 7.0, "day": 31.0, "month": 12.0}
"""Periods by the last word of a column's name: what derive.date_parts writes."""
POINTS = 1_024
"""Lines per round, at least: (2π/1024)²/8 = 4.7e-6 is the most that a chord leaves its arc."""


class Circled(Learned, frozen=True, kw_only=True, tag="encode.cyclic"):
    """What `Cyclic` writes down: the period of each column. Nothing is learned from rows."""

    columns: tuple[str, ...]
    periods: tuple[float, ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=f"{name}_{side}", kind="number") for name in self.columns for side in ("sin", "cos"))

    @property
    def removes(self) -> tuple[str, ...]:
        return self.columns

    def emit(self, program: ProgramBuilder) -> None:
        for name, period in zip(self.columns, self.periods, strict=True):
            within = program.add(ArithConst(f="mod", x=program.register(name), value=period))
            xs, sine, cosine = knots(period)
            program.bind(f"{name}_sin", program.add(Interp(x=within, xs=xs, ys=sine)))
            program.bind(f"{name}_cos", program.add(Interp(x=within, xs=xs, ys=cosine)))


class Cyclic(Learns, frozen=True, kw_only=True, tag="encode.cyclic"):
    """`hour_sin` and `hour_cos` instead of `hour`; a null stays null. `period` is after how much it comes round; where
    it is empty, the name must end in second, minute, hour, weekday, day or month, as derive.date_parts writes them.

    Right: hour or weekday before a linear model or a distance. Wrong: a number that does not come round (a year, an
    age), or trees with many rows, which cut a day where they need to.

    >>> from modelyard.rows.table import table
    >>> learned = Cyclic(columns="start_hour").learn(Batch(table(start_hour=[6.0])), Context()).learned
    >>> learned.periods, [field.name for field in learned.writes]
    ((24.0,), ['start_hour_sin', 'start_hour_cos'])
    """

    columns: Annotated[Columns, Meta(description="Which numbers come round.")]
    period: Annotated[
        Annotated[float, Meta(gt=0, le=1e5)] | None, Meta(description="After how much; empty: by the column's name.")
    ] = None

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = self._names(given, ctx)
        made = (number(f"{name}_{side}", given[name].nullable) for name in names for side in ("sin", "cos"))
        return given.without(names).with_(*made)

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = self._names(batch.X.schema, ctx)
        finite(batch.X, names, WHO)
        learned = Circled(columns=names, periods=tuple(self._period(name) for name in names))
        return Fitted(learned, lambda table: _interpolated(table, learned))

    def _names(self, given: Schema, ctx: Context) -> tuple[str, ...]:
        names = named(self.columns, given, ctx, NUMBERS, WHO)
        for name in names:
            self._period(name)
        return names

    def _period(self, name: str) -> float:
        known = KNOWN.get(name.lower().rsplit("_", 1)[-1])
        if self.period is None and known is None:
            raise BadSelector(f"after how much {name!r} comes round is not known", who=WHO, way_out="give `period:`")
        return self.period or known or 0.0


def knots(period: float) -> tuple[Floats, Floats, Floats]:
    """(points of one round, their sines, their cosines): every whole number is one, and the last is the first."""
    steps = ceil(POINTS / period)
    inner = np.arange(ceil(period * steps)) / steps
    inner = inner[inner < period]  # the product may round up past a whole number
    angle = 2.0 * pi * inner / period
    sine, cosine = np.sin(angle), np.cos(angle)
    return reals([*inner, period]), reals([*sine, sine[0]]), reals([*cosine, cosine[0]])


def _interpolated(table: Table, learned: Circled) -> Floats:
    """(n, 2k) by numpy."""
    out = []
    for name, period in zip(learned.columns, learned.periods, strict=True):
        xs, sine, cosine = knots(period)
        within = np.mod(table[name], period)
        out += [np.interp(within, xs, sine), np.interp(within, xs, cosine)]
    return np.column_stack(out)
