"""What row rules ask of one plain record, made ready once: ranges, categories, and conditions that are quick to try.

Everything is only asked whether it is surely well: a rule that might be broken sends the record the long way, where
`rows/rules.py` judges and words it. What a rule says of a category (a pattern, a list) is known of every category that
training rows had, before the first request comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from msgspec import Struct

from modelyard.rows.json import Record
from modelyard.rows.one_row import on_one_row
from modelyard.rows.pattern import Pattern
from modelyard.rows.rules import Checks, numbers_of
from modelyard.rows.table import Table, Vector
from modelyard.schema.column import NUMERIC
from modelyard.schema.contract import Contract, Field
from modelyard.schema.expression import parse
from modelyard.schema.expression_kinds import STRINGS
from modelyard.schema.rules import ColumnRule
from modelyard.schema.word import one_form

Well = Callable[[Sequence[float], Record], bool]
"""The inputs and the record that they were read from -> whether a rule surely holds."""


class PlainRules(Struct, frozen=True):
    """`ranges`: (field, low, high, never null). `doubted`: per category column, the categories that break a rule."""

    ranges: tuple[tuple[int, float, float, bool], ...] = ()
    doubted: dict[str, frozenset[str]] = {}
    tests: tuple[Well, ...] = ()


def plain_rules(contract: Contract, rules: Sequence[ColumnRule]) -> PlainRules:
    """`rules`: those whose columns the contract has."""
    fields = {field.name: field for field in contract.fields}
    place = {name: at for at, name in enumerate(fields)}
    numbers = [rule for rule in rules if not rule.expression and fields[rule.column].kind != "text"]
    ranges = [(place[r.column], *_range(r), r.nulls is False) for r in numbers]
    kinds = {name: field.kind for name, field in fields.items()}
    tests: list[Well] = []
    for rule in rules:
        if rule.expression:
            made = on_one_row(parse(rule.expression), kinds, contract.zone or "UTC")
            tests.append(_true(made))
        elif fields[rule.column].kind == "text":
            tests.append(_text_test(rule))
        elif fields[rule.column].kind != "category":
            tests.extend(_number_tests(rule, fields[rule.column], place[rule.column]))
    worded = [field for field in fields.values() if field.kind == "category"]
    return PlainRules(
        ranges=tuple(one for one in ranges if one[1:] != (-np.inf, np.inf, False)),
        doubted={field.name: _doubted(field, rules) for field in worded},
        tests=tuple(tests),
    )


def _range(rule: ColumnRule) -> tuple[float, float]:
    return -np.inf if rule.min is None else rule.min, np.inf if rule.max is None else rule.max


def _true(made: Callable[[Sequence[float], Record], float]) -> Well:
    return lambda inputs, record: made(inputs, record) != 0.0


def _doubted(field: Field, rules: Sequence[ColumnRule]) -> frozenset[str]:
    codes = np.arange(len(field.categories), dtype=np.float64)
    table = Table({field.name: Vector("category", codes, field.categories)}, len(codes))
    own = Checks([rule for rule in rules if not rule.expression and rule.column == field.name])
    broken = [mask for _, mask in own.breaches(table, {field.name: field.categories})]
    return frozenset(field.categories[code] for mask in broken for code in np.flatnonzero(mask).tolist())


def _text_test(rule: ColumnRule) -> Well:
    """Of a text only the rules ask, so it is asked here: its words were not known before."""
    column, full = rule.column, rule.nulls is False
    mistyped = rule.type is not None and rule.type not in STRINGS
    matches = None if rule.regex is None else Pattern(rule.regex).matches
    allowed = None if rule.categories is None else frozenset(map(one_form, rule.categories))

    def well(_: Sequence[float], record: Record) -> bool:
        word = record.get(column)
        if word is None:
            return not full
        form = one_form(word)
        return not mistyped and (allowed is None or form in allowed) and (matches is None or matches(form))

    return well


def _number_tests(rule: ColumnRule, field: Field, place: int) -> Iterator[Well]:
    """A null breaks neither type nor categories."""
    if rule.categories is not None:
        allowed = frozenset(numbers_of(rule.categories))
        yield lambda inputs, _: (x := inputs[place]) != x or x in allowed
    if rule.type is None or rule.type == field.kind:
        return
    held = field.kind in (*NUMERIC, "boolean")
    if held and rule.type == "integer":
        yield lambda inputs, _: (x := inputs[place]) != x or float(x).is_integer()
    elif held and rule.type == "boolean":
        yield lambda inputs, _: (x := inputs[place]) != x or x in (0, 1)
    elif not (held and rule.type == "number"):
        yield lambda inputs, _: (x := inputs[place]) != x
