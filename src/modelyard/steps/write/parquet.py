"""Write a table as Parquet, all of it or nothing: what has the name is replaced only by a finished file or object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.located import store_of, written
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from polars import LazyFrame


class Parquet(TableStep, frozen=True, kw_only=True, tag="write.parquet"):
    """Rows to a Parquet file; the table itself goes on unchanged.

    Right: for what other programs or other projects read. Wrong: one file per hour for years: small files cost
    more than rows.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import polars as pl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = Parquet(path="out.parquet").run(Context(folder=Path(folder)), pl.LazyFrame({"x": [2.5]}))
    ...     pl.read_parquet(Path(folder, "out.parquet")).rows()
    [(2.5,)]
    """

    rows: ClassVar[Literal["keeps", "changes"]] = "keeps"

    path: Annotated[str, Meta(description="A file, relative to the project file.", min_length=1)]
    connection: Annotated[
        str | None, Meta(description="Of an object store under `connections:`; `path` is then a key.")
    ] = None

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        """As given: asking writes no file. Raises UnknownConnection."""
        if self.connection is not None:
            store_of(ctx, self.connection)
        return given[0]

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        frame = tables[0].collect()
        with written(ctx, self.connection, self.path) as unfinished:
            frame.write_parquet(unfinished)
        return frame.lazy()
