"""One value for all gaps of a column, as scikit-learn's SimpleImputer learns it.

A category filled with a word that training rows never had gets a vocabulary that has it: old codes are then mapped to
their ranks in the new one, since codes are ranks everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from msgspec import Struct

from modelyard.rows.table import Floats, Vector
from modelyard.schema.contract import Field
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Fill, Map, reals

Simple = Literal["mean", "median", "most_frequent", "constant"]
Ranks = tuple[float, ...]


class Filling(Struct, frozen=True):
    """`field`: the column when it is filled. `ranks`: of the old codes among the new categories, None where they stay.
    `value`: what fills a gap, a code for a category. `transform`: the library's own, (n, 1) to (n, 1)."""

    field: Field
    ranks: Ranks | None
    value: float
    transform: Callable[[Floats], Floats]

    def of(self, values: Floats) -> Floats:
        """(n, 1) as the library fills them."""
        return self.transform(_recoded(values, self.ranks))


def filling(name: str, vector: Vector, strategy: Simple, value: float | str | None = None) -> Filling:
    """`value`: for `constant`, of the column's kind. A column without any value is filled with 0, or "".

    >>> filling("age", Vector("number", np.array([30.0, np.nan, 50.0])), "mean").value
    40.0
    >>> found = filling("city", Vector("category", np.array([0.0, np.nan]), ("rome",)), "constant", "oslo")
    >>> found.field.categories, found.ranks, found.value
    (('oslo', 'rome'), (1.0,), 0.0)
    """
    if vector.kind != "category":
        constant = None if isinstance(value, str) else value
        return _fitted(Field(name=name, kind="number", nullable=False), None, vector.values, strategy, constant)
    words = vector.categories
    word = "" if not words else value
    if not isinstance(word, str):
        field = Field(name=name, kind="category", nullable=False, categories=words)
        return _fitted(field, None, vector.values, strategy, None)
    grown = tuple(sorted({*words, word}))
    ranks = None if grown == words else tuple(float(grown.index(old)) for old in words)
    field = Field(name=name, kind="category", nullable=False, categories=grown)
    return _fitted(field, ranks, vector.values, strategy, float(grown.index(word)))


def _fitted(field: Field, ranks: Ranks | None, values: Floats, strategy: Simple, constant: float | None) -> Filling:
    from sklearn.impute import SimpleImputer

    how = strategy if constant is None else "constant"
    imputer = SimpleImputer(strategy=how, fill_value=constant, keep_empty_features=True)
    imputer.fit(_recoded(values, ranks))
    return Filling(field, ranks, float(imputer.statistics_[0]), imputer.transform)


def _recoded(values: Floats, ranks: Ranks | None) -> Floats:
    """(n, 1), codes as ranks in the new vocabulary."""
    if ranks is None:
        return values.reshape(-1, 1)
    known = np.array([*ranks, -1.0])
    codes = np.where(np.isnan(values), -1, values).astype(np.intp)
    return np.where(np.isnan(values), np.nan, known[codes]).reshape(-1, 1)


def fill(program: ProgramBuilder, x: int, value: float, ranks: Ranks | None) -> int:
    """The register of the filled column."""
    if ranks is None:
        return program.add(Fill(x=x, value=value))
    return program.add(Map(x=x, table=reals(ranks), missing=value, unseen=-1.0))
