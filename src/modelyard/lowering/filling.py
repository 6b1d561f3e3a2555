"""One value for all gaps of a column, as scikit-learn's SimpleImputer learns it.

A category filled with a word that training rows never had gets a vocabulary that has it: old codes are then mapped to
their ranks in the new one, since codes are ranks everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec import Struct

from modelyard.rows.table import Floats, Table, Vector
from modelyard.schema.contract import Field
from modelyard.scoring.builder import ProgramBuilder
from modelyard.scoring.instructions import Fill, Map, reals

if TYPE_CHECKING:
    from sklearn.impute import SimpleImputer

Simple = Literal["mean", "median", "most_frequent", "constant"]
Ranks = tuple[float, ...]
Transform = Callable[[Table], Floats]
"""The library's own: (n, k), the columns filled."""
CELLS = 4_000_000
"""Rows times columns that are learned at once."""


class Filling(Struct, frozen=True):
    """`field`: the column when it is filled. `ranks`: of the old codes among the new categories, None where they stay.
    `value`: what fills a gap, a code for a category."""

    field: Field
    ranks: Ranks | None
    value: float


class Asked(Struct, frozen=True):
    """A column before its value is learned. `constant`: the value, where it is given."""

    field: Field
    ranks: Ranks | None
    constant: float | None

    def values(self, given: Table) -> Floats:
        """(n,), codes as ranks in the new vocabulary."""
        return _recoded(given[self.field.name], self.ranks)


def fillings(
    table: Table, names: Sequence[str], strategy: Simple, value: float | str | None = None
) -> tuple[tuple[Filling, ...], Transform]:
    """What fills each of those columns, and how the library fills them. `value`: for `constant`, of the columns' kind.
    A column without any value is filled with 0, or "".

    >>> from modelyard.rows.table import table
    >>> found, transform = fillings(t := table(age=[30.0, None, 50.0]), ["age"], "mean")
    >>> found[0].value, transform(t).ravel().tolist()
    (40.0, [30.0, 40.0, 50.0])
    >>> found, _ = fillings(table(city=["rome", None]), ["city"], "constant", "oslo")
    >>> found[0].field.categories, found[0].ranks, found[0].value
    (('oslo', 'rome'), (1.0,), 0.0)
    """
    asked = [_asked(name, table.vector(name), value) for name in names]
    learned = [(group, _fitted(group, table, strategy)) for group in _together(asked, len(table))]
    found = [(one, v) for group, imputer in learned for one, v in zip(group, imputer.statistics_.tolist(), strict=True)]
    filled = {one.field.name: Filling(one.field, one.ranks, v) for one, v in found}

    def transform(given: Table) -> Floats:
        columns = dict[str, Floats]()
        for group, imputer in learned:
            done = imputer.transform(_side_by_side(group, given))
            columns |= {one.field.name: values for one, values in zip(group, done.T, strict=True)}
        return np.column_stack([columns[name] for name in names])

    return tuple(filled[name] for name in names), transform


def _asked(name: str, vector: Vector, value: float | str | None) -> Asked:
    if vector.kind != "category":
        constant = None if isinstance(value, str) else value
        return Asked(Field(name=name, kind="number", nullable=False), None, constant)
    words = vector.categories
    word = "" if not words else value
    if not isinstance(word, str):
        return Asked(Field(name=name, kind="category", nullable=False, categories=words), None, None)
    grown = tuple(sorted({*words, word}))
    ranks = None if grown == words else tuple(float(grown.index(old)) for old in words)
    field = Field(name=name, kind="category", nullable=False, categories=grown)
    return Asked(field, ranks, float(grown.index(word)))


def _together(asked: Sequence[Asked], rows: int) -> Iterator[list[Asked]]:
    """Columns that one imputer learns: of one constant or none, and of so many cells at once that its copies fit."""
    alike: dict[float | None, list[Asked]] = {}
    for one in asked:
        alike.setdefault(one.constant, []).append(one)
    most = max(1, CELLS // max(rows, 1))
    for group in alike.values():
        yield from (group[start : start + most] for start in range(0, len(group), most))


def _fitted(group: Sequence[Asked], table: Table, strategy: Simple) -> SimpleImputer:
    from sklearn.impute import SimpleImputer

    constant = group[0].constant
    how = strategy if constant is None else "constant"
    return SimpleImputer(strategy=how, fill_value=constant, keep_empty_features=True).fit(_side_by_side(group, table))


def _side_by_side(group: Sequence[Asked], table: Table) -> Floats:
    """(n, k), each column's values beside each other in memory: a mean is then added up as that of the column alone,
    bit for bit."""
    return np.array([one.values(table) for one in group]).reshape(len(group), len(table)).T


def _recoded(values: Floats, ranks: Ranks | None) -> Floats:
    if ranks is None:
        return values
    known = np.array([*ranks, -1.0])
    codes = np.where(np.isnan(values), -1, values).astype(np.intp)
    return np.where(np.isnan(values), np.nan, known[codes])


def fill(program: ProgramBuilder, x: int, value: float, ranks: Ranks | None) -> int:
    """The register of the filled column."""
    if ranks is None:
        return program.add(Fill(x=x, value=value))
    return program.add(Map(x=x, table=reals(ranks), missing=value, unseen=-1.0))
