"""Row rules on a table: one function, the same in training and on each request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from modelyard.rows.expression import Evaluation, Texts
from modelyard.rows.pattern import Pattern
from modelyard.rows.table import UNSEEN, Table, Vector
from modelyard.schema.column import NUMERIC
from modelyard.schema.expression import parse
from modelyard.schema.expression_kinds import STRINGS
from modelyard.schema.rules import ColumnRule
from modelyard.schema.word import one_form

Mask = NDArray[np.bool_]


class Checks:
    """Rules made ready once: what was read of patterns and expressions is not read again for each request.

    `texts`: a category column's raw strings. A code says only "unseen", so without them a value that training never
    saw passes where the rule allows categories that training never saw either."""

    def __init__(self, rules: Sequence[ColumnRule], zone: str = "UTC") -> None:
        self.rules, self.zone = tuple(rules), zone
        self._patterns = {rule.regex: Pattern(rule.regex) for rule in rules if rule.regex is not None}
        self._expressions = {rule.expression: parse(rule.expression) for rule in rules if rule.expression}
        self._reads = [rule.reads for rule in self.rules]

    def breaches(self, table: Table, texts: Texts | None = None) -> list[tuple[ColumnRule, Mask]]:
        """The rules that a row breaks, each with the mask (n,) of those rows. A null breaks only `nulls: false`; a
        rule of columns that are not there is not checked."""
        found = self.masks(table, texts)
        return [(rule, mask) for rule, mask in found if mask.any()]

    def masks(self, table: Table, texts: Texts | None = None) -> list[tuple[ColumnRule, Mask]]:
        """Every rule whose columns are there, with the rows that break it."""
        return [
            (rule, self._mask(rule, table, texts or {}))
            for rule, reads in zip(self.rules, self._reads, strict=True)
            if all(name in table for name in reads)
        ]

    def explain(self, rule: ColumnRule, table: Table, row: int, texts: Texts | None = None) -> str:
        """Why that row breaks the rule, with the values."""
        given = texts or {}
        if rule.expression:
            values = (f"{name} is {_shown(table.vector(name), row, given.get(name))}" for name in rule.reads)
            return f"{rule.expression} is false: {', '.join(values)}"
        vector, raw = table.vector(rule.column), given.get(rule.column)
        why = [part for part, mask in self._parts(rule, vector, raw) if mask[row]]
        return f"{rule.column} is {_shown(vector, row, raw)}: {' and '.join(why)}"

    def _mask(self, rule: ColumnRule, table: Table, texts: Texts) -> Mask:
        if rule.expression:
            made = Evaluation(self._expressions[rule.expression], table, texts, self.zone).result()
            return np.asarray(made == 0.0, dtype=np.bool_)
        vector = table.vector(rule.column)
        mask = np.zeros(len(vector.values), dtype=np.bool_)
        for _, part in self._parts(rule, vector, texts.get(rule.column)):
            mask |= part
        return mask

    def _parts(self, rule: ColumnRule, vector: Vector, raw: Sequence[str | None] | None) -> Iterator[tuple[str, Mask]]:
        yield from _parts(rule, vector, raw)
        if rule.regex is not None and vector.kind in STRINGS:
            yield f"not written like {rule.regex}", _unlike(self._patterns[rule.regex], vector, raw)


def breaches(rules: Sequence[ColumnRule], table: Table, texts: Texts | None = None) -> list[tuple[ColumnRule, Mask]]:
    """Of rules that are used once.

    >>> from modelyard.rows.table import table
    >>> found = breaches([ColumnRule(column="age", min=0.0)], table(age=[30.0, None, -1.0]))
    >>> [(rule.column, mask.tolist()) for rule, mask in found]
    [('age', [False, False, True])]
    """
    return Checks(rules).breaches(table, texts)


def explain(rule: ColumnRule, table: Table, row: int, texts: Texts | None = None) -> str:
    """Why that row breaks the rule, with the value.

    >>> from modelyard.rows.table import table
    >>> explain(ColumnRule(column="age", min=0.0), table(age=[-1.0]), 0)
    'age is -1.0: below 0.0'
    """
    return Checks([rule]).explain(rule, table, row, texts)


def _unlike(pattern: Pattern, vector: Vector, raw: Sequence[str | None] | None) -> Mask:
    """A category is matched once, not once a row; a word that only the codes' "unseen" stands for is not known."""
    if raw is None and vector.kind == "category":
        unlike = np.array([*(not pattern.matches(word) for word in vector.categories), False], dtype=np.bool_)
        return np.asarray(unlike[np.where(np.isnan(vector.values), UNSEEN, vector.values).astype(np.intp)])
    values = vector.values.tolist() if raw is None else raw
    met: dict[str, bool] = {}
    for word in values:
        if word is not None and word not in met:
            met[word] = not pattern.matches(word)
    return np.array([word is not None and met[word] for word in values], dtype=np.bool_)


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


def _foreign(listed: tuple[str, ...], vector: Vector, raw: Sequence[str | None] | None) -> Mask:
    allowed = {one_form(word) for word in listed}
    if raw is not None or vector.kind == "text":
        words = [value and one_form(value) for value in (vector.values if raw is None else raw)]
        return np.array([word not in allowed for word in words], dtype=np.bool_)
    if vector.kind != "category":
        return np.asarray(~np.isin(vector.values, np.array(numbers_of(listed))), dtype=np.bool_)
    unseen = allowed <= set(vector.categories)
    foreign = np.array([*(word not in allowed for word in vector.categories), unseen], dtype=np.bool_)
    return np.asarray(foreign[np.where(np.isnan(vector.values), UNSEEN, vector.values).astype(np.intp)])


def numbers_of(words: Sequence[str]) -> list[float]:
    """Those that are numbers.

    >>> numbers_of(["1", "two", "3.5"])
    [1.0, 3.5]
    """
    found = []
    for word in words:
        try:
            found.append(float(word))
        except ValueError:
            continue
    return found


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
