"""Rows of sources as they were read: content-addressed parts, and per source how far it was read.

The rows are kept, not only the position: a source may change behind it, and what a model learned from must be had
again. A reading is itself a blob that lists its parts, so its digest is a version of the source. How far a source was
read lies beside the blobs (and not in the metadata, which another machine may share): what is lost is read again.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modelyard.errors.store import MissingBlob
from modelyard.package.synced import replace as replace_file
from modelyard.schema.column import Kind
from modelyard.schema.pin import Mark
from modelyard.store.blobs import DIGEST, Blobs
from modelyard.store.place import Store

if TYPE_CHECKING:
    from polars import DataFrame, LazyFrame

MOST = 32 * 2**20
"""Bytes of a part, as it is in memory."""
PACKED = 8
"""Times that a part's file may be larger in memory, where nobody counted."""


class Part(Struct, frozen=True):
    """`size`: bytes that it takes in memory; 0 where an older version did not count them."""

    digest: str
    rows: int
    size: int = 0


class File(Struct, frozen=True):
    """A file as it was when it was read. `digest`: of its bytes; `content`: of its rows that have a cursor."""

    digest: str
    content: str


class Reading(Struct, frozen=True, kw_only=True):
    """A source read up to and with `upto`. `columns`: name -> kind; `key`: of its rows the latest counts; `id`: the
    column that says whose a row is, where there is one; `forgotten`: rows that earlier parts had lost by then."""

    cursor: str
    columns: dict[str, Kind]
    key: tuple[str, ...] = ()
    upto: Mark | None = None
    parts: tuple[Part, ...] = ()
    files: dict[str, File] = {}
    id: str = ""
    forgotten: int = 0

    @property
    def rows(self) -> int:
        """In all parts; a row that was updated counts each time that it was read."""
        return sum(part.rows for part in self.parts)


class Kept:
    """The readings of a store. `passing`: they lie in a folder of their own and only the last one of a source stays:
    for what nobody will want to see again. `most`: bytes of a part, in memory; `room`: bytes that may be held of a
    source, what there is room for unless said."""

    def __init__(self, store: Store, passing: bool = False, most: int = MOST, room: int | None = None) -> None:
        self._states = store.cache / "labels" if passing else store.sources
        self._blobs = Blobs(self._states / "blobs") if passing else Blobs(store.blobs, store.remote)
        self._passing, self.most, self.room = passing, most, room
        self.spill = store.cache / "spill"
        """Where rows lie that are read and not kept yet."""

    def last(self, key: str) -> Reading | None:
        """The last reading of that source; None where there is none, or its rows are no longer whole."""
        try:
            reading = self.version(self._told(key) or "")
        except MissingBlob:
            return None
        return reading if all(self._blobs.rest(part.digest)[0] in self._blobs for part in reading.parts) else None

    def version(self, digest: str) -> Reading:
        """Raises MissingBlob."""
        return msgspec.json.decode(self._blobs.get(digest), type=Reading)

    def rows(self, reading: Reading) -> DataFrame:
        """The rows, in the order of their cursor; of those with one key the latest. Raises MissingBlob."""
        return self.scan(reading).collect()

    def scan(self, reading: Reading) -> LazyFrame:
        """The same rows; where there is no room for them they come into memory part by part. The bytes of every part
        are checked now. Raises MissingBlob."""
        from modelyard.frame.schema import DTYPES
        from modelyard.frame.stacked import stacked

        files = [self._blobs.checked(digest) for digest, _ in self._parts(reading)]
        size = sum(part.size or PACKED * file.stat().st_size for part, file in zip(reading.parts, files, strict=True))
        schema = {name: DTYPES[kind] for name, kind in reading.columns.items()}
        return stacked(files, size, schema, reading.key, self.room)

    def forgotten(self, reading: Reading) -> int:
        """How many rows were forgotten of those that it read."""
        return reading.forgotten + sum(rows for _, rows in self._parts(reading))

    def add(self, reading: Reading, new: Iterable[DataFrame]) -> Reading:
        """With those rows behind its own, part by part. Small parts are put together, so that there are never many."""
        for frame in new:
            reading = self._with(reading, frame) if frame.height else reading
        return reading

    def _with(self, reading: Reading, new: DataFrame) -> Reading:
        import polars as pl

        parts, frames, gone = list(reading.parts), [new], 0
        rows, size = new.height, int(new.estimated_size())
        while parts and parts[-1].rows <= 2 * rows and size + parts[-1].size <= self.most:
            last = parts.pop()
            digest, lost = self._blobs.rest(last.digest)
            frames.insert(0, pl.read_parquet(self._blobs.checked(digest), glob=False))
            rows, size, gone = rows + last.rows, size + last.size, gone + lost
        whole = pl.concat(frames)
        made = Part(self._put(whole), whole.height, int(whole.estimated_size()))
        return replace(reading, parts=(*parts, made), forgotten=reading.forgotten + gone)

    def write(self, reading: Reading) -> str:
        """Its version, which nothing begins from."""
        return self._blobs.put(msgspec.json.encode(reading))

    def keep(self, key: str, reading: Reading) -> str:
        """Make it the last one of that source; its version."""
        before = self._told(key)
        digest = self.write(reading)
        self._states.mkdir(parents=True, exist_ok=True)
        replace_file(self._states / key, digest.encode())
        if self._passing and before not in (None, digest):
            self._drop(str(before), reading)
        return digest

    def current(self) -> set[str]:
        """Versions that are the last of some source."""
        return {
            digest for path in self._states.glob("*") if (digest := self._told(path.name)) and DIGEST.fullmatch(digest)
        }

    def forget(self, key: str) -> None:
        """The next reading begins at the start; what was read stays under its versions."""
        self._states.joinpath(key).unlink(missing_ok=True)

    def _parts(self, reading: Reading) -> list[tuple[str, int]]:
        """The blob of each part, and how many rows were forgotten of it."""
        return [self._blobs.rest(part.digest) for part in reading.parts]

    def _put(self, frame: DataFrame) -> str:
        return self._blobs.put(packed(frame))

    def _told(self, key: str) -> str | None:
        """The version that is the last one."""
        try:
            return self._states.joinpath(key).read_text()
        except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
            return None

    def _drop(self, before: str, now: Reading) -> None:
        with contextlib.suppress(MissingBlob):
            for part in set(self.version(before).parts) - set(now.parts):
                self._blobs.path(part.digest).unlink(missing_ok=True)
        self._blobs.path(before).unlink(missing_ok=True)


def packed(frame: DataFrame) -> bytes:
    """A part as it lies on the disk."""
    content = io.BytesIO()
    frame.write_parquet(content, compression="zstd")
    return content.getvalue()
