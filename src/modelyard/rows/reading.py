"""Records to columns, as a contract promises them.

Strict about meaning, kind to honest clients: a string is never a number, a number never a string, a boolean neither;
an integral float is an integer; a missing key is a null with a warning where training rows had nulls; columns that the
model does not read are ignored with one warning. Plain Python loops: for the usual one row they beat any array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from modelyard.rows.fields import field_reader, read_moment
from modelyard.rows.json import Record
from modelyard.rows.notes import Notes, RowWarning
from modelyard.rows.plain import PlainReader
from modelyard.rows.plain_rules import plain_rules
from modelyard.rows.rules import Checks
from modelyard.rows.table import Table, Values, Vector
from modelyard.rows.timestamps import reader
from modelyard.schema.contract import Contract
from modelyard.schema.word import alike, one_form


class Rows(Struct, frozen=True, eq=False):
    """`inputs`: one array (n,) per field of the contract. `events`: microseconds, None where the row says nothing."""

    inputs: list[Values]
    length: int
    events: list[int | None]
    warnings: Mapping[int, list[RowWarning]]
    flagged: frozenset[int]


class RowReader:
    """Compiled once per contract; `read` is pure. `plain` reads the usual one row faster, or declines."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._readers = [field_reader(field) for field in contract.fields]
        self._texts = any(field.kind == "text" for field in contract.fields)
        self.id = contract.id or ("id" if "id" not in contract.names else None)
        self._known = frozenset([*contract.names, *(n for n in (self.id, contract.time) if n)])
        said = contract.time in contract.names  # then what is odd of it is said of the input
        self._time = reader(contract.zone, sure=not said) if contract.time else None
        place = {name: at for at, name in enumerate(contract.names)}
        self._rules = tuple(rule for rule in contract.rules if all(name in place for name in rule.reads))
        self._checks = Checks(self._rules, contract.zone or "UTC")
        self._quick = [
            (place[r.column], -np.inf if r.min is None else r.min, np.inf if r.max is None else r.max, r.nulls is False)
            for r in self._rules
        ]
        self._slow = any(
            r.categories is not None or r.type or r.learned or r.regex or r.expression for r in self._rules
        ) or any(contract.fields[at].kind == "text" for at, *_ in self._quick)
        self.plain = PlainReader(contract, self._known, plain_rules(contract, self._rules))

    def read(self, records: Sequence[Record]) -> Rows:
        """
        >>> from modelyard.schema.contract import Field
        >>> age = Field(name="age", kind="number", nullable=False)
        >>> RowReader(Contract((age,))).read([{"age": 30}]).inputs[0].tolist()
        [30.0]
        """
        notes = Notes()
        columns = [read(records, notes) for read in self._readers]
        events = self._events(records, notes)
        self._called_otherwise(records, notes)
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

    def _called_otherwise(self, records: Sequence[Record], notes: Notes) -> None:
        """Of a key that is missing: the one that was sent and differs from it only in case, width or blanks."""
        for row, warnings in notes.warnings.items():
            for warning in warnings:
                if warning["warning"] == "missing" and (sent := self._sent(warning["column"], records[row])):
                    warning["like"] = sent
        for problem in notes.problems:
            if problem["problem"] == "missing" and (sent := self._sent(problem["column"], records[problem["row"]])):
                problem["found"] += f", and {sent!r} is no column of the model"

    def _sent(self, name: str, record: Record) -> str:
        return next((key for key in record if key not in self._known and alike(key) == alike(name)), "")

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
            events.append(None if value is None else read_moment(value, read, row, name, notes))
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
        texts = {f.name: [_word(r.get(f.name)) for r in records] for f in fields if f.kind == "category"}
        for rule, mask in self._checks.breaches(table, texts):
            for row in np.flatnonzero(mask).tolist():
                found = self._checks.explain(rule, table, row, texts)
                if rule.otherwise == "stop":
                    notes.problem(row, rule.column, "rule_broken", found)
                    continue
                notes.warn(row, "rule", rule.column, found=found)
                if rule.otherwise == "quarantine":
                    notes.flagged.add(row)
        notes.stop()


def _word(value: Any) -> str | None:
    return one_form(value) if type(value) is str else None
