"""One record of which every value is plainly what the contract says: the usual request, read without arrays or notes.

A null is plain where training rows had nulls. Anything else (a missing or further key, an unseen category, a rule that
might be broken) gives None: then `rows/reading.py` reads the record and words what is odd. So this file may only be
stricter, never kinder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelyard.rows.json import Record
from modelyard.rows.plain_rules import PlainRules
from modelyard.rows.timestamps import EXACT, BadTime, reader
from modelyard.schema.contract import Contract, Field
from modelyard.schema.word import one_form

_ABSENT = object()
_NAN = float("nan")

Value = Callable[[Any], float | str | None]
"""The number (of a text field the text) that a program gets for a value; None where it is not plainly of the kind."""


def plain_value(field: Field, doubted: frozenset[str] = frozenset()) -> Value:
    """`doubted`: categories that break a rule.

    >>> read = plain_value(Field(name="age", kind="integer"))
    >>> read(30), read(30.0), read(30.5), read("30"), read(True)
    (30, 30.0, None, None, None)
    """
    if field.kind == "category":
        codes = {value: float(code) for code, value in enumerate(field.categories) if value not in doubted}
        return lambda value: codes.get(value) if type(value) is str else None
    if field.kind == "datetime":
        return _moment(reader(field.zone, sure=True))
    return {"integer": _integer, "boolean": _boolean, "text": _text}.get(field.kind, _number)


def _text(value: Any) -> str | None:
    return one_form(value) if type(value) is str else None


def _number(value: Any) -> float | None:
    return value if type(value) is float or (type(value) is int and -EXACT <= value <= EXACT) else None


def _integer(value: Any) -> float | None:
    whole = type(value) is int or (type(value) is float and value.is_integer())
    return value if whole and -EXACT <= value <= EXACT else None


def _boolean(value: Any) -> float | None:
    return float(value) if value is True or value is False else None


def _moment(read: Callable[[str], int]) -> Callable[[Any], int | None]:
    def moment(value: Any) -> int | None:
        try:
            return read(value) if type(value) is str else None
        except BadTime:
            return None

    return moment


class PlainReader:
    """Compiled once per contract; `read` is pure.

    >>> from modelyard.schema.contract import Contract, Field
    >>> plain = PlainReader(Contract((Field(name="age", kind="number"), Field(name="of", kind="category",
    ...     categories=("a", "b")))), frozenset({"age", "of"}), PlainRules())
    >>> plain.read({"age": 30, "of": "b"}), plain.read({"age": None, "of": "b"}), plain.read({"age": 30, "of": "c"})
    (([30, 1.0], None), ([nan, 1.0], None), None)
    """

    def __init__(self, contract: Contract, known: frozenset[str], rules: PlainRules) -> None:
        """`known`: keys that a record may have."""
        doubted, nothing = rules.doubted, frozenset[str]()
        fields = contract.fields
        self._values = [(f.name, plain_value(f, doubted.get(f.name, nothing)), f.nullable) for f in fields]
        self._known, self._ranges, self._tests = known, rules.ranges, rules.tests
        self._time = contract.time or ""
        self._event = _moment(reader(contract.zone, sure=True)) if contract.time else None

    def read(self, record: Record) -> tuple[list[float | str], int | None] | None:
        """The program's inputs (a null is NaN, of text too) and the event time in microseconds, None where the record
        names none."""
        if not self._known.issuperset(record):
            return None
        inputs: list[Any] = []  # floats, and text that neither ranges nor tests look at
        get = record.get
        for name, value, nullable in self._values:
            given = get(name, _ABSENT)
            number = _NAN if given is None and nullable else value(given)
            if number is None:
                return None
            inputs.append(number)
        for place, low, high, full in self._ranges:
            number = inputs[place]
            if not low <= number <= high and (number == number or full):
                return None
        if self._tests and not self._well(inputs, record):
            return None
        if self._event is None or (time := get(self._time)) is None:
            return inputs, None
        event = self._event(time)
        return None if event is None else (inputs, event)

    def _well(self, inputs: list[float], record: Record) -> bool:
        try:
            return all(well(inputs, record) for well in self._tests)
        except (ArithmeticError, ValueError):
            return False
