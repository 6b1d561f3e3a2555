"""Read one sheet of a workbook (xlsx, xlsm, xls, ods), or of the workbooks of a glob, as one table.

Whole numbers are integers, as a spreadsheet knows only floats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from modelyard.frame.suffixes import EXCEL
from modelyard.step.context import Context
from modelyard.step.gathering import Gathering

if TYPE_CHECKING:
    from polars import LazyFrame

    from modelyard.frame.gathered import Gathered

INFER = 100_000
"""Rows of each file from which kinds are found."""
Place = Annotated[int, Meta(ge=1)]


class Excel(Gathering, frozen=True, kw_only=True, tag="read.excel"):
    """Rows of a sheet: a header row, one record a row below it; blank rows are none.

    Right: a sheet that people keep: header row and sheet named. Wrong: a formatted report with totals below:
    they would be rows like all others.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from modelyard.step.context import Context
    >>> import polars as pl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     book = pl.DataFrame({"age": [41.0, 5.0]}).write_excel(Path(folder, "in.xlsx"), "people")
    ...     Excel(path="in.xlsx", sheet="people").run(Context(folder=Path(folder))).collect()["age"].to_list()
    [41, 5]
    """

    ends: ClassVar[tuple[str, ...]] = EXCEL

    sheet: Annotated[str | Place, Meta(description="The sheet's name, or its place from 1.")] = 1
    header_row: Annotated[int, Meta(description="The row that names the columns, from 1.", ge=1)] = 1

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        frame = super().run(ctx, *tables)
        self._tell(ctx)
        return frame

    def _tell(self, ctx: Context) -> None:
        from modelyard.frame.extent import looked_at

        for file in self.files(ctx):
            seen = looked_at(file)
            if seen.errors:
                ctx.tell(f"{file.name} has {seen.errors} cells that hold an error such as #DIV/0!: null there")
            if seen.uncalculated:
                found = f"{file.name} has {seen.uncalculated} formulas that no program has calculated: null there"
                ctx.tell(f"{found}; open it in a spreadsheet program and save it")

    def _read(self, ctx: Context, whole: bool) -> Gathered:
        from modelyard.frame.gathered import Gathered
        from modelyard.frame.sheet import lines

        found = Gathered(INFER, self.quarantine is not None)
        for file in self.files(ctx):
            names, rows = lines(file, self.sheet, self.header_row)
            found.named(names)
            for line in rows:
                found.add(file, line.number, line.text, line.row)
                if not whole and found.full(file):
                    break
        return found
