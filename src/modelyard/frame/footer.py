"""Whether a Parquet file is whole, by its first and last bytes: its index is written last, so one that is still being
written, or was cut short on its way, lacks it.

Why before reading: of several files the reader looks into the first, and meets the others in the middle of the work.
"""

from __future__ import annotations

import os
from pathlib import Path

from modelyard.errors.data import UnreadableTable

MARK = b"PAR1"
LEAST = 12
"""Bytes: both marks, and the length of the index."""


def whole(file: Path) -> None:
    """Raises UnreadableTable where it is no Parquet file, or not all of one."""
    with open(file, "rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        first = opened.read(len(MARK))
        opened.seek(max(size - len(MARK), 0))
        last = opened.read(len(MARK))
    if first != MARK:
        raise UnreadableTable("is no Parquet file", where=str(file), way_out="Read it by the step of its format")
    if last != MARK or size < LEAST:
        way_out = "Get it again, or wait until whoever writes it is done"
        raise UnreadableTable("is cut short: a Parquet file ends in its index", where=str(file), way_out=way_out)
