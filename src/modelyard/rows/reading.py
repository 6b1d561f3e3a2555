"""Records to columns, as a contract promises them.

Strict about meaning, kind to honest clients: a string is never a number, a number never a string, a boolean neither;
an integral float is an integer; a missing key is a null with a warning where training rows had nulls; columns that the
model does not read are ignored with one warning. Plain Python loops: for the usual one row they beat any array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from modelyard.errors.serving import BadRows, Problem
from modelyard.rows.json import Record
from modelyard.rows.plain import PlainReader
from modelyard.rows.rules import breaches, explain
from modelyard.rows.table import UNSEEN, Table, Values, Vector
from modelyard.rows.timestamps import BadTime, reader
from modelyard.schema.contract import Contract, Field

EXACT = 2**53
MOST_PROBLEMS = 20
NAN = float("nan")

RowWarning = dict[str, Any]
"""`{"warning": "unseen", "column": "carrier", "value": "ZZ"}`; `ignored` has `columns` instead."""


class _Missing:
    pass


MISSING = _Missing()


class Notes:
    """What is wrong or odd about the rows being read."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: dict[int, list[RowWarning]] = {}
        self.flagged: set[int] = set()

    def warn(self, row: int, warning: str, column: str, **more: object) -> None:
        self.warnings.setdefault(row, []).append({"warning": warning, "column": column, **more})

    def problem(self, row: int, column: str, problem: str, found: str) -> float:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(row=row, column=column, problem=problem, found=found))
        return NAN

    def stop(self) -> None:
        if self.problems:
            first = self.problems[0]
            raise BadRows(first["found"], problems=self.problems, where=f"row {first['row']}, {first['column']}")


class Rows(Struct, frozen=True, eq=False):
    """`inputs`: one array (n,) per field of the contract. `events`: microseconds, None where the row says nothing."""

    inputs: list[Values]
    length: int
    events: list[int | None]
    warnings: Mapping[int, list[RowWarning]]
    flagged: frozenset[int]


ReadField = Callable[[Sequence[Record], Notes], list[Any]]


class RowReader:
    """Compiled once per contract; `read` is pure. `plain` reads the usual one row faster, or declines."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._readers = [_reader(field) for field in contract.fields]
        self._texts = any(field.kind == "text" for field in contract.fields)
        self.id = contract.id or ("id" if "id" not in contract.names else None)
        self._known = frozenset([*contract.names, *(n for n in (self.id, contract.time) if n)])
        self._time = reader(contract.zone) if contract.time else None
        place = {name: at for at, name in enumerate(contract.names)}
        self._rules = tuple(rule for rule in contract.rules if rule.column in place)
        self._quick = [
            (place[r.column], -np.inf if r.min is None else r.min, np.inf if r.max is None else r.max, r.nulls is False)
            for r in self._rules
        ]
        self._slow = any(r.categories is not None or r.type or r.learned for r in self._rules)

        self.plain = PlainReader(contract, self._known, None if self._slow else tuple(self._quick))

    def read(self, records: Sequence[Record]) -> Rows:
        """
        >>> age = Field(name="age", kind="number", nullable=False)
        >>> RowReader(Contract((age,))).read([{"age": 30}]).inputs[0].tolist()
        [30.0]
        """
        notes = Notes()
        columns = [read(records, notes) for read in self._readers]
        events = self._events(records, notes)
        notes.stop()
        known = self._known
        for row, record in enumerate(records):
            if not known.issuperset(record):
                extra = sorted(set(record) - known)
                notes.warn(row, "ignored", extra[0], columns=extra[:20])
        inputs = self._arrays(columns, len(records))
        if self._rules and (self._slow or self._doubtful(columns)):
            self._judge(records, inputs, notes)
        return Rows(inputs, len(records), events, notes.warnings, frozenset(notes.flagged))

    def _arrays(self, columns: list[list[Any]], length: int) -> list[Values]:
        if not self._texts and columns and length:
            flat = [column[0] for column in columns] if length == 1 else columns
            return list(np.array(flat, dtype=np.float64).reshape(len(columns), length))
        kinds = (field.kind for field in self.contract.fields)
        return [
            np.array(column, dtype=object if kind == "text" else np.float64)
            for column, kind in zip(columns, kinds, strict=True)
        ]

    def _events(self, records: Sequence[Record], notes: Notes) -> list[int | None]:
        name, read = self.contract.time, self._time
        if name is None or read is None:
            return [None] * len(records)
        events: list[int | None] = []
        for row, record in enumerate(records):
            value = record.get(name)
            events.append(None if value is None else _moment(value, read, row, name, notes))
        return events

    def _doubtful(self, columns: list[list[Any]]) -> bool:
        """Whether any rule of range or nulls could be broken: a scan without arrays, true only for odd rows."""
        for place, low, high, full in self._quick:
            for value in columns[place]:
                if type(value) is not str and not low <= value <= high and (value == value or full):
                    return True
        return False

    def _judge(self, records: Sequence[Record], inputs: list[Values], notes: Notes) -> None:
        fields = self.contract.fields
        vectors = {f.name: Vector(f.kind, v, f.categories) for f, v in zip(fields, inputs, strict=True)}
        table = Table(vectors, len(records))
        texts = {f.name: [r.get(f.name) for r in records] for f in fields if f.kind == "category"}
        for rule, mask in breaches(self._rules, table, texts):
            for row in np.flatnonzero(mask).tolist():
                found = explain(rule, table, row, texts)
                if rule.otherwise == "stop":
                    notes.problem(row, rule.column, "rule_broken", found)
                    continue
                notes.warn(row, "rule", rule.column, found=found)
                if rule.otherwise == "quarantine":
                    notes.flagged.add(row)
        notes.stop()


def _reader(field: Field) -> ReadField:
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

    def read(records: Sequence[Record], notes: Notes) -> list[float]:
        out: list[float] = []
        for row, record in enumerate(records):
            value = record.get(name, MISSING)
            if type(value) is str:
                code = codes.get(value, UNSEEN)
                if code == UNSEEN:
                    notes.warn(row, "unseen", name, value=value[:80])
                out.append(code)
            else:
                out.append(_odd(field, value, row, notes))
        return out

    return read


def _texts(field: Field) -> ReadField:
    name = field.name

    def read(records: Sequence[Record], notes: Notes) -> list[str | None]:
        out: list[str | None] = []
        for row, record in enumerate(records):
            value = record.get(name, MISSING)
            if type(value) is not str:
                _odd(field, value, row, notes)
            out.append(value if type(value) is str else None)
        return out

    return read


def _datetimes(field: Field) -> ReadField:
    name, moment = field.name, reader(field.zone)

    def read(records: Sequence[Record], notes: Notes) -> list[float]:
        out: list[float] = []
        for row, record in enumerate(records):
            value = record.get(name, MISSING)
            if type(value) is str:
                out.append(_moment(value, moment, row, name, notes))
            else:
                out.append(_odd(field, value, row, notes))
        return out

    return read


def _moment(value: object, read: Callable[[str], int], row: int, name: str, notes: Notes) -> int:
    if type(value) is not str:
        notes.problem(row, name, "wrong_type", f"{name!r} must be a time as a string, not {_shown(value)}")
        return 0
    try:
        return read(value)
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
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"
