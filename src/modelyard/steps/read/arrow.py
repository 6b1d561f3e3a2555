"""Read an Arrow IPC file (Feather) or stream, or the files of a glob, as one table. Its types are its own.

Which of the two a file is, its first bytes say. A file stays lazy; a stream is read whole, as it has no index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, field
from msgspec.structs import replace

from modelyard.schema.column import Kind
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.incremental import Incremental
from modelyard.step.located import files_of

if TYPE_CHECKING:
    from polars import LazyFrame


class Arrow(Incremental, frozen=True, kw_only=True, tag="read.arrow"):
    """Rows of an Arrow IPC file or stream. Columns that no step knows (lists, structs) are left out by `columns:`.

    Right: what another program wrote for reading once. Wrong: an archive: Parquet is smaller and says its kinds
    as well.
    """

    path: Annotated[str, Meta(description="A file or a glob, relative to the project file.", min_length=1)]
    connection: Annotated[
        str | None, Meta(description="Of an object store under `connections:`; `path` is then a key or a pattern.")
    ] = None
    columns: Annotated[tuple[str, ...] | None, Meta(description="Only these columns.")] = None
    types: Annotated[dict[str, Kind], Meta(description="Kinds to cast columns to.")] = field(default_factory=dict)

    def peek(self, ctx: Context) -> Schema:
        """The columns, from the file's own schema."""
        from modelyard.frame.schema import schema_of

        said = schema_of(self.run(ctx))
        return Schema(tuple(replace(c, kind=self.types.get(c.name, c.kind)) for c in said))

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        return self.peek(ctx)

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.ipc import arrow
        from modelyard.frame.source import typed

        frame = self._together([arrow(file, file) for file in files_of(ctx, self.connection, self.path)])
        declared = {n: kind for n, kind in self.types.items() if self.columns is None or n in self.columns}
        return typed(frame, declared, ctx.zone)

    def _together(self, frames: list[LazyFrame]) -> LazyFrame:
        import polars as pl

        from modelyard.errors.data import UnreadableTable
        from modelyard.frame.source import chosen, first_line

        parts = [chosen(frame, self.columns, self.path) for frame in frames]
        try:
            whole = pl.concat(parts)
            whole.collect_schema()
        except pl.exceptions.PolarsError as error:
            way_out = "narrow the glob to files of one schema, or name `columns:` that they share"
            raise UnreadableTable(first_line(error), where=self.path, way_out=way_out) from None
        return whole
