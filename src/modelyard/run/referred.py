"""Which blobs somebody can still ask for, and an end of all others: rows kept for nobody are rows at risk.

A reading counts while it is the last one of its source, or a registered version or a snapshot names it. What was
written within the day stays, for who wrote it may be about to name it; and while somebody reads, nothing goes. Only of
this folder: of an object store that machines share, each of them would have to be asked, and none can be.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec
from sqlalchemy import Connection

from modelyard.errors.store import MissingBlob
from modelyard.run.kept import Kept, Reading
from modelyard.schema.pin import Input
from modelyard.store.blobs import Blobs, Gone
from modelyard.store.in_use import out_of_use
from modelyard.store.packages import open_package
from modelyard.store.place import Store
from modelyard.store.records import all_records, read_runs
from modelyard.store.snapshots import Shelf
from modelyard.store.versions import Version

DAY = 86_400.0
GATHERED = "gathered"
"""Records of what was read for a retraining."""
LATE = "deleted: its version is older than those whose rows are kept"
HEAD = b'{"cursor":'
"""How a reading begins; source files are blobs, too."""


class _Told(msgspec.Struct, frozen=True):
    input: Input | msgspec.UnsetType | None = msgspec.UNSET


def collect(
    store: Store, pins: Collection[str], before: float | None = None, late: Collection[str] = (), dry_run: bool = False
) -> dict[str, int]:
    """Delete the blobs last written `before` (seconds since 1970; a day ago unless said) that nothing refers to; digest
    -> bytes. `pins`: of the registered versions; `late`: those that were kept long enough, of which a note stays.
    Raises StoreInUse, and what cannot be read of what refers to blobs: nothing is deleted then."""
    limit = time.time() - DAY if before is None else before
    with out_of_use(store):
        blobs, wanted = Blobs(store.blobs), referred(store, set(pins) - set(late))
        old = {digest: blobs.path(digest).stat() for digest in blobs if digest not in wanted}
        gone = {digest: found.st_size for digest, found in old.items() if found.st_mtime < limit}
        for digest in () if dry_run else gone:
            if digest in late:
                blobs.forget(digest, Gone(why=LATE))
            blobs.path(digest).unlink(missing_ok=True)
        for left in () if dry_run else store.blobs.glob("[0-9a-f][0-9a-f]/.new-*"):
            if left.stat().st_mtime < limit:
                left.unlink(missing_ok=True)
    return gone


def referred(store: Store, pins: Iterable[str]) -> set[str]:
    """Digests that a version, a snapshot or the last reading of a source needs. Raises BadSnapshot, MissingBlob."""
    blobs, kept = Blobs(store.blobs), Kept(store)
    named = {*pins, *kept.current(), *(digest for snapshot in Shelf.of(store) for digest in snapshot.blobs)}
    found: set[str] = set()
    for digest in named:
        reading = reading_of(blobs, digest)
        for each in (digest, *(() if reading is None else (part.digest for part in reading.parts))):
            found |= {each, *_rests(blobs, each)}
    return found


def pinned(store: Store, registered: Sequence[Version]) -> set[str]:
    """The readings that those versions were made of. One registered without words about its input is opened; raises
    what opening it raises."""
    return {digest for version in registered for digest in _pins(store, version)}


def under_way(sql: Connection) -> set[str]:
    """The readings of retrainings that have not ended."""
    ended = {run.id for run in read_runs(sql) if run.ended is not None}
    told = [one.document for one in all_records(sql) if one.kind == GATHERED and one.key not in ended]
    return {str(digest) for document in told for digest in document["sources"].values()}


def reading_of(blobs: Blobs, digest: str) -> Reading | None:
    """The reading of that digest; None where it is no reading or not in the folder. Raises MissingBlob where it is
    damaged: then nobody knows which parts it needs."""
    try:
        with open(blobs.path(digest), "rb") as file:
            if file.read(len(HEAD)) != HEAD:
                return None
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(blobs.get(digest), type=Reading)
    except msgspec.MsgspecError:
        return None


def readings(blobs: Blobs) -> Iterator[Reading]:
    """All of the folder, referred to or not; damaged ones are left out."""
    for digest in blobs:
        try:
            found = reading_of(blobs, digest)
        except MissingBlob:
            continue
        if found is not None:
            yield found


def _pins(store: Store, version: Version) -> Iterator[str]:
    try:
        read = msgspec.json.decode(version.document, type=_Told).input
    except msgspec.MsgspecError:
        read = msgspec.UNSET
    if isinstance(read, msgspec.UnsetType):
        read = open_package(store, version.digest, version.model).evidence.lineage.input
    if read is not None:
        yield from (pin.version for pin in read.sources.values() if pin.version)


def _rests(blobs: Blobs, digest: str) -> Iterator[str]:
    """What is left of a blob that was forgotten in part."""
    gone = blobs.gone(digest)
    while gone is not None and gone.by:
        yield gone.by
        gone = blobs.gone(gone.by)
