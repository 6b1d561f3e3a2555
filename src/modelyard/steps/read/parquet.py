"""Read a Parquet file, or the files of a glob, as one table. Its types are its own, so it stays lazy."""

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


class Parquet(Incremental, frozen=True, kw_only=True, tag="read.parquet"):
    """Rows of a Parquet file. Columns that no step knows (lists, structs) are left out by `columns:`.

    Right: large tables: kinds are in the file, columns that are not asked for are not read. Wrong: a folder
    that somebody else rewrites while it is read.
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
        import polars as pl

        from modelyard.frame.source import chosen, typed

        found = [str(file) for file in files_of(ctx, self.connection, self.path)]
        frame = chosen(pl.scan_parquet(found, glob=False), self.columns, self.path)
        declared = {n: kind for n, kind in self.types.items() if self.columns is None or n in self.columns}
        return typed(frame, declared, ctx.zone)
