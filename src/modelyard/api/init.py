"""From a table to a project file that runs as it is: look at the rows, guess, write, and plan it before it is kept.

The file is `NAME/modelyard.yaml`; the table stays where it is and is named relative to that folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from modelyard.api.facts import facts
from modelyard.api.profile import Asked, profile
from modelyard.api.project import Project
from modelyard.api.show import told
from modelyard.api.sniff import Reading, sniffed
from modelyard.api.source import kind_of, reader
from modelyard.errors import ModelyardError
from modelyard.errors.data import UnreadableTable
from modelyard.errors.project import AlreadyThere, BadParameter
from modelyard.project.guess import FEW, Facts
from modelyard.project.init import init_file
from modelyard.project.outcome import outcome
from modelyard.project.settings import NAME
from modelyard.schema.schema import Schema
from modelyard.schema.target import Task
from modelyard.step.context import Context

FILE = "modelyard.yaml"
YEAR = re.compile(r"'?\d{4}\D")


def init(
    name: str | Path, table: str | Path, target: str, *, positive: str | None = None, task: Task | None = None
) -> Project:
    """Write `name`/modelyard.yaml for that CSV or Parquet file, and read it back. Raises AlreadyThere (a file is never
    overwritten), UnreadableTable, MissingColumn, BadTarget."""
    folder = Path(name)
    if not NAME.fullmatch(folder.name):
        way_out = "Begin with a letter, go on with letters, digits, - or _; 63 at most"
        raise BadParameter(f"{folder.name!r} is no name", who="init", way_out=way_out)
    if (folder / FILE).exists():
        raise AlreadyThere(f"{folder / FILE} is there already", who="init")
    reading, schema, found = looked_at(table, target, task)
    text = init_file(folder.name, schema, target, found, _from(folder, table), task, positive, reading, kind_of(table))
    return _kept(folder, text, found)


def looked_at(table: str | Path, target: str, task: Task | None = None) -> tuple[Reading, Schema, Facts]:
    """How to read a file, its schema, its facts and doubts. Raises UnreadableTable, MissingColumn where the target is
    no column."""
    reading = sniffed(table)
    schema, found = _looked_at(table, target, reading, task)
    dates = _year_first(found, target)
    if dates:
        try:
            typed: Reading = {**reading, "types": dict.fromkeys(dates, "datetime")}
            return typed, *_looked_at(table, target, typed, task)
        except ModelyardError:
            pass
    return reading, schema, found


def _looked_at(table: str | Path, target: str, reading: Reading, task: Task | None) -> tuple[Schema, Facts]:
    from modelyard.frame.source import collected

    step, ctx = reader(table, reading), Context()
    schema = step.peek(ctx)
    schema[target]
    frame = collected(step.run(ctx), str(table))
    if not frame.height:
        raise UnreadableTable("the table has no rows", who="init", where=str(table), way_out="Name another file")
    asked = Asked(source=str(table), kind=kind_of(table), truth=told(frame, schema, target, task))
    return schema, facts(frame, schema, profile(frame, schema, asked).doubts)


def _year_first(found: Facts, target: str) -> list[str]:
    """Text columns of dates that begin with the year: the others' day and month cannot be told apart."""
    dated = [doubt for doubt in found.doubts if doubt.kind == "dates_as_text" and doubt.value == 1.0]
    names = [doubt.columns[0] for doubt in dated if doubt.examples and all(map(YEAR.match, doubt.examples))]
    return [name for name in names if name != target]


def _from(folder: Path, table: str | Path) -> str:
    """The table's path as the file will have it."""
    path = Path(table)
    return path.as_posix() if path.is_absolute() else Path(os.path.relpath(path, folder)).as_posix()


def _kept(folder: Path, text: str, found: Facts) -> Project:
    """The file, planned and its target checked; taken back when it does not hold."""
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / FILE).write_text(text, encoding="utf-8")
        project = Project.load(folder)
        _check(project, found)
    except BaseException:
        (folder / FILE).unlink(missing_ok=True)
        for one in made:
            one.rmdir()
        raise
    return project


def _check(project: Project, found: Facts) -> None:
    """The plan holds, and the target's classes can be learned."""
    planned = project.plan().project
    seen = found.columns[planned.target.column]
    if seen.distinct <= FEW:
        outcome(planned.target, planned.task, [value for value, _ in seen.counts])
