"""Row rules on a table: one function, the same in training and on each request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from modelyard.rows.table import UNSEEN, Table, Vector
from modelyard.schema.column import NUMERIC
from modelyard.schema.rules import ColumnRule

Mask = NDArray[np.bool_]


def breaches(
    rules: Sequence[ColumnRule], table: Table, texts: Mapping[str, Sequence[str | None]] | None = None
) -> list[tuple[ColumnRule, Mask]]:
    """The rules that a row breaks, each with the mask (n,) of those rows. A null breaks only `nulls: false`.

    `texts`: a category column's raw strings. A code says only "unseen", so without them a value that training never
    saw passes where the rule allows categories that training never saw either.

    >>> from modelyard.rows.table import table
    >>> found = breaches([ColumnRule(column="age", min=0.0)], table(age=[30.0, None, -1.0]))
    >>> [(rule.column, mask.tolist()) for rule, mask in found]
    [('age', [False, False, True])]
    """
    found = ((rule, _mask(rule, table.vector(rule.column), texts)) for rule in rules if rule.column in table)
    return [(rule, mask) for rule, mask in found if mask.any()]


def _mask(rule: ColumnRule, vector: Vector, texts: Mapping[str, Sequence[str | None]] | None) -> Mask:
    mask = np.zeros(len(vector.values), dtype=np.bool_)
    for _, part in _parts(rule, vector, (texts or {}).get(rule.column)):
        mask |= part
    return mask


def _parts(rule: ColumnRule, vector: Vector, raw: Sequence[str | None] | None) -> Iterator[tuple[str, Mask]]:
    null = nulls(vector)
    if rule.nulls is False:
        yield "null, which is not allowed", null
    if rule.type is not None:
        yield f"no {rule.type}", ~null & _mistyped(rule, vector)
    if vector.kind not in ("text", "category"):
        if rule.min is not None:
            yield f"below {rule.min}", vector.values < rule.min
        if rule.max is not None:
            yield f"above {rule.max}", vector.values > rule.max
    if rule.learned and vector.kind == "category":
        yield "no category that training rows had", vector.values == UNSEEN
    if rule.categories is not None:
        yield "not among the categories allowed", ~null & _foreign(rule.categories, vector, raw)


def nulls(vector: Vector) -> Mask:
    if vector.kind == "text":
        return np.array([value is None for value in vector.values], dtype=np.bool_)
    return np.asarray(np.isnan(vector.values), dtype=np.bool_)


def _mistyped(rule: ColumnRule, vector: Vector) -> Mask:
    """Kinds that hold one another: whole numbers are numbers, 0 and 1 are booleans, categories are strings."""
    strings = ("category", "text")
    if rule.type == vector.kind or (rule.type in strings and vector.kind in strings):
        return np.zeros(len(vector.values), dtype=np.bool_)
    if vector.kind in (*NUMERIC, "boolean"):
        if rule.type == "number":
            return np.zeros(len(vector.values), dtype=np.bool_)
        if rule.type == "integer":
            return np.asarray(vector.values != np.floor(vector.values), dtype=np.bool_)
        if rule.type == "boolean":
            return np.asarray((vector.values != 0) & (vector.values != 1), dtype=np.bool_)
    return np.ones(len(vector.values), dtype=np.bool_)


def _foreign(allowed: tuple[str, ...], vector: Vector, raw: Sequence[str | None] | None) -> Mask:
    if raw is not None or vector.kind == "text":
        known = set(allowed)
        return np.array([value not in known for value in (vector.values if raw is None else raw)], dtype=np.bool_)
    if vector.kind != "category":
        numbers = np.array([float(word) for word in allowed if _is_number(word)])
        return np.asarray(~np.isin(vector.values, numbers), dtype=np.bool_)
    unseen = set(allowed) <= set(vector.categories)
    foreign = np.array([*(word not in allowed for word in vector.categories), unseen], dtype=np.bool_)
    return np.asarray(foreign[np.where(np.isnan(vector.values), UNSEEN, vector.values).astype(np.intp)])


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def explain(rule: ColumnRule, table: Table, row: int, texts: Mapping[str, Sequence[str | None]] | None = None) -> str:
    """Why that row breaks the rule, with the value.

    >>> from modelyard.rows.table import table
    >>> explain(ColumnRule(column="age", min=0.0), table(age=[-1.0]), 0)
    'age is -1.0: below 0.0'
    """
    vector = table.vector(rule.column)
    raw = (texts or {}).get(rule.column)
    why = [part for part, mask in _parts(rule, vector, raw) if mask[row]]
    return f"{rule.column} is {_shown(vector, row, raw)}: {' and '.join(why)}"


def _shown(vector: Vector, row: int, raw: Sequence[str | None] | None) -> str:
    if raw is not None:
        return repr(raw[row])
    value = vector.values[row]
    if vector.kind == "text":
        return repr(value)
    if np.isnan(value):
        return "null"
    if vector.kind == "category":
        return repr(vector.categories[int(value)]) if value >= 0 else "a value never seen"
    return repr(float(value))
