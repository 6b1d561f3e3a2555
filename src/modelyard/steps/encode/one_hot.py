"""One column of 0 and 1 per category.

Rare categories share a slot, because a column that is nearly always 0 teaches noise; a value that training never saw
goes there too, or to all zeros where nothing was rare. A null is a category like the others.
"""

from __future__ import annotations

from math import ceil
from typing import Annotated

import numpy as np
from msgspec import Meta

from modelyard.rows.table import Floats, Vector
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Map, reals
from modelyard.scoring.instructions import OneHot as OneHotWord
from modelyard.step.columns import CODES, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

WHO = "encode.one_hot"
NULL, INFREQUENT = "<null>", "<infrequent>"
SHARE, ROWS = 0.01, 10
"""A category is rare below 1 % of the training rows, or below 10 rows, whichever is more."""


class Slots(Learned, frozen=True, kw_only=True, tag="encode.one_hot"):
    """What `OneHot` learned: for each column the slot of every code, of null and of anything else (−1: no slot), and
    the names of the slots."""

    columns: tuple[str, ...]
    slots: tuple[tuple[float, ...], ...]
    nulls: tuple[float, ...]
    others: tuple[float, ...]
    names: tuple[tuple[str, ...], ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=name, kind="number", nullable=False) for names in self.names for name in names)

    @property
    def removes(self) -> tuple[str, ...]:
        return self.columns

    def emit(self, program: ProgramBuilder) -> None:
        for place, column in enumerate(self.columns):
            x, slots = program.register(column), reals(self.slots[place])
            word = Map(into=program.next, x=x, table=slots, missing=self.nulls[place], unseen=self.others[place])
            slot = program.add(word)
            first = program.add(OneHotWord(into=program.next, x=slot, slots=len(self.names[place])))
            for offset, name in enumerate(self.names[place]):
                program.bind(name, first + offset)


class OneHot(Learns, frozen=True, kw_only=True, tag="encode.one_hot"):
    """Categories as 0/1 columns named `carrier=AA`, `carrier=<null>`, `carrier=<infrequent>`.

    Right: ten carriers before a linear model. Wrong: ten thousand tail numbers: encode.target, encode.hash or
    encode.frequency keep the table narrow.

    >>> from modelyard.rows.table import table
    >>> batch = Batch(table(city=["a", "b", None]))
    >>> [field.name for field in OneHot(min_frequency=1).learn(batch, Context()).learned.writes]
    ['city=a', 'city=b', 'city=<null>']
    """

    columns: Annotated[Columns, Meta(description="Which categories to encode.")] = "category"
    min_frequency: Annotated[
        int | float | None, Meta(description="Rows (a whole number) or share of rows below which a category is rare.")
    ] = None

    def schema(self, given: Schema, ctx: Context) -> Schema:
        names = named(self.columns, given, ctx, CODES, WHO)
        groups = (number(f"{name}=*", zero_one=True) for name in names)
        return given.without(names).with_(*groups)

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        from sklearn.preprocessing import OneHotEncoder

        names = named(self.columns, batch.X.schema, ctx, CODES, WHO)
        encoder = OneHotEncoder(
            min_frequency=self._rows(len(batch.X)), handle_unknown="infrequent_if_exist", sparse_output=False
        ).fit(batch.X.matrix(names))
        rare = getattr(encoder, "infrequent_categories_", [None] * len(names))
        learned = _written(names, [batch.X.vector(name) for name in names], encoder.categories_, rare)
        return Fitted(learned, lambda table: encoder.transform(table.matrix(names)))

    def _rows(self, rows: int) -> int:
        """The fewest rows that a category needs for a slot of its own."""
        if self.min_frequency is None:
            return max(ceil(SHARE * rows), ROWS)
        if isinstance(self.min_frequency, int):
            return max(self.min_frequency, 1)
        return max(ceil(self.min_frequency * rows), 1)


def _written(
    names: tuple[str, ...], vectors: list[Vector], categories: list[Floats], rare: list[Floats | None]
) -> Slots:
    columns = [_Column(*found) for found in zip(names, vectors, categories, rare, strict=True)]
    return Slots(
        columns=names,
        slots=tuple(tuple(column.slot(float(code)) for code in range(column.width)) for column in columns),
        nulls=tuple(column.slot(float("nan")) for column in columns),
        others=tuple(column.other for column in columns),
        names=tuple(column.names for column in columns),
    )


class _Column:
    """The slots of one column in scikit-learn's order: frequent codes, null after them, the infrequent slot last."""

    def __init__(self, name: str, vector: Vector, categories: Floats, rare: Floats | None) -> None:
        shared = [] if rare is None else [_key(code) for code in rare]
        self.own = [key for key in map(_key, categories) if key not in shared]
        self.shared, self.name, self.vector = shared, name, vector
        self.other = float(len(self.own)) if shared else -1.0

    @property
    def width(self) -> int:
        return len(self.vector.categories) or 2

    def slot(self, code: float) -> float:
        key = _key(code)
        return float(self.own.index(key)) if key in self.own else self.other

    @property
    def names(self) -> tuple[str, ...]:
        own = [f"{self.name}={self._word(key)}" for key in self.own]
        return tuple([*own, f"{self.name}={INFREQUENT}"] if self.shared else own)

    def _word(self, key: int | None) -> str:
        if key is None:
            return NULL
        word = self.vector.categories[key] if self.vector.categories else ("false", "true")[key]
        return f"'{word}'" if word in (NULL, INFREQUENT) else word


def _key(code: float) -> int | None:
    return None if np.isnan(code) else int(code)
