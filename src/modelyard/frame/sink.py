"""What every file sink does: finish first, then take the name; and never write a cell that a spreadsheet would run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import polars as pl

FORMULA = r"^[=+\-@\t\r]"


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file to write, in the same folder, that becomes `path` when the block ends well, else vanishes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{token_hex(6)}.part")
    try:
        yield unfinished
        _synced(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _synced(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts that begin like a formula get a ' in front. Numbers are left alone.

    >>> guarded(pl.DataFrame({"a": ["=1+1", "x"], "n": [-1, 2]}))["a"].to_list()
    ["'=1+1", 'x']
    """
    text = pl.col(pl.String)
    return frame.with_columns(pl.when(text.str.contains(FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep())
