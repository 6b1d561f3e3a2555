"""Snapshots: what the sources of a project held at one time, by name. The bytes are blobs; a snapshot lists them.

A shelf is a folder of blobs and a folder of names. A snapshot is copied from shelf to shelf blob by blob, each checked
against its digest, and its name is written last: what was cut off is not there, and goes on where it stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from modelyard.errors.store import BadSnapshot, MissingBlob, SnapshotThere, UnknownSnapshot
from modelyard.package.synced import replace
from modelyard.schema.column import Kind
from modelyard.schema.pin import Mark
from modelyard.store.blobs import DIGEST, Blobs
from modelyard.store.place import Store

FORMAT = 1
"""Of the document; raised when its meaning changes, with a reader kept for the old one."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
END = ".json"


class FileAt(Struct, frozen=True, kw_only=True):
    """A file, by its name as the project's folder sees it."""

    name: str
    size: int
    digest: str


class Taken(Struct, frozen=True, kw_only=True):
    """One source. `digest`: of its rows; `blobs`: all that must be there to have them and its `files` again, the list
    of its parts (`version`) first."""

    kind: str
    rows: int
    digest: str
    columns: dict[str, Kind]
    version: str
    blobs: tuple[str, ...]
    files: tuple[FileAt, ...] = ()
    cursor: str = ""
    upto: Mark | None = None


class Snapshot(Struct, frozen=True, kw_only=True):
    """`created`: microseconds since 1970 UTC."""

    format: int = FORMAT
    name: str
    project: str
    created: int
    sources: dict[str, Taken]

    @property
    def blobs(self) -> tuple[str, ...]:
        """Each once."""
        return tuple(dict.fromkeys(digest for taken in self.sources.values() for digest in taken.blobs))

    def holds(self, other: Snapshot) -> bool:
        """Whether both are of the same rows and bytes."""
        return self.sources == other.sources


class Shelf:
    """Raises UnknownSnapshot, BadSnapshot, MissingBlob."""

    def __init__(self, blobs: Path, names: Path) -> None:
        self.blobs, self._names = Blobs(blobs), names

    @classmethod
    def of(cls, store: Store) -> Shelf:
        return cls(store.blobs, store.snapshots)

    def __contains__(self, name: str) -> bool:
        return self._path(name).is_file()

    def __iter__(self) -> Iterator[Snapshot]:
        """Oldest first."""
        found = [self[path.name.removesuffix(END)] for path in self._names.glob(f"*{END}")]
        return iter(sorted(found, key=lambda one: (one.created, one.name)))

    def __getitem__(self, name: str) -> Snapshot:
        path = self._path(name)
        try:
            found = msgspec.json.decode(path.read_bytes(), type=Snapshot)
        except FileNotFoundError:
            raise UnknownSnapshot(f"no snapshot {name!r}", where=str(self._names)) from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadSnapshot(f"the snapshot {name!r} cannot be read: {error}", where=str(path)) from None
        wrong = [digest for digest in found.blobs if not DIGEST.fullmatch(digest)]
        if found.format != FORMAT or found.name != name or wrong:
            said = f"has format {found.format}" if found.format != FORMAT else "is not what its name says"
            raise BadSnapshot(f"the snapshot {name!r} {said}", where=str(path))
        return found

    def add(self, snapshot: Snapshot) -> None:
        """Its blobs are there already. The same rows under the same name again change nothing; other rows raise
        SnapshotThere."""
        path = self._path(snapshot.name)
        if snapshot.name in self:
            if self[snapshot.name].holds(snapshot):
                return
            raise SnapshotThere(f"there is a snapshot {snapshot.name!r} of other rows", where=str(path))
        self._names.mkdir(parents=True, exist_ok=True)
        replace(path, msgspec.json.format(msgspec.json.encode(snapshot), indent=1))

    def drop(self, name: str) -> None:
        """Its name; what it held goes when nothing else refers to it. Raises UnknownSnapshot."""
        path = self._path(name)
        if name not in self:
            raise UnknownSnapshot(f"no snapshot {name!r}", where=str(self._names))
        path.unlink()

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise UnknownSnapshot(f"{name!r} is no name of a snapshot", way_out="Letters, digits, . _ -, at most 100")
        return self._names / f"{name}{END}"


def copy(name: str, source: Shelf, target: Shelf) -> tuple[Snapshot, int]:
    """The snapshot, and how many blobs were not there yet. What is there is read and checked too: a damaged blob is
    written anew. What was forgotten on either shelf is forgotten on both."""
    snapshot, sent = source[name], 0
    if name in target and not target[name].holds(snapshot):
        raise SnapshotThere(f"there is a snapshot {name!r} of other rows", where=str(target.blobs.folder))
    for digest in snapshot.blobs:
        sent += _brought(source.blobs, target.blobs, digest)
    target.add(snapshot)
    return snapshot, sent


def _brought(source: Blobs, target: Blobs, digest: str) -> int:
    """How many blobs were written to have that one, or what is left of it."""
    here, there = target.gone(digest), source.gone(digest)
    if there is None and here is None:
        if _whole(target, digest):
            return 0
        target.path(digest).unlink(missing_ok=True)
        target.put(source.get(digest))
        return 1
    if there is None or (here is not None and here.by != there.by):
        return 0
    sent = _brought(source, target, there.by) if there.by else 0
    if here is None:
        target.forget(digest, there)
    return sent


def _whole(blobs: Blobs, digest: str) -> bool:
    try:
        blobs.get(digest)
    except MissingBlob:
        return False
    return True
