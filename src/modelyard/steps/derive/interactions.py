"""Products of columns: what lets a linear model see that two things matter together.

A product of three is multiplied from the right, as scikit-learn does it: `a·(b·c)` and `(a·b)·c` round apart.
"""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement
from math import comb
from typing import Annotated

import numpy as np
from msgspec import Meta

from modelyard.errors.data import BadSelector
from modelyard.rows.table import Floats, Table
from modelyard.schema.contract import Field
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Arith
from modelyard.step.columns import NUMBERS, finite, named
from modelyard.step.context import Context
from modelyard.step.fitted import Batch, Fitted, Learned
from modelyard.step.step import Learns, number

WHO = "derive.interactions"
MOST = 2_000
"""Products of one step: beyond it a table is wider than a request can carry and a model can use."""
Factors = tuple[str, ...]


class Products(Learned, frozen=True, kw_only=True, tag="derive.interactions"):
    """What `Interactions` writes down: the factors of each product. Nothing is learned from rows."""

    products: tuple[Factors, ...]

    @property
    def writes(self) -> tuple[Field, ...]:
        return tuple(Field(name=name_of(factors), kind="number") for factors in self.products)

    def emit(self, program: ProgramBuilder) -> None:
        done: dict[Factors, int] = {}
        for factors in self.products:
            program.bind(name_of(factors), self._product(program, factors, done))

    def _product(self, program: ProgramBuilder, factors: Factors, done: dict[Factors, int]) -> int:
        """`done`: products that others may end with."""
        if len(factors) == 1:
            return program.register(factors[0])
        if factors not in done:
            rest = self._product(program, factors[1:], done)
            done[factors] = program.add(Arith(f="mul", a=program.register(factors[0]), b=rest))
        return done[factors]


class Interactions(Learns, frozen=True, kw_only=True, tag="derive.interactions"):
    """`height*width` beside `height` and `width`: the products of every pair of columns (`degree: 3`: of three too).
    A null factor gives a null product.

    Right: a few columns that belong together, scaled before, then a linear model. Wrong: all columns of a wide table
    (k columns give k·(k − 1)/2 products), or trees, which find interactions themselves.

    >>> from modelyard.rows.table import table
    >>> learned = Interactions().learn(Batch(table(a=[1.0], b=[2.0], c=[3.0])), Context()).learned
    >>> [field.name for field in learned.writes]
    ['a*b', 'a*c', 'b*c']
    """

    columns: Annotated[Columns, Meta(description="Which columns to multiply.")] = "numeric"
    degree: Annotated[int, Meta(ge=2, le=3, description="Most factors of a product.")] = 2
    squares: Annotated[bool, Meta(description="Multiply columns with themselves too.")] = False

    def schema(self, given: Schema, ctx: Context) -> Schema:
        made = (number(name_of(factors), any(given[n].nullable for n in factors)) for factors in self._all(given, ctx))
        return given.with_(*made)

    def learn(self, batch: Batch, ctx: Context) -> Fitted:
        products = self._all(batch.X.schema, ctx)
        names = tuple(dict.fromkeys(name for factors in products for name in factors))
        finite(batch.X, names, WHO)
        return Fitted(Products(products=products), lambda table: self._library(table, names, products))

    def _all(self, given: Schema, ctx: Context) -> tuple[Factors, ...]:
        names = named(self.columns, given, ctx, NUMBERS, WHO)
        if len(names) < 2 and not self.squares:
            raise BadSelector(f"{names[0]!r} alone has nothing to be multiplied with", who=WHO)
        count = sum(comb(len(names) + (size - 1 if self.squares else 0), size) for size in range(2, self.degree + 1))
        if count > MOST:
            found = f"{len(names)} columns give {count:,} products, more than {MOST:,}"
            raise BadSelector(found, who=WHO, way_out="Name the columns that belong together, or lower `degree:`")
        choose = combinations_with_replacement if self.squares else combinations
        return tuple(factors for size in range(2, self.degree + 1) for factors in choose(names, size))

    def _library(self, table: Table, names: tuple[str, ...], products: tuple[Factors, ...]) -> Floats:
        """(n, k) by scikit-learn, which takes no nulls: they are put back after."""
        from sklearn.preprocessing import PolynomialFeatures

        X = table.matrix(names)
        library = PolynomialFeatures(self.degree, interaction_only=not self.squares, include_bias=False)
        made = library.fit(np.zeros((1, len(names)))).transform(np.where(np.isnan(X), 0.0, X))
        null = np.column_stack([np.isnan(table.matrix(tuple(set(factors)))).any(axis=1) for factors in products])
        return np.where(null, np.nan, made[:, len(names) :])


def name_of(factors: Factors) -> str:
    """The column that holds a product.

    >>> name_of(("a", "a", "b"))
    'a*a*b'
    """
    return "*".join(factors)
