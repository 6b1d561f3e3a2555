"""Each category as how often training rows had it: one number per category, and no look at the target.

Why a share and not a count: it means the same on a fold, on all rows and after the next retraining.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from modelyard.errors.data import NoRows
from modelyard.rows.table import Floats, Table, Vector
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Map, reals
from modelyard.step.columns import CODES, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

WHO = "encode.frequency"


class Often(Struct, frozen=True, kw_only=True):
    """How often one column had every code, and how often it had none."""

    column: str
    known: tuple[float, ...]
    null: float


class Frequencies(Learned, frozen=True, kw_only=True, tag="encode.frequency"):
    """What `Frequency` learned. A category that training never saw was there 0 times."""

    columns: tuple[Often, ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=one.column, kind="number", nullable=False) for one in self.columns)

    def emit(self, program: ProgramBuilder) -> None:
        for one in self.columns:
            x, known = program.register(one.column), reals(one.known)
            program.bind(one.column, program.add(Map(x=x, table=known, missing=one.null, unseen=0.0)))


class Frequency(Learns, frozen=True, kw_only=True, tag="encode.frequency"):
    """Categories as their share of the training rows; null counts as a category, and a new one is 0.

    Right: being rare or common says something (a shop's size, an agent, a browser). Wrong: for telling categories
    apart, because two that are equally frequent become the same number.

    >>> from modelyard.rows.table import table
    >>> Frequency().learn(Batch(table(city=["b", "a", "b", None])), Context()).learned.columns[0].known
    (0.25, 0.5)
    """

    columns: Annotated[Columns, Meta(description="Which categories to encode.")] = "category"
    measure: Annotated[Literal["share", "count"], Meta(description="Share of the training rows, or their count.")] = (
        "share"
    )

    def schema(self, given: Schema, ctx: Context) -> Schema:
        return given.with_(*(number(name) for name in named(self.columns, given, ctx, CODES, WHO)))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = named(self.columns, batch.X.schema, ctx, CODES, WHO)
        if len(batch.X) == 0:
            raise NoRows("no rows to count categories in", who=WHO)
        total = len(batch.X) if self.measure == "share" else 1
        columns = tuple(_often(name, batch.X.vector(name), total) for name in names)
        return Fitted(Frequencies(columns=columns), lambda table: _oracle(batch.X, table, names, total))


def _often(name: str, vector: Vector, total: int) -> Often:
    known = vector.values[vector.values >= 0].astype(np.intp)
    counts = np.bincount(known, minlength=len(vector.categories) or 2) / total
    return Often(column=name, known=tuple(counts.tolist()), null=float(np.isnan(vector.values).sum() / total))


def _oracle(train: Table, table: Table, names: tuple[str, ...], total: int) -> Floats:
    """polars counts the training rows and joins the counts to the new ones."""
    import polars as pl

    made = []
    for name in names:
        counts = pl.DataFrame({"code": pl.Series(train[name], nan_to_null=True)}).group_by("code").len("rows")
        new = pl.DataFrame({"code": pl.Series(table[name], nan_to_null=True)})
        joined = new.join(counts, on="code", how="left", nulls_equal=True, maintain_order="left")
        rows = joined["rows"].fill_null(0).cast(pl.Float64).to_numpy()
        made.append(np.where(table[name] < 0, 0.0, rows / total))
    return np.column_stack(made)
