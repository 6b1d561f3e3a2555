"""The first look at a table that a project begins with: how to read it, what is in it, what is doubtful about it."""

from __future__ import annotations

import re
import time

from modelyard.api.facts import facts
from modelyard.api.profile import Asked, profile
from modelyard.api.show import told
from modelyard.api.sniff import Reading
from modelyard.api.source import Source
from modelyard.errors import ModelyardError
from modelyard.errors.data import UnreadableTable
from modelyard.project.guess import Facts, prose
from modelyard.schema.schema import Schema
from modelyard.schema.target import Task
from modelyard.step.step import TableStep

YEAR = re.compile(r"'?\d{4}\D")


def looked_at(source: Source, target: str, task: Task | None = None) -> tuple[Reading, Schema, Facts]:
    """How to read a source, its schema, its facts and doubts. Raises UnreadableTable, MissingColumn where the target is
    no column."""
    reading = source.sniffed()
    schema, found = _looked_at(source, target, reading, task)
    texts: dict[str, str] = dict.fromkeys((name for name in prose(schema, found) if name != target), "text")
    dates = dict.fromkeys(_year_first(found, target), "datetime")
    for types in ({**dates, **texts}, texts) if dates and texts else ({**dates, **texts},):
        if types:
            try:
                typed: Reading = {**reading, "types": types}
                return typed, *_looked_at(source, target, typed, task)
            except ModelyardError:
                pass
    return reading, schema, found


def _looked_at(source: Source, target: str, reading: Reading, task: Task | None) -> tuple[Schema, Facts]:
    from modelyard.frame.source import collected

    step, ctx = source.step(reading), source.ctx
    schema = step.peek(ctx)
    schema[target]
    frame = collected(_with_kinds(source, reading, schema).run(ctx), source.name)
    if not frame.height:
        raise UnreadableTable("the table has no rows", who="init", where=source.name, way_out="Name another file")
    asked = Asked(source=source.name, kind=source.kind, truth=told(frame, schema, target, task))
    return schema, facts(frame, schema, profile(frame, schema, asked).doubts, now=int(time.time() * 1e6))


def _with_kinds(source: Source, reading: Reading, schema: Schema) -> TableStep:
    """The read step told the kinds that it found, which of thousands of columns are most of its work."""
    found = {column.name: column.kind for column in schema}
    return source.step({**reading, "types": found} if source.kind == "read.csv" else reading)


def _year_first(found: Facts, target: str) -> list[str]:
    """Text columns of dates that begin with the year: the others' day and month cannot be told apart."""
    dated = [doubt for doubt in found.doubts if doubt.kind == "dates_as_text" and doubt.value == 1.0]
    names = [doubt.columns[0] for doubt in dated if doubt.examples and all(map(YEAR.match, doubt.examples))]
    return [name for name in names if name != target]
