"""Bring numbers to mean 0 and deviation 1: what linear models and distances need.

`(x − mean) / deviation`, two roundings and a real division, as scikit-learn does it; `a·x + b` would differ.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import ArithConst
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

WHO = "clean.scale"


class Scaled(Learned, frozen=True, kw_only=True, tag="clean.scale"):
    """What `Scale` learned: mean and deviation of each column. A constant column has deviation 1."""

    columns: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=name, kind="number") for name in self.columns)

    def emit(self, program: ProgramBuilder) -> None:
        for name, mean, deviation in zip(self.columns, self.means, self.deviations, strict=True):
            x = program.register(name)
            centred = program.add(ArithConst(into=program.next, f="sub", x=x, value=mean))
            program.bind(name, program.add(ArithConst(into=program.next, f="div", x=centred, value=deviation)))


class Scale(Learns, frozen=True, kw_only=True, tag="clean.scale"):
    """Standardise numbers; nulls stay.

    >>> from modelyard.rows.table import table
    >>> Scale().learn(Batch(table(age=[30.0, 50.0])), Context()).learned.deviations
    (10.0,)
    """

    columns: Annotated[Columns, Meta(description="Which columns to scale.")] = "numeric"
    method: Annotated[Literal["standard"], Meta(description="`standard`: mean 0, deviation 1.")] = "standard"

    def schema(self, given: Schema, ctx: Context) -> Schema:
        return given.with_(*(number(name, given[name].nullable) for name in self._names(given, ctx)))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        from sklearn.preprocessing import StandardScaler

        names = self._names(batch.X.schema, ctx)
        finite(batch.X, names, WHO)
        scaler = StandardScaler().fit(batch.X.matrix(names))
        learned = Scaled(columns=names, means=tuple(scaler.mean_.tolist()), deviations=tuple(scaler.scale_.tolist()))
        return Fitted(learned, lambda table: scaler.transform(table.matrix(names)))

    def _names(self, schema: Schema, ctx: Context) -> tuple[str, ...]:
        return named(self.columns, schema, ctx, NUMBERS, WHO)
