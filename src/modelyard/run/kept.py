"""Rows of sources as they were read: content-addressed parts, and per source how far it was read.

The rows are kept, not only the position: a source may change behind it, and what a model learned from must be had
again. A reading is itself a blob that lists its parts, so its digest is a version of the source. How far a source was
read lies beside the blobs (and not in the metadata, which another machine may share): what is lost is read again.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modelyard.errors.store import MissingBlob
from modelyard.package.synced import replace as replace_file
from modelyard.schema.column import Kind
from modelyard.schema.pin import Mark
from modelyard.store.blobs import Blobs
from modelyard.store.place import Store

if TYPE_CHECKING:
    from polars import DataFrame


class Part(Struct, frozen=True):
    digest: str
    rows: int


class File(Struct, frozen=True):
    """A file as it was when it was read. `digest`: of its bytes; `content`: of its rows that have a cursor."""

    digest: str
    content: str


class Reading(Struct, frozen=True, kw_only=True):
    """A source read up to and with `upto`. `columns`: name -> kind; `key`: of its rows the latest counts."""

    cursor: str
    columns: dict[str, Kind]
    key: tuple[str, ...] = ()
    upto: Mark | None = None
    parts: tuple[Part, ...] = ()
    files: dict[str, File] = {}

    @property
    def rows(self) -> int:
        """In all parts; a row that was updated counts each time that it was read."""
        return sum(part.rows for part in self.parts)


class Kept:
    """The readings of a store. `passing`: they lie in a folder of their own and only the last one of a source stays:
    for what nobody will want to see again."""

    def __init__(self, store: Store, passing: bool = False) -> None:
        self._states = store.cache / "labels" if passing else store.sources
        self._blobs = Blobs(self._states / "blobs") if passing else Blobs(store.blobs, store.remote)
        self._passing = passing

    def last(self, key: str) -> Reading | None:
        """The last reading of that source; None where there is none, or its rows are no longer whole."""
        try:
            reading = self.version(self._told(key) or "")
        except MissingBlob:
            return None
        return reading if all(part.digest in self._blobs for part in reading.parts) else None

    def version(self, digest: str) -> Reading:
        """Raises MissingBlob."""
        return msgspec.json.decode(self._blobs.get(digest), type=Reading)

    def rows(self, reading: Reading) -> DataFrame:
        """The rows, in the order of their cursor; of those with one key the latest. Raises MissingBlob."""
        import polars as pl

        from modelyard.frame.bounded import latest

        frames = [pl.read_parquet(io.BytesIO(self._blobs.get(part.digest))) for part in reading.parts]
        return latest(pl.concat([_empty(reading), *frames]), reading.key)

    def add(self, reading: Reading, new: DataFrame) -> Reading:
        """With those rows behind its own. Small parts are put together, so that there are never many."""
        import polars as pl

        if not new.height:
            return reading
        parts, frames = list(reading.parts), [new]
        while parts and parts[-1].rows <= 2 * sum(frame.height for frame in frames):
            frames.insert(0, pl.read_parquet(io.BytesIO(self._blobs.get(parts.pop().digest))))
        whole = pl.concat(frames)
        return replace(reading, parts=(*parts, Part(self._put(whole), whole.height)))

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

    def forget(self, key: str) -> None:
        """The next reading begins at the start; what was read stays under its versions."""
        self._states.joinpath(key).unlink(missing_ok=True)

    def _put(self, frame: DataFrame) -> str:
        content = io.BytesIO()
        frame.write_parquet(content, compression="zstd")
        return self._blobs.put(content.getvalue())

    def _told(self, key: str) -> str | None:
        """The version that is the last one."""
        try:
            return self._states.joinpath(key).read_text()
        except FileNotFoundError:
            return None

    def _drop(self, before: str, now: Reading) -> None:
        with contextlib.suppress(MissingBlob):
            for part in set(self.version(before).parts) - set(now.parts):
                self._blobs.path(part.digest).unlink(missing_ok=True)
        self._blobs.path(before).unlink(missing_ok=True)


def _empty(reading: Reading) -> DataFrame:
    import polars as pl

    from modelyard.frame.schema import DTYPES

    return pl.DataFrame(schema={name: DTYPES[kind] for name, kind in reading.columns.items()})
