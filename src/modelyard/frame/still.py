"""Whether the files of a source stayed as they were while they were read: else the rows are of no version that anybody
could read again, and what is remembered of them (digest, rows) would be of another one.

By size, time of change and which file it is, since a digest would read each file once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from modelyard.errors.data import UnreadableTable
from modelyard.frame.room import room

Marks = dict[Path, tuple[int, int, int, int]]
WAY_OUT = (
    "Run again when whoever writes it is done; best is to finish a file under another name and then rename it, and to "
    "read what always grows from a database"
)


class Still:
    def __init__(self, files: Callable[[], Sequence[Path]]) -> None:
        """`files`: those that there are now, each time it is asked; one that appears is a change, too."""
        self._files, self._before = files, _marks(files)

    def check(self) -> None:
        """Raises UnreadableTable, which names the first that is not as it was."""
        after = _marks(self._files)
        for file in dict.fromkeys((*self._before, *after)):
            if self._before.get(file) != after.get(file):
                raise UnreadableTable("changed while it was read", where=str(file), way_out=WAY_OUT)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Also where reading fails: half of a file breaks in ways that speak of anything but that."""
        try:
            yield
        except (Exception, pl.exceptions.PanicException):
            self.check()
            raise
        self.check()


def _marks(files: Callable[[], Sequence[Path]]) -> Marks:
    """Nothing where there are no files: reading them says why."""
    found: Marks = {}
    try:
        for file in files():
            seen = file.stat()
            found[file] = (seen.st_size, seen.st_mtime_ns, seen.st_dev, seen.st_ino)
    except (OSError, UnreadableTable):
        return {}
    return found


def held(files: Sequence[Path]) -> list[bytes] | list[str]:
    """The bytes of files that their reader would map into memory, where there is room; else their names. One that is
    cut short while it is mapped ends the process, and no error can tell of it."""
    if sum(file.stat().st_size for file in files) <= room() // 2:
        return [file.read_bytes() for file in files]
    return [str(file) for file in files]
