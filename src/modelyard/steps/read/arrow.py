"""Read an Arrow IPC file (Feather) or stream, or the files of a glob, as one table. Its types are its own.

Which of the two a file is, its first bytes say. A file stays lazy; a stream is read whole, as it has no index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from modelyard.frame.suffixes import ARROW
from modelyard.step.context import Context
from modelyard.step.self_typed import SelfTyped

if TYPE_CHECKING:
    from polars import LazyFrame


class Arrow(SelfTyped, frozen=True, kw_only=True, tag="read.arrow"):
    """Rows of an Arrow IPC file or stream. Columns that no step knows (lists, structs) are left out by `columns:`.

    Right: what another program wrote for reading once. Wrong: an archive: Parquet is smaller and says its kinds
    as well.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from modelyard.step.context import Context
    >>> import polars as pl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pl.DataFrame({"age": [41, 5], "town": ["Bonn", None]}).write_ipc(Path(folder, "in.arrow"))
    ...     Arrow(path="in.arrow", columns=("town",)).run(Context(folder=Path(folder))).collect().rows()
    [('Bonn',), (None,)]
    """

    ends: ClassVar[tuple[str, ...]] = ARROW

    def _chosen(self, ctx: Context, rows: bool) -> LazyFrame:
        from modelyard.frame.ipc import arrow
        from modelyard.frame.still import held

        found = self.files(ctx)
        read: Sequence[bytes | str] = held(found) if rows else [str(file) for file in found]
        return self._together([arrow(one, file) for one, file in zip(read, found, strict=True)])

    def _together(self, frames: list[LazyFrame]) -> LazyFrame:
        import polars as pl

        from modelyard.errors.data import UnreadableTable
        from modelyard.frame.source import chosen, first_line

        parts = [chosen(frame, self.columns, self.path) for frame in frames]
        try:
            whole = pl.concat(parts)
            whole.collect_schema()
        except pl.exceptions.PolarsError as error:
            way_out = "narrow the glob to files of one schema, or name `columns:` that they share"
            raise UnreadableTable(first_line(error), where=self.path, way_out=way_out) from None
        return whole
