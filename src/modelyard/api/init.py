"""From a table to a project file that runs as it is: look at the rows, guess, write, and plan it before it is kept.

The file is `NAME/modelyard.yaml`; the table stays where it is and is named relative to that folder.
"""

from __future__ import annotations

from pathlib import Path

from modelyard.api.first_look import looked_at
from modelyard.api.project import Project
from modelyard.api.source import source_of
from modelyard.errors.project import AlreadyThere, BadParameter
from modelyard.project.guess import FEW, Facts
from modelyard.project.init import init_file
from modelyard.project.outcome import outcome
from modelyard.project.settings import NAME
from modelyard.schema.target import Task

FILE = "modelyard.yaml"


def init(
    name: str | Path, table: str | Path, target: str, *, positive: str | None = None, task: Task | None = None
) -> Project:
    """Write `name`/modelyard.yaml for that file, CONNECTION:TABLE or CONNECTION:/PATH of the modelyard.yaml here,
    and read it back. Raises AlreadyThere (a file is never overwritten), UnreadableTable, MissingColumn, BadTarget,
    UnknownConnection."""
    folder = Path(name)
    if not NAME.fullmatch(folder.name):
        way_out = "Begin with a letter, go on with letters, digits, - or _; 63 at most"
        raise BadParameter(f"{folder.name!r} is no name", who="init", way_out=way_out)
    if (folder / FILE).exists():
        raise AlreadyThere(f"{folder / FILE} is there already", who="init")
    source = source_of(table)
    reading, schema, found = looked_at(source, target, task)
    read = {**source.written(folder), **reading}
    path = str(read.pop("path", ""))
    entry = source.entry_for(folder)
    text = init_file(folder.name, schema, target, found, path, task, positive, read, source.kind, entry)
    return _kept(folder, text, found)


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
