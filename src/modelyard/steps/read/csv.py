"""Read a CSV file, or the files of a glob, as one table.

Types are inferred from the first rows and then hold: a later value that does not fit is an error that names its line,
or a row that is kept in the quarantine file; never a column that silently changed its type, never a row that is gone.
The file is read in blocks, and a table that memory has no room for goes to disk: a file may be larger than the memory.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta

from modelyard.frame.suffixes import TEXT, packable
from modelyard.schema.column import Column
from modelyard.schema.schema import Schema
from modelyard.step.context import Context
from modelyard.step.filed import Filed, PackedOrPlain
from modelyard.step.gathering import JsonLines

if TYPE_CHECKING:
    from polars import LazyFrame

    from modelyard.frame.together import Together

INFER = 100_000
"""Rows from which types are inferred."""
NULL_WORDS = ("", "NA", "NaN", "null")


class Csv(Filed, frozen=True, kw_only=True, tag="read.csv"):
    """Rows of a CSV file: header first, one record a line. Files whose columns differ are put together by name: what a
    file lacks is null there, and the result says so.

    Right: `types: {code: category}` where a code looks like a number to one file and not to another. Wrong: a
    CSV exported from a database that can be asked: read.sql needs no guess at kinds.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from modelyard.step.context import Context
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = Path(folder, "in.csv").write_text("code;x\\n007;1,5\\n008;NA\\n", encoding="utf-8")
    ...     Csv(path="in.csv", delimiter=";", decimal=",").run(Context(folder=Path(folder))).collect().rows()
    [('007', 1.5), ('008', None)]
    """

    ends: ClassVar[tuple[str, ...]] = packable(TEXT)

    path: PackedOrPlain
    null_words: Annotated[tuple[str, ...], Meta(description="What stands for a missing value.")] = NULL_WORDS
    delimiter: Annotated[str, Meta(description="One character.", min_length=1, max_length=1)] = ","
    decimal: Annotated[Literal[".", ","], Meta(description="The decimal mark.")] = "."
    quote: Annotated[str, Meta(description="What encloses a value; empty: nothing does.", max_length=1)] = '"'
    thousands: Annotated[
        Literal["", ",", ".", " ", "'", "_", "\u00a0", "\u202f"], Meta(description="What stands between thousands.")
    ] = ""
    encoding: Annotated[
        str, Meta(description="As Python names it: latin-1, cp1252 …; `utf8-lossy` replaces bad bytes.", min_length=1)
    ] = "utf8"
    quarantine: Annotated[
        JsonLines | None, Meta(description="Keep rows that do not parse in this file, and go on.")
    ] = None

    def peek(self, ctx: Context) -> Schema:
        """The columns, from the headers and the first rows."""
        kinds = self._opened(ctx).kinds
        return Schema(tuple(Column(name=name, kind=kind) for name, kind in kinds.items()))

    def run(self, ctx: Context, *tables: LazyFrame) -> LazyFrame:
        from modelyard.frame.quarantine import booked, told
        from modelyard.frame.spilled import Gathering

        self.tell_left_out(ctx)
        opened, table = self._opened(ctx), Gathering(ctx.folder)
        with nullcontext() if self.quarantine is None else booked(ctx.folder / self.quarantine) as book:
            for frame, kept in opened.parts(ctx.zone):
                table.add(frame)
                if book is not None:
                    book.add(kept)
        for word in (*opened.drift(), *opened.codes()):
            ctx.tell(word)
        if book is not None and self.quarantine is not None and book.first is not None:
            ctx.tell(told(book.first, book.rows, table.rows, self.quarantine))
        return table.lazy()

    def _opened(self, ctx: Context) -> Together:
        from modelyard.frame.delimited import Delimited, Dialect
        from modelyard.frame.infer import Marks
        from modelyard.frame.together import Together

        dialect = Dialect(
            delimiter=self.delimiter,
            quote=self.quote,
            null_words=self.null_words,
            encoding=self.encoding,
            marks=Marks(self.decimal, self.thousands),
            keep=self.quarantine is not None,
            infer=INFER,
        )
        found = [Delimited(file, dialect) for file in self.files(ctx)]
        return Together(found, self.types, self.columns, self.path)
