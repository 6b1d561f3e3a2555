"""Read a CSV file, or the files of a glob, as one table.

Types are inferred from the first rows and then hold: a later value that does not fit is an error that says so, never a
column that silently changed its type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, field
from msgspec.structs import replace

from modelyard.schema.column import Kind
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame

INFER = 100_000
"""Rows from which types are inferred."""
AS_READ = ("category", "text", "boolean")
"""Kinds that need the words as they stand in the file."""
NULL_WORDS = ("", "NA", "NaN", "null")


class Csv(TableStep, frozen=True, kw_only=True, tag="read.csv"):
    """Rows of a CSV file: header first, one record a line."""

    path: Annotated[str, Meta(description="A file or a glob, relative to the project file.", min_length=1)]
    columns: Annotated[tuple[str, ...] | None, Meta(description="Only these columns.")] = None
    types: Annotated[dict[str, Kind], Meta(description="Kinds not to infer.")] = field(default_factory=dict)
    null_words: Annotated[tuple[str, ...], Meta(description="What stands for a missing value.")] = NULL_WORDS
    delimiter: Annotated[str, Meta(description="One character.", min_length=1, max_length=1)] = ","
    decimal: Annotated[Literal[".", ","], Meta(description="The decimal mark.")] = "."
    quote: Annotated[str, Meta(description="What encloses a value.", min_length=1, max_length=1)] = '"'
    encoding: Annotated[Literal["utf8", "utf8-lossy"], Meta(description="`utf8-lossy` replaces bad bytes.")] = "utf8"

    def peek(self, ctx: Context) -> Schema:
        """The columns, from the header and the first rows."""
        from modelyard.frame.schema import schema_of

        return self._declared(schema_of(self._frame(ctx, INFER)))

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        return self.peek(ctx)

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        return self._frame(ctx, None)

    def _declared(self, schema: Schema) -> Schema:
        """polars has one string type: the word `text` is ours."""
        return Schema(tuple(replace(c, kind=self.types.get(c.name, c.kind)) for c in schema))

    def _frame(self, ctx: Context, rows: int | None) -> LazyFrame:
        from modelyard.frame.infer import inferred
        from modelyard.frame.source import chosen, collected, files, typed

        found = [str(file) for file in files(ctx.folder, self.path)]
        raw = collected(
            chosen(self._scan(found, rows), self.columns, self.path), self.path, "check delimiter and quotes"
        )
        declared = frozenset(name for name, kind in self.types.items() if kind in AS_READ)
        read = inferred(raw, INFER, self.decimal == ",", self.path, declared)
        return collected(typed(read.lazy(), self._types(), ctx.zone), self.path, "correct `types:` or the value").lazy()

    def _types(self) -> dict[str, Kind]:
        return {n: kind for n, kind in self.types.items() if self.columns is None or n in self.columns}

    def _scan(self, found: list[str], rows: int | None) -> LazyFrame:
        import polars as pl

        return pl.scan_csv(
            found,
            separator=self.delimiter,
            quote_char=self.quote,
            null_values=list(self.null_words),
            encoding=self.encoding,
            infer_schema=False,
            n_rows=rows,
        )
