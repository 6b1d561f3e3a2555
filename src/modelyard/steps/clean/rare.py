"""Rare categories as one: what a model cannot learn from three rows, it can learn from three hundred together."""

from __future__ import annotations

from math import ceil
from typing import Annotated

import numpy as np
from msgspec import Meta

from modelyard.rows.table import UNSEEN, Floats, Table, Vector
from modelyard.schema.column import Column
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Map, reals
from modelyard.step.columns import named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns

WHO = "clean.rare"
NAN = float("nan")
SHARE, ROWS = 0.01, 10


class Grouped(Learned, frozen=True, kw_only=True, tag="clean.rare"):
    """What `Rare` learned: the vocabulary after it, the new code of every old one, and that of what was never seen."""

    fields: tuple[Field, ...]
    codes: tuple[tuple[float, ...], ...]
    unseen: tuple[float, ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return self.fields

    def emit(self, program: ProgramBuilder) -> None:
        for field, codes, unseen in zip(self.fields, self.codes, self.unseen, strict=True):
            x = program.register(field.name)
            program.bind(field.name, program.add(Map(x=x, table=reals(codes), missing=NAN, unseen=unseen)))


class Rare(Learns, frozen=True, kw_only=True, tag="clean.rare"):
    """Categories with few training rows become one, named `word`; so do those that training never saw, unless
    `unseen: false`. Nulls stay.

    Right: airports, occupations, device models, before encode.ordinal or a model that takes categories. Wrong: before
    encode.one_hot alone, which groups rare categories itself.

    >>> from modelyard.rows.table import table
    >>> learned = Rare(min_frequency=2).learn(Batch(table(city=["a", "a", "b", "c"])), Context()).learned
    >>> learned.fields[0].categories, learned.codes
    (('<rare>', 'a'), ((1.0, 0.0, 0.0),))
    """

    columns: Annotated[Columns, Meta(description="Which categories to look at.")] = "category"
    min_frequency: Annotated[
        Annotated[int, Meta(ge=1)] | Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description="Rows, or share of rows, below which a category is rare; empty: 1 %, but 10 rows at least."),
    ] = None
    word: Annotated[str, Meta(description="What rare ones are called; it may be a category that there is.")] = "<rare>"
    unseen: Annotated[bool, Meta(description="Whether a category that training never saw is rare.")] = True

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = named(self.columns, given, ctx, ("category",), WHO)
        return given.with_(*(Column(name=name, kind="category", nullable=given[name].nullable) for name in names))

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        names = named(self.columns, batch.X.schema, ctx, ("category",), WHO)
        kept = {name: self._kept(batch.X.vector(name)) for name in names}
        fields = tuple(self._field(name, words) for name, words in kept.items())
        learned = Grouped(
            fields=fields,
            codes=tuple(self._codes(field, batch.X.vector(field.name), kept[field.name]) for field in fields),
            unseen=tuple(self._unseen(field) for field in fields),
        )
        return Fitted(learned, lambda table: self._oracle(table, fields, kept))

    def _least(self, rows: int) -> int:
        if self.min_frequency is None:
            return max(ceil(SHARE * rows), ROWS)
        return self.min_frequency if isinstance(self.min_frequency, int) else ceil(self.min_frequency * rows)

    def _kept(self, vector: Vector) -> frozenset[str]:
        seen = vector.values[vector.values >= 0].astype(np.intp)
        counts = np.bincount(seen, minlength=len(vector.categories))
        least = self._least(len(vector.values))
        return frozenset(word for word, count in zip(vector.categories, counts, strict=True) if count >= least)

    def _field(self, name: str, kept: frozenset[str]) -> Field:
        return Field(name=name, kind="category", categories=tuple(sorted({*kept, self.word})))

    def _codes(self, field: Field, vector: Vector, kept: frozenset[str]) -> tuple[float, ...]:
        words = (word if word in kept else self.word for word in vector.categories)
        return tuple(float(field.categories.index(word)) for word in words)

    def _unseen(self, field: Field) -> float:
        return float(field.categories.index(self.word)) if self.unseen else UNSEEN

    def _oracle(self, table: Table, fields: tuple[Field, ...], kept: dict[str, frozenset[str]]) -> Floats:
        """(n, k): by the words themselves, not by codes."""
        out = np.full((len(table), len(fields)), np.nan)
        for place, field in enumerate(fields):
            vector, rank = table.vector(field.name), {word: at for at, word in enumerate(field.categories)}
            for row, code in enumerate(vector.values.tolist()):
                if code == UNSEEN:
                    out[row, place] = self._unseen(field)
                elif code == code:  # not null
                    word = vector.categories[int(code)]
                    out[row, place] = rank[word if word in kept[field.name] else self.word]
        return out
