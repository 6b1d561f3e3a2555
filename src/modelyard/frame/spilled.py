"""Rows that come in parts, as one table: held while memory has room for them, else on disk.

On disk they are Parquet files in the project's cache, one after the other, read again as often as they are wanted and
never more than one at once; they go when nobody can read them any more.
"""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import polars as pl

from modelyard.frame.in_turn import in_turn
from modelyard.frame.room import room

PART = 2 * 2**20
"""Bytes of a part on disk, as it is in memory: at 8 MiB the readers' buffers take 80 MiB more of the address space, and
the time is the same."""
ROWS = 25_000
"""Rows that are worked on at once."""
PLACE = ".modelyard/cache/spill"


class Gathering:
    def __init__(self, folder: Path, most: int | None = None, place: Path | None = None) -> None:
        """`folder`: of the project. `most`: bytes to hold in memory; unless said, what there is room for now. `place`:
        where parts lie, instead of the project's cache."""
        self._place, self._most = place or folder / PLACE, room() if most is None else most
        self._held: list[pl.DataFrame] = []
        self._size = 0
        self._spill: Spill | None = None
        self.rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        self._held.append(frame)
        self._size += int(frame.estimated_size())
        self.rows += frame.height
        if self._size > (self._most if self._spill is None else PART):
            self._spill = self._spill or Spill(self._place)
            self._flush(self._spill)

    def lazy(self) -> pl.LazyFrame:
        """All of them, in order; there must be at least one."""
        if self._spill is None:
            whole = pl.concat(self._held) if len(self._held) > 1 else self._held[0]
            self._held = []
            return whole.lazy()
        if self._held:
            self._flush(self._spill)
        return self._spill.lazy()

    def _flush(self, spill: Spill) -> None:
        waiting: list[pl.DataFrame] = []
        size = 0
        while self._held:
            waiting.append(self._held.pop(0))
            size += int(waiting[-1].estimated_size())
            if size > PART or not self._held:
                spill.write(pl.concat(waiting))
                waiting, size = [], 0
        self._size = 0


class Spill:
    """A folder of parts that vanishes with its last reader."""

    def __init__(self, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        _sweep(place)
        self._folder = place / f"{os.getpid()}-{token_hex(6)}"
        self._folder.mkdir(mode=0o700)
        self._parts: list[Path] = []
        self._schema: dict[str, pl.DataType] = {}
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def write(self, part: pl.DataFrame) -> None:
        path = self._folder / f"{len(self._parts):06}.parquet"
        part.write_parquet(path, compression="lz4", statistics=False)
        self._parts.append(path)
        self._schema = dict(part.schema)

    def __iter__(self) -> Iterator[Path]:
        return iter(self._parts)

    def lazy(self) -> pl.LazyFrame:
        return in_turn(self, self._schema)


def in_parts(frame: pl.LazyFrame) -> bool:
    """Whether its rows come from somewhere that may hold more of them than memory: a spill, a database."""
    return "PYTHON SCAN" in frame.explain(optimized=False)


def parts(frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Whole; some rows at a time where there may be more than memory holds. At least one part, be it empty."""
    if not in_parts(frame):
        yield frame.collect()
        return
    yield frame.head(0).collect()
    yield from frame.collect_batches(chunk_size=ROWS, maintain_order=True)


def _sweep(place: Path) -> None:
    """What a process left that was killed."""
    for folder in place.iterdir():
        owner = folder.name.partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
