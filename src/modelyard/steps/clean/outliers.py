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
from modelyard.lowering.curves import constant
from modelyard.lowering.isolation import Isolation, isolate
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Arith, Const, Fill, Select
from modelyard.scoring.instructions import Clip as ClipWord
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

WHO = "clean.outliers"
INFINITY, NAN = float("inf"), float("nan")
Method = Literal["iqr", "z_score", "isolation_forest"]
Action = Literal["flag", "clip", "null"]
ROW = "outlier"
"""The flag of a row as a whole."""
SHARE = 0.01
"""Not the paper's fixed limit: on real tables with gaps that calls more than half of the rows outliers."""


class Apart(Learned, frozen=True, kw_only=True, tag="clean.outliers", eq=False):
    """What `Outliers` learned: each column's bounds, or a forest over all of them. A bound of None is open."""

    columns: tuple[str, ...]
    action: Action
    lows: tuple[float | None, ...] = ()
    highs: tuple[float | None, ...] = ()
    isolation: Isolation | None = None

    @property
    def writes(self) -> tuple[Field, ...]:
        if self.action != "flag":
            return tuple(Field(name=name, kind="number") for name in self.columns)
        names = (ROW,) if self.isolation else tuple(f"{ROW}={name}" for name in self.columns)
        return tuple(Field(name=name, kind="number", nullable=False) for name in names)

    def bounds(self) -> list[tuple[str, float, float]]:
        low = [-INFINITY if bound is None else bound for bound in self.lows]
        high = [INFINITY if bound is None else bound for bound in self.highs]
        return list(zip(self.columns, low, high, strict=True))

    def emit(self, program: ProgramBuilder) -> None:
        if self.isolation is not None:
            self._whole_row(self.isolation, program)
            return
        for name, low, high in self.bounds():
            x = program.register(name)
            if self.action == "clip":
                program.bind(name, program.add(ClipWord(x=x, low=low, high=high)))
            else:
                self._mark(program, name, _outside(program, x, low, high))

    def _whole_row(self, isolation: Isolation, program: ProgramBuilder) -> None:
        far = isolation.emit(program, [program.register(name) for name in self.columns])
        if self.action == "flag":
            program.bind(ROW, far)
        else:
            for name in self.columns:
                self._mark(program, name, far)

    def _mark(self, program: ProgramBuilder, name: str, far: int) -> None:
        if self.action == "flag":
            program.bind(f"{ROW}={name}", far)
        else:
            null = program.add(Const(value=NAN))
            program.bind(name, program.add(Select(test=far, a=null, b=program.register(name))))


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
    action: Annotated[Action, Meta(description="flag: add 0/1 columns; clip: hold at the bound; null: forget.")] = (
        "flag"
    )
    factor: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="Quartile ranges or deviations; empty: 1.5 or 3.")
    ] = None
    share: Annotated[
        Annotated[float, Meta(gt=0, le=0.5)] | None,
        Meta(description="Share of training rows that are outliers, for isolation_forest; empty: 0.01."),
    ] = None
    trees: Annotated[int, Meta(ge=1, description="How many, for isolation_forest.")] = 100

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = self._names(given, ctx)
        if self.action == "clip":
            return given.with_(*(number(name, given[name].nullable) for name in names))
        if self.action == "null":
            return given.with_(*(number(name, nullable=True) for name in names))
        flags = (ROW,) if self.method == "isolation_forest" else tuple(f"{ROW}={name}" for name in names)
        return given.with_(*(number(name, zero_one=True) for name in flags))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = self._names(batch.X.schema, ctx)
        finite(batch.X, names, WHO)
        if self.method == "isolation_forest":
            return self._forest(batch.X, names, ctx)
        bounds = [self._bounds(batch.X[name]) for name in names]
        lows, highs = tuple(low for low, _ in bounds), tuple(high for _, high in bounds)
        learned = Apart(columns=names, action=self.action, lows=lows, highs=highs)
        return Fitted(learned, lambda table: _oracle(table, learned))

    def _names(self, given: Schema, ctx: Context) -> tuple[str, ...]:
        forest = self.method == "isolation_forest"
        if forest and self.action == "clip":
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
        isolation, flags = isolate(X.matrix(names), self.trees, SHARE if self.share is None else self.share, ctx.seed)
        learned = Apart(columns=names, action=self.action, isolation=isolation)

        def oracle(table: Table) -> Floats:
            rows = table.matrix(names)
            far = flags(rows).reshape(-1, 1)
            return far if self.action == "flag" else np.where(far > 0, np.nan, rows)

        return Fitted(learned, oracle)


def _outside(program: ProgramBuilder, x: int, low: float, high: float) -> int:
    either = Arith(f="or", a=constant(program, "lt", x, low), b=constant(program, "gt", x, high))
    return program.add(Fill(x=program.add(either), value=0.0))


def _oracle(table: Table, learned: Apart) -> Floats:
    """(n, k) by numpy."""
    X = table.matrix(learned.columns)
    low, high = (np.array(side) for side in zip(*[bound[1:] for bound in learned.bounds()], strict=True))
    if learned.action == "clip":
        return np.clip(X, low, high)
    far = (low > X) | (high < X)
    return far.astype(np.float64) if learned.action == "flag" else np.where(far, np.nan, X)
