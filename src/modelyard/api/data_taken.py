"""The sources of a plan as they are now: their rows, and where they are files the bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modelyard.api.project import Project
from modelyard.errors.data import UnreadableTable
from modelyard.run.feed import StepFeed, files_of, id_of, in_columns
from modelyard.run.kept import Kept, Reading
from modelyard.run.reading import read_again, read_on
from modelyard.schema.column import Kind
from modelyard.schema.pin import Pin
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.incremental import Incremental
from modelyard.step.step import TableStep
from modelyard.store.place import Store
from modelyard.store.snapshots import FileAt, Shelf, Taken

if TYPE_CHECKING:
    from polars import DataFrame, LazyFrame


class Source(Struct, frozen=True, kw_only=True, eq=False):
    """A read step of a project and what its peek says. The rest of the project need not fit the data: a version of data
    that broke it is worth keeping, too."""

    id: str
    step: TableStep
    ctx: Context
    schema: Schema

    @property
    def columns(self) -> dict[str, Kind]:
        return {column.name: column.kind for column in self.schema}

    def scan(self) -> LazyFrame:
        """All, read whole; nothing is kept."""
        return in_columns(self.step.run(self.ctx), self.columns)

    def rows(self) -> DataFrame:
        return self.scan().collect()


def sources(project: Project) -> list[Source]:
    """Raises what peeking raises."""
    head = project.head
    ctx = replace(project._context(), roles=head.roles, zone=head.timezone)
    steps = [(node.id, node.step) for node in project.graph.steps if not node.after]
    return [
        Source(id=id_, step=step, ctx=ctx, schema=step.peek(ctx)) for id_, step in steps if isinstance(step, TableStep)
    ]


def taken(source: Source, store: Store, tell: Callable[[str], None]) -> Taken:
    """A source with a cursor is read on from where it was read to. Raises what reading raises, and UnreadableTable
    where a file changes meanwhile."""
    kept, step = Kept(store), source.step
    ctx = replace(source.ctx, tell=lambda word: tell(f"{source.id}: {word}"))
    here = getattr(step, "connection", None) is None  # files of a bucket stay there; their rows are kept
    before = files_of(step, ctx) if here else {}
    if isinstance(step, Incremental) and step.cursor is not None:
        read = read_on(StepFeed(step, ctx, source.schema), kept, ctx.tell)
        pin = read.pin
    else:
        pin = _whole(replace(source, ctx=ctx), kept)
    files = tuple(_file(ctx.folder, store, name, known) for name, known in before.items())
    parts = (part.digest for part in kept.version(pin.version).parts)
    return Taken(
        kind=pin.kind,
        rows=pin.rows or 0,
        digest=pin.digest,
        columns=source.columns,
        version=pin.version,
        blobs=(pin.version, *parts, *(file.digest for file in files)),
        files=files,
        cursor=pin.cursor,
        upto=pin.upto,
    )


def _whole(source: Source, kept: Kept) -> Pin:
    """A source without a cursor, as a reading that nothing goes on from."""
    from modelyard.frame.arranged import arranged, taken

    reading = Reading(cursor="", columns=source.columns, id=id_of(source.ctx, source.columns))
    rows = taken(source.scan(), kept.spill)
    version = kept.write(kept.add(reading, arranged(rows, "", kept.most)))
    return read_again(str(msgspec.to_builtins(source.step)["use"]), version, kept).pin


def _file(folder: Path, store: Store, name: str, digest: str) -> FileAt:
    content = (folder / name).read_bytes()
    if Shelf.of(store).blobs.put(content) != digest:
        raise UnreadableTable(f"{name} changed while the snapshot was taken", way_out="take it again")
    return FileAt(name=name, size=len(content), digest=digest)
