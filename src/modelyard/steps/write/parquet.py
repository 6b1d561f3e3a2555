"""Write a table as Parquet, all of it or nothing: what has the name is replaced only by a finished file or object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelyard.step.file_written import FileWritten

if TYPE_CHECKING:
    from pathlib import Path

    from polars import DataFrame


class Parquet(FileWritten, frozen=True, kw_only=True, tag="write.parquet"):
    """Rows to a Parquet file; the table itself goes on unchanged.

    Right: for what other programs or other projects read. Wrong: one file per hour for years: small files cost
    more than rows.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from modelyard.step.context import Context
    >>> import polars as pl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = Parquet(path="out.parquet").run(Context(folder=Path(folder)), pl.LazyFrame({"x": [2.5]}))
    ...     pl.read_parquet(Path(folder, "out.parquet")).rows()
    [(2.5,)]
    """

    def put(self, frame: DataFrame, file: Path) -> None:
        frame.write_parquet(file)
