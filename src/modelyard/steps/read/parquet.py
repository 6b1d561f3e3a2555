"""Read a Parquet file, or the files of a glob, as one table. Its types are its own, so it stays lazy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from modelyard.frame.suffixes import PARQUET
from modelyard.step.context import Context
from modelyard.step.self_typed import SelfTyped

if TYPE_CHECKING:
    from polars import LazyFrame


class Parquet(SelfTyped, frozen=True, kw_only=True, tag="read.parquet"):
    """Rows of a Parquet file. Columns that no step knows (lists, structs) are left out by `columns:`.

    Right: large tables: kinds are in the file, columns that are not asked for are not read. Wrong: a folder
    that somebody else rewrites while it is read.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from modelyard.step.context import Context
    >>> import polars as pl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pl.DataFrame({"age": [41, 5], "town": ["Bonn", None]}).write_parquet(Path(folder, "in.parquet"))
    ...     Parquet(path="in.parquet", columns=("town",)).run(Context(folder=Path(folder))).collect().rows()
    [('Bonn',), (None,)]
    """

    ends: ClassVar[tuple[str, ...]] = PARQUET

    def _chosen(self, ctx: Context, rows: bool) -> LazyFrame:
        import polars as pl

        from modelyard.frame.footer import whole
        from modelyard.frame.source import chosen
        from modelyard.frame.still import held

        found = self.files(ctx)
        for file in found:
            whole(file)
        read = held(found) if rows else [str(file) for file in found]
        return chosen(pl.scan_parquet(read, glob=False), self.columns, self.path)
