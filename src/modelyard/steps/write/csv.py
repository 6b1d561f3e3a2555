"""Write a table as CSV, all of it or nothing: what has the name is replaced only by a finished file or object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.located import store_of, written
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Csv(TableStep, frozen=True, kw_only=True, tag="write.csv"):
    """Rows to a CSV file; the table itself goes on unchanged.

    Right: for people and for programs that read nothing else. Wrong: for reading back: kinds are lost, Parquet
    keeps them.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import polars as pl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = Csv(path="out.csv").run(Context(folder=Path(folder)), pl.LazyFrame({"what": ["=1+1"], "x": [2.5]}))
    ...     Path(folder, "out.csv").read_text().split()
    ['what,x', "'=1+1,2.5"]
    """

    rows: ClassVar[Literal["keeps", "changes"]] = "keeps"

    path: Annotated[str, Meta(description="A file, relative to the project file.", min_length=1)]
    connection: Annotated[
        str | None, Meta(description="Of an object store under `connections:`; `path` is then a key.")
    ] = None
    delimiter: Annotated[str, Meta(description="One character.", min_length=1, max_length=1)] = ","
    null_word: Annotated[str, Meta(description="What stands for a missing value.")] = ""
    guard_formulas: Annotated[
        bool, Meta(description="Put ' before texts that a spreadsheet would run (= + - @, tab, return).")
    ] = True

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        """As given: asking writes no file. Raises UnknownConnection."""
        if self.connection is not None:
            store_of(ctx, self.connection)
        return given[0]

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.sink import guarded

        frame = tables[0].collect()
        shown = guarded(frame) if self.guard_formulas else frame
        with written(ctx, self.connection, self.path) as unfinished:
            shown.write_csv(unfinished, separator=self.delimiter, null_value=self.null_word)
        return frame.lazy()
