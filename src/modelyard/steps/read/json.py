"""Read a JSON file, or the files of a glob, as one table: an array of objects, or one object a line.

Nested keys become columns `a.b`; a list stays its JSON text. Columns and kinds are found in the first rows and then
hold: a later key or value that does not fit is an error that names its line, or a row kept in the quarantine file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, field

from modelyard.schema.column import Column, Kind
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.incremental import Incremental
from modelyard.step.located import files_of

if TYPE_CHECKING:
    from polars import LazyFrame

    from modelyard.frame.gathered import Gathered

INFER = 100_000
"""Rows of each file from which columns and kinds are found."""
JsonLines = Annotated[str, Meta(pattern=r"\.jsonl$")]


class Json(Incremental, frozen=True, kw_only=True, tag="read.json"):
    """Rows of a JSON file: one object a row, nested keys as `a.b`.

    Right: an export with one object a row. Wrong: a service that pages: read.rest.
    """

    path: Annotated[
        str, Meta(description="A file or a glob, relative to the project file; .gz, .zst and .zip too.", min_length=1)
    ]
    connection: Annotated[
        str | None, Meta(description="Of an object store under `connections:`; `path` is then a key or a pattern.")
    ] = None
    layout: Annotated[
        Literal["auto", "records", "lines"],
        Meta(description="An array of objects, or one object a line; `auto` looks at the first character."),
    ] = "auto"
    records: Annotated[str, Meta(description="The keys, joined by dots, under which the array lies.")] = ""
    columns: Annotated[tuple[str, ...] | None, Meta(description="Only these columns.")] = None
    types: Annotated[dict[str, Kind], Meta(description="Kinds not to infer.")] = field(default_factory=dict)
    encoding: Annotated[str, Meta(description="As Python names it: latin-1, utf-16 …", min_length=1)] = "utf8"
    quarantine: Annotated[JsonLines | None, Meta(description="Keep rows that do not parse here, and go on.")] = None

    def peek(self, ctx: Context) -> Schema:
        """The columns, from the first rows of each file."""
        kinds = self._read(ctx, whole=False).kinds(self.types, self.columns, self.path)
        return Schema(tuple(Column(name=name, kind=kind) for name, kind in kinds.items()))

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        return self.peek(ctx)

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.quarantine import keep, words

        found = self._read(ctx, whole=True)
        kinds = found.kinds(self.types, self.columns, self.path)
        frame = found.frame(kinds, ctx.zone, every=self.columns is None)
        if self.quarantine is not None:
            keep(found.kept, ctx.folder / self.quarantine)
            if found.kept:
                ctx.tell(words(found.kept, frame.height, self.quarantine))
        return frame.lazy()

    def _read(self, ctx: Context, whole: bool) -> Gathered:
        from modelyard.errors.data import UnreadableTable
        from modelyard.frame.gathered import Gathered
        from modelyard.frame.objects import NotJson, flat, items
        from modelyard.frame.opened import opened

        found = Gathered(INFER, self.quarantine is not None)
        for file in files_of(ctx, self.connection, self.path):
            body = bytes(opened(file, self.encoding)[:])
            try:
                for item in items(body, self.layout, self.records):
                    found.add(file, item.line, item.text, flat(item.text))
                    if not whole and found.full(file):
                        break
            except NotJson as error:
                raise UnreadableTable(error.found, where=f"{file}, line {error.line}") from None
        return found
