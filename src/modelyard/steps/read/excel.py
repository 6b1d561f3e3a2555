"""Read one sheet of a workbook (xlsx, xlsm, xls, ods), or of the workbooks of a glob, as one table.

Columns and kinds are found in the first rows and then hold: a later value that does not fit is an error that names its
row, or a row kept in the quarantine file. Whole numbers are integers, as a spreadsheet knows only floats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
"""Rows of each file from which kinds are found."""
Place = Annotated[int, Meta(ge=1)]
JsonLines = Annotated[str, Meta(pattern=r"\.jsonl$")]


class Excel(Incremental, frozen=True, kw_only=True, tag="read.excel"):
    """Rows of a sheet: a header row, one record a row below it; blank rows are none.

    Right: a sheet that people keep: header row and sheet named. Wrong: a formatted report with totals below:
    they would be rows like all others.
    """

    path: Annotated[str, Meta(description="A file or a glob, relative to the project file.", min_length=1)]
    connection: Annotated[
        str | None, Meta(description="Of an object store under `connections:`; `path` is then a key or a pattern.")
    ] = None
    sheet: Annotated[str | Place, Meta(description="The sheet's name, or its place from 1.")] = 1
    header_row: Annotated[int, Meta(description="The row that names the columns, from 1.", ge=1)] = 1
    columns: Annotated[tuple[str, ...] | None, Meta(description="Only these columns.")] = None
    types: Annotated[dict[str, Kind], Meta(description="Kinds not to infer.")] = field(default_factory=dict)
    quarantine: Annotated[JsonLines | None, Meta(description="Keep rows that do not parse here, and go on.")] = None

    def peek(self, ctx: Context) -> Schema:
        """The columns, from the first rows."""
        kinds = self._read(ctx, whole=False).kinds(self.types, self.columns, self.path)
        return Schema(tuple(Column(name=name, kind=kind) for name, kind in kinds.items()))

    def schema(self, *given: Schema, ctx: Context) -> Schema:
        return self.peek(ctx)

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.quarantine import keep, words

        found = self._read(ctx, whole=True)
        frame = found.frame(found.kinds(self.types, self.columns, self.path), ctx.zone, every=False)
        if self.quarantine is not None:
            keep(found.kept, ctx.folder / self.quarantine)
            if found.kept:
                ctx.tell(words(found.kept, frame.height, self.quarantine))
        self._tell(ctx)
        return frame.lazy()

    def _tell(self, ctx: Context) -> None:
        from modelyard.frame.extent import errors

        for file in files_of(ctx, self.connection, self.path):
            if count := errors(file):
                ctx.tell(f"{file.name} has {count} cells that hold an error such as #DIV/0!: null there")

    def _read(self, ctx: Context, whole: bool) -> Gathered:
        from modelyard.frame.gathered import Gathered
        from modelyard.frame.sheet import lines

        found = Gathered(INFER, self.quarantine is not None)
        for file in files_of(ctx, self.connection, self.path):
            for line in lines(file, self.sheet, self.header_row):
                found.add(file, line.number, line.text, line.row)
                if not whole and found.full(file):
                    break
        return found
