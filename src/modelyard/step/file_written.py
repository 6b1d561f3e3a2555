"""What the steps that write a file share: where it goes, and that asking for the columns writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.located import store_of, written
from modelyard.step.step import TableStep

if TYPE_CHECKING:
    from pathlib import Path

    from polars import DataFrame, LazyFrame


class FileWritten(TableStep, frozen=True, kw_only=True):
    """The table goes into the file, all of it or nothing, and on unchanged. A kind says `put`."""

    rows: ClassVar[Literal["keeps", "changes"]] = "keeps"

    path: Annotated[str, Meta(description="A file, relative to the project file.", min_length=1)]
    connection: Annotated[
        str | None, Meta(description="Of an object store under `connections:`; `path` is then a key.")
    ] = None

    def put(self, frame: DataFrame, file: Path) -> None:
        """The rows as this kind of file."""
        raise NotImplementedError

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        """As given: asking writes no file. Raises UnknownConnection."""
        if self.connection is not None:
            store_of(ctx, self.connection)
        return given[0]

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        frame = tables[0].collect()
        with written(ctx, self.connection, self.path) as unfinished:
            self.put(frame, unfinished)
        return frame.lazy()
