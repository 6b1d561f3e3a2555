"""Categories as whole numbers, in the order of their names: what trees without category tests can split on."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from modelyard.rows.table import UNSEEN, Floats, Vector
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Map, reals
from modelyard.step.columns import CODES, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

WHO = "encode.ordinal"


class Ranks(Learned, frozen=True, kw_only=True, tag="encode.ordinal"):
    """What `Ordinal` learned: the rank of every code of each column; −1 for anything else, null stays."""

    columns: tuple[str, ...]
    ranks: tuple[tuple[float, ...], ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=name, kind="number") for name in self.columns)

    def emit(self, program: ProgramBuilder) -> None:
        for name, ranks in zip(self.columns, self.ranks, strict=True):
            x, table = program.register(name), reals(ranks)
            word = Map(into=program.next, x=x, table=table, missing=float("nan"), unseen=UNSEEN)
            program.bind(name, program.add(word))


class Ordinal(Learns, frozen=True, kw_only=True, tag="encode.ordinal"):
    """Each category becomes its rank among those that training rows had.

    Right: before trees, which split ranks anywhere. Wrong: before a linear model: it would take rank 8 for
    twice rank 4.

    >>> from modelyard.rows.table import table
    >>> Ordinal().learn(Batch(table(city=["b", "a", None])), Context()).learned.ranks
    ((0.0, 1.0),)
    """

    columns: Annotated[Columns, Meta(description="Which categories to encode.")] = "category"

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = named(self.columns, given, ctx, CODES, WHO)
        return given.with_(*(number(name, given[name].nullable) for name in names))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        from sklearn.preprocessing import OrdinalEncoder

        names = named(self.columns, batch.X.schema, ctx, CODES, WHO)
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=int(UNSEEN), encoded_missing_value=float("nan")
        ).fit(batch.X.matrix(names))
        found = zip(names, encoder.categories_, strict=True)
        ranks = tuple(_ranks(batch.X.vector(name), categories) for name, categories in found)
        return Fitted(Ranks(columns=names, ranks=ranks), lambda table: encoder.transform(table.matrix(names)))


def _ranks(vector: Vector, categories: Floats) -> tuple[float, ...]:
    known = categories[~np.isnan(categories)].tolist()
    width = len(vector.categories) or 2
    return tuple(float(known.index(code)) if code in known else UNSEEN for code in range(width))
