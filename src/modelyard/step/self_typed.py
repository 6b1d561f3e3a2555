"""A source of files that say the kinds of their columns themselves: Parquet, Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, field
from msgspec.structs import replace

from modelyard.schema.column import Kind
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.filed import Filed

if TYPE_CHECKING:
    from polars import LazyFrame


class SelfTyped(Filed, frozen=True, kw_only=True):
    types: Annotated[dict[str, Kind], Meta(description="Kinds to cast columns to.")] = field(default_factory=dict)

    def peek(self, ctx: Context) -> Schema:
        """The columns, from the file's own schema."""
        from modelyard.frame.schema import schema_of

        said = schema_of(self._typed(self._chosen(ctx, rows=False), ctx))
        return Schema(tuple(replace(c, kind=self.types.get(c.name, c.kind)) for c in said))

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        self.tell_left_out(ctx)
        return self._typed(self._chosen(ctx, rows=True), ctx)

    def _typed(self, frame: LazyFrame, ctx: Context) -> LazyFrame:
        from modelyard.frame.source import typed

        declared = {n: kind for n, kind in self.types.items() if self.columns is None or n in self.columns}
        return typed(frame, declared, ctx.zone)

    def _chosen(self, ctx: Context, rows: bool) -> LazyFrame:
        """Of all files only `columns`, each in the type that it has there. `rows`: whether rows will be asked for."""
        raise NotImplementedError
