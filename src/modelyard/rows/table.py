"""A table over numpy columns: what every learned step and every program works on.

Why not a DataFrame: a prediction must not pay for one, and the kinds here are the few that a program knows. Everything
is a float64 array (numbers, booleans as 0/1, datetimes as microseconds since 1970 UTC, categories as codes), except
text, which is an object array of `str | None`. Null is NaN (None in text).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelyard.errors import did_you_mean
from modelyard.errors.data import MissingColumn
from modelyard.schema.column import Column, Kind
from modelyard.schema.schema import Schema
from modelyard.schema.selector import Columns, choose
from modelyard.schema.word import one_form

Floats = NDArray[np.float64]
Values = NDArray[Any]

UNSEEN = -1.0
"""The code of a value that training never saw."""


class Vector(Struct, frozen=True, eq=False):
    """One column: `values` of shape (n,), and for a category the sorted `categories` that its codes are ranks of."""

    kind: Kind
    values: Values
    categories: tuple[str, ...] = ()

    def take(self, rows: Values) -> Vector:
        return Vector(self.kind, self.values[rows], self.categories)


class Table(Struct, frozen=True, eq=False):
    """Columns of one length, by name, in order. Never changed in place."""

    vectors: Mapping[str, Vector]
    length: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.vectors)

    @property
    def schema(self) -> Schema:
        return Schema(tuple(Column(name=name, kind=v.kind) for name, v in self.vectors.items()))

    def __len__(self) -> int:
        return self.length

    def __contains__(self, name: object) -> bool:
        return name in self.vectors

    def vector(self, name: str) -> Vector:
        try:
            return self.vectors[name]
        except KeyError:
            raise MissingColumn(f"no column {name!r}", way_out=did_you_mean(name, self.vectors)) from None

    def __getitem__(self, name: str) -> Values:
        return self.vector(name).values

    def choose(self, columns: Columns) -> tuple[str, ...]:
        """The names that a selector means in this table, in its order."""
        return choose(columns, self.schema)

    def matrix(self, columns: Columns) -> Floats:
        """(n, k) float64, row-major, of the columns chosen; codes stay codes, NaN stays NaN."""
        names = self.choose(columns)
        out = np.empty((self.length, len(names)))
        for place, name in enumerate(names):
            out[:, place] = self[name]
        return out

    def select(self, names: Iterable[str]) -> Table:
        return Table({name: self.vector(name) for name in names}, self.length)

    def without(self, names: Iterable[str]) -> Table:
        gone = set(names)
        return Table({n: v for n, v in self.vectors.items() if n not in gone}, self.length)

    def with_(self, vectors: Mapping[str, Vector]) -> Table:
        return Table({**self.vectors, **vectors}, self.length)

    def take(self, rows: Values) -> Table:
        """The rows at those positions (or where a boolean mask is true), in that order."""
        length = int(np.count_nonzero(rows)) if rows.dtype == np.bool_ else len(rows)
        return Table({name: v.take(rows) for name, v in self.vectors.items()}, length)


def table(**columns: Any) -> Table:
    """A small table from Python lists: numbers, booleans, or strings (which become a category).

    >>> t = table(age=[30.0, None, 50.0], city=["b", "a", None])
    >>> t["age"].tolist(), t["city"].tolist(), t.vector("city").categories
    ([30.0, nan, 50.0], [1.0, 0.0, nan], ('a', 'b'))
    """
    vectors = {name: _vector(values) for name, values in columns.items()}
    lengths = {len(vector.values) for vector in vectors.values()}
    if len(lengths) > 1:
        raise MissingColumn(f"columns of different lengths {sorted(lengths)} make no table")
    return Table(vectors, lengths.pop() if lengths else 0)


def _vector(values: Any) -> Vector:
    known = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in known):
        return coded(values)
    kind: Kind = "boolean" if known and all(isinstance(value, bool) for value in known) else "number"
    return Vector(kind, np.array([np.nan if value is None else value for value in values], dtype=np.float64))


def coded(values: Iterable[str | None], categories: tuple[str, ...] | None = None) -> Vector:
    r"""Strings to codes: over the given categories, or over the sorted values found, each in one form.

    >>> coded(["Zoe\u0308", "Zo\u00eb"]).values.tolist()
    [0.0, 0.0]
    """
    listed = [None if value is None else one_form(value) for value in values]
    if categories is None:
        categories = tuple(sorted({value for value in listed if value is not None}))
    rank = {value: float(code) for code, value in enumerate(categories)}
    codes = [np.nan if value is None else rank.get(value, UNSEEN) for value in listed]
    return Vector("category", np.array(codes, dtype=np.float64), categories)
