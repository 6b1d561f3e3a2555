"""Intake: the first thing learned in every chain: which columns come in, and which categories training rows had.

Learned per fold, so that a category seen only in test rows is unseen there too. It becomes `Program.takes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelyard.rows.table import Floats, Table, Vector
from modelyard.schema.contract import Contract, Field


def learn_fields(table: Table, names: Sequence[str], zone: str | None = None) -> tuple[Field, ...]:
    """The fields of those columns as these rows show them."""
    return tuple(_field(name, table.vector(name), zone) for name in names)


def _field(name: str, vector: Vector, zone: str | None) -> Field:
    if vector.kind == "text":
        return Field(name=name, kind="text", nullable=any(value is None for value in vector.values))
    nulls = np.isnan(vector.values)
    categories = ()
    if vector.kind == "category":
        seen = np.unique(vector.values[~nulls & (vector.values >= 0)]).astype(np.intp)
        categories = tuple(vector.categories[code] for code in seen)
    return Field(
        name=name,
        kind=vector.kind,
        nullable=bool(nulls.any()),
        categories=categories,
        zone=zone if vector.kind == "datetime" else None,
    )


def take_in(table: Table, contract: Contract) -> Table:
    """The contract's columns, category codes as ranks among the contract's categories (−1 unseen), or as words where
    the contract takes text."""
    return Table({field.name: _recode(table.vector(field.name), field) for field in contract.fields}, len(table))


def _recode(vector: Vector, field: Field) -> Vector:
    if field.kind == "text" and vector.kind == "category":
        words = np.array([*vector.categories, None, None], dtype=np.object_)  # the last two: null, and −1
        codes = np.where(np.isnan(vector.values), len(vector.categories), vector.values).astype(np.intp)
        return Vector("text", words[codes])
    if field.kind != "category" or vector.categories == field.categories:
        return vector
    rank = {value: float(code) for code, value in enumerate(field.categories)}
    known: Floats = np.array([*(rank.get(value, -1.0) for value in vector.categories), -1.0])
    nulls = np.isnan(vector.values)
    codes = np.where(nulls, -1, vector.values).astype(np.intp)
    return Vector("category", np.where(nulls, np.nan, known[codes]), field.categories)
