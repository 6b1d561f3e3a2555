"""Write a table as CSV, all of it or nothing: what has the name is replaced only by a finished file or object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from modelyard.step.file_written import FileWritten

if TYPE_CHECKING:
    from pathlib import Path

    from polars import DataFrame


class Csv(FileWritten, frozen=True, kw_only=True, tag="write.csv"):
    """Rows to a CSV file; the table itself goes on unchanged.

    Right: for people and for programs that read nothing else. Wrong: for reading back: kinds are lost, Parquet
    keeps them.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from modelyard.step.context import Context
    >>> import polars as pl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = Csv(path="out.csv").run(Context(folder=Path(folder)), pl.LazyFrame({"what": ["=1+1"], "x": [2.5]}))
    ...     Path(folder, "out.csv").read_text().split()
    ['what,x', "'=1+1,2.5"]
    """

    delimiter: Annotated[str, Meta(description="One character.", min_length=1, max_length=1)] = ","
    null_word: Annotated[str, Meta(description="What stands for a missing value.")] = ""
    guard_formulas: Annotated[
        bool, Meta(description="Put ' before texts that a spreadsheet would run (= + - @, tab, return).")
    ] = True

    def put(self, frame: DataFrame, file: Path) -> None:
        from modelyard.frame.sink import guarded

        shown = guarded(frame) if self.guard_formulas else frame
        shown.write_csv(file, separator=self.delimiter, null_value=self.null_word)
