"""One column of records to values, a reader per kind of field. Whatever is not plainly of the kind is a null, a warning
or a problem (`_odd`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from modelyard.rows.json import Record
from modelyard.rows.notes import NAN, Notes
from modelyard.rows.table import UNSEEN
from modelyard.rows.timestamps import BadTime, DoubtfulTime, reader
from modelyard.schema.contract import Field
from modelyard.schema.word import alike, one_form

EXACT = 2**53


class _Missing:
    pass


MISSING = _Missing()


ReadField = Callable[[Sequence[Record], Notes], list[Any]]


def field_reader(field: Field) -> ReadField:
    """Compiled once per field. Floats for every kind but text: codes for categories, microseconds for datetimes.

    >>> notes = Notes()
    >>> field_reader(Field(name="carrier", kind="category", categories=("AA", "UA")))([{"carrier": "UA"}], notes)
    [1.0]
    """
    if field.kind == "category":
        return _categories(field)
    return {"boolean": _booleans, "text": _texts, "datetime": _datetimes, "integer": _integers}.get(
        field.kind, _numbers
    )(field)


def _numbers(field: Field) -> ReadField:
    name = field.name

    def read(records: Sequence[Record], notes: Notes) -> list[float]:
        out: list[float] = []
        for row, record in enumerate(records):
            value = record.get(name, MISSING)
            if type(value) is float or (type(value) is int and -EXACT <= value <= EXACT):
                out.append(value)
            else:
                out.append(_odd(field, value, row, notes))
        return out

    return read


def _integers(field: Field) -> ReadField:
    name = field.name

    def read(records: Sequence[Record], notes: Notes) -> list[float]:
        out: list[float] = []
        for row, record in enumerate(records):
            value = record.get(name, MISSING)
            if (type(value) is int or (type(value) is float and value.is_integer())) and -EXACT <= value <= EXACT:
                out.append(value)
            else:
                out.append(_odd(field, value, row, notes))
        return out

    return read


def _booleans(field: Field) -> ReadField:
    name = field.name

    def read(records: Sequence[Record], notes: Notes) -> list[float]:
        values = [record.get(name, MISSING) for record in records]
        return [float(v) if v is True or v is False else _odd(field, v, row, notes) for row, v in enumerate(values)]

    return read


def _categories(field: Field) -> ReadField:
    name = field.name
    codes = {value: float(code) for code, value in enumerate(field.categories)}
    near = _near(field.categories)

    def read(records: Sequence[Record], notes: Notes) -> list[float]:
        out: list[float] = []
        for row, record in enumerate(records):
            value = record.get(name, MISSING)
            if type(value) is str:
                code = codes.get(value, UNSEEN)
                if code == UNSEEN:
                    code = codes.get(one_form(value), UNSEEN)
                    if code == UNSEEN:
                        notes.warn(row, "unseen", name, value=value[:80], **near(value))
                    else:
                        notes.warn(row, "normalised", name, value=value[:80], read_as=one_form(value)[:80])
                out.append(code)
            else:
                out.append(_odd(field, value, row, notes))
        return out

    return read


def _near(categories: Sequence[str]) -> Callable[[str], dict[str, str]]:
    """Which category an unseen word may mean: `{"like": "red"}` for " RED"; the first request with one pays for it."""
    names: dict[str, str] = {}

    def near(value: str) -> dict[str, str]:
        if not names:
            names.update((alike(word), word) for word in reversed(categories))
        found = names.get(alike(value[:80]))
        return {} if found is None else {"like": found[:80]}

    return near


def _texts(field: Field) -> ReadField:
    name = field.name

    def read(records: Sequence[Record], notes: Notes) -> list[str | None]:
        out: list[str | None] = []
        for row, record in enumerate(records):
            value = record.get(name, MISSING)
            if type(value) is not str:
                _odd(field, value, row, notes)
            out.append(one_form(value) if type(value) is str else None)
        return out

    return read


def _datetimes(field: Field) -> ReadField:
    name, moment = field.name, reader(field.zone, sure=True)

    def read(records: Sequence[Record], notes: Notes) -> list[float]:
        out: list[float] = []
        for row, record in enumerate(records):
            value = record.get(name, MISSING)
            if type(value) is str:
                out.append(read_moment(value, moment, row, name, notes))
            else:
                out.append(_odd(field, value, row, notes))
        return out

    return read


def read_moment(value: object, read: Callable[[str], int], row: int, name: str, notes: Notes) -> int:
    if type(value) is not str:
        notes.problem(row, name, "wrong_type", f"{name!r} must be a time as a string, not {_shown(value)}")
        return 0
    try:
        return read(value)
    except DoubtfulTime as doubt:
        notes.warn(row, doubt.why, name, value=value, read_as=doubt.read_as)
        return doubt.value
    except BadTime as error:
        notes.problem(row, name, "bad_time", f"{name!r} is {_shown(value)}: {error}")
        return 0


_WANTS = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "category": "a string",
    "text": "a string",
    "datetime": "a time as a string",
}


def _odd(field: Field, value: object, row: int, notes: Notes) -> float:
    """Whatever is not plainly of the field's kind: a null, a missing key, a number too large, or wrong."""
    name = field.name
    if value is None or value is MISSING:
        if field.nullable:
            if value is MISSING:
                notes.warn(row, "missing", name)
            return NAN
        what = "is missing" if value is MISSING else "is null"
        return notes.problem(row, name, "missing" if value is MISSING else "null", f"{name!r} {what}")
    if type(value) in (int, float) and field.kind in ("number", "integer") and not _fraction(value):
        found = f"{name!r} is {_shown(value)}, beyond ±2^53, where whole numbers are not exact"
        return notes.problem(row, name, "precision_loss", found)
    return notes.problem(row, name, "wrong_type", f"{name!r} must be {_WANTS[field.kind]}, not {_shown(value)}")


def _fraction(value: object) -> bool:
    return isinstance(value, float) and not value.is_integer()


def _shown(value: object) -> str:
    """As JSON has it: who sent `true` reads `true`. What only Python can send is shown as Python has it, and what no
    terminal should be sent as its number."""
    try:
        written = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        made = {int: "a number of thousands of digits", list: "a list", dict: "an object"}
        return _cut(made.get(type(value)) or repr(value))
    return _cut("".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in written[:61]))


def _cut(shown: str) -> str:
    return shown if len(shown) <= 60 else shown[:57] + "…"
