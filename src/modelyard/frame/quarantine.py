"""Rows that do not parse, kept: a file of one JSON object a line (file, line, text, reason), so that nothing is lost.

The file is written anew at each read: it says what the last read kept out, and an empty one says: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from msgspec import Struct, json

from modelyard.errors.system import SystemRefused
from modelyard.frame.sink import replaced


class Kept(Struct, frozen=True):
    """`line`: where the row begins in the file, from 1 (in a spreadsheet its row). `text`: as it stands there; bytes
    that are no UTF-8 as \\xff."""

    file: str
    line: int
    text: str
    reason: str


class Book:
    """A quarantine file that is being written, row by row: there may be more of them than memory. It takes its name
    when the block ends well."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file, self._path = file, path
        self.rows, self.first = 0, None

    rows: int
    first: Kept | None

    def add(self, rows: Sequence[Kept]) -> None:
        with _written(self._path):
            try:
                self._file.writelines(json.encode(row) + b"\n" for row in rows)
            except OSError:
                with suppress(OSError):  # what is left of it would be tried again at the end
                    self._file.close()
                raise
        self.first = self.first or next(iter(rows), None)
        self.rows += len(rows)


@contextmanager
def booked(path: Path) -> Iterator[Book]:
    """Raises SystemRefused where the file cannot be written; what the block itself meets goes through as it is."""
    with ExitStack() as stack:
        with _written(path):
            file = stack.enter_context(open(stack.enter_context(replaced(path)), "wb"))
        yield Book(file, path)
        with _written(path):
            file.close()
            stack.close()


def keep(rows: Sequence[Kept], path: Path) -> None:
    """Raises SystemRefused where the file cannot be written."""
    with booked(path) as book:
        book.add(rows)


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        found = f"the quarantine file cannot be written: {error.strerror or error}"
        way_out = "Name another file by `quarantine:`, or make room and leave to write there"
        raise SystemRefused(found, where=str(path), way_out=way_out) from None


def words(rows: Sequence[Kept], good: int, path: str) -> str:
    """
    >>> words([Kept("a.csv", 7, "x", "1 of 2 values")], 9, "bad.jsonl")
    '1 of 10 rows do not parse and are kept in bad.jsonl; first: a.csv, line 7: 1 of 2 values'
    """
    return told(rows[0], len(rows), good, path)


def told(first: Kept, kept: int, good: int, path: str) -> str:
    told = f"{kept} of {kept + good} rows do not parse and are kept in {path}"
    return f"{told}; first: {first.file}, line {first.line}: {first.reason}"
