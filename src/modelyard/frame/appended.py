"""A table written part by part, that is there whole or not at all: CSV or Parquet, by the name's end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import polars as pl

from modelyard.errors.data import UnreadableTable
from modelyard.frame.sink import guarded, replaced
from modelyard.frame.suffixes import CSV, PARQUET


class Appended(Protocol):
    def add(self, part: pl.DataFrame) -> None: ...


@contextmanager
def appended(path: Path) -> Iterator[Appended]:
    """What is added takes the name `path` when the block ends well. Raises UnreadableTable for another suffix."""
    suffix = path.suffix.lower()
    if suffix not in (*CSV, *PARQUET):
        way_out = f"Let its name end in {', '.join((*CSV, *PARQUET))}"
        raise UnreadableTable(f"{suffix or 'no suffix'} is no table that we write", where=str(path), way_out=way_out)
    with replaced(path) as unfinished:
        if suffix in CSV:
            with open(unfinished, "wb") as file:
                yield _Csv(file)
            return
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        try:
            written = _Parquet(folder)
            yield written
            written.join(unfinished)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class _Csv:
    def __init__(self, file: BinaryIO) -> None:
        self._file, self._began = file, False

    def add(self, part: pl.DataFrame) -> None:
        guarded(part).write_csv(self._file, include_header=not self._began)
        self._began = True


class _Parquet:
    """Each part a file of its own, joined at the end by polars' streaming engine: one file, in constant memory."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._parts = folder, 0

    def add(self, part: pl.DataFrame) -> None:
        part.write_parquet(self._folder / f"{self._parts:08d}.parquet")
        self._parts += 1

    def join(self, into: Path) -> None:
        if not self._parts:
            pl.DataFrame().write_parquet(into)
            return
        files = sorted(self._folder.glob("*.parquet"))
        pl.scan_parquet(files, glob=False).sink_parquet(into, maintain_order=True)
