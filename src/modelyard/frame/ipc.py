"""An Arrow IPC file or stream, told apart by the first bytes.

A file stays lazy; a stream has no index and is read whole.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from modelyard.errors.data import UnreadableTable
from modelyard.frame.source import first_line

FILE = b"ARROW1"
"""How an IPC file begins, and a stream does not."""


def arrow(file: Path | str | bytes, name: Path) -> pl.LazyFrame:
    """`file`: or its bytes; `name`: what the file is called to a person. Raises UnreadableTable."""
    try:
        if _first(file) == FILE:
            frame = pl.scan_ipc(file, glob=False)
            frame.collect_schema()
            return frame
        return pl.read_ipc_stream(file).lazy()
    except (pl.exceptions.PolarsError, OSError) as error:
        way_out = "write it again as an Arrow IPC file; Parquet is read by read.parquet"
        raise UnreadableTable(first_line(error), where=str(name), way_out=way_out) from None


def _first(file: Path | str | bytes) -> bytes:
    if isinstance(file, bytes):
        return file[: len(FILE)]
    with open(file, "rb") as start:
        return start.read(len(FILE))
