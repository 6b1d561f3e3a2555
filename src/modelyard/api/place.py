"""Which store is meant: `--store`, else MODELYARD_STORE, else `store:` of the project file, else `.modelyard/` there.

A store is a folder. A database URL keeps the metadata elsewhere; the folder for everything else may follow it after a
blank (`postgresql://me@host/yard /srv/yard`), else it is `.modelyard/` beside the file. In the project file it may be
told by fields: {folder, metadata, blobs: {connection, path}}. Of these, `blobs` holds wherever the store is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from modelyard.errors.project import BadParameter
from modelyard.errors.store import NoStore
from modelyard.project.settings import BlobPlace, StorePlace
from modelyard.schema.connection import Connections
from modelyard.schema.object_store import ObjectStore
from modelyard.store.place import Store
from modelyard.store.remote import Remote

FILE, FOLDER = "modelyard.yaml", ".modelyard"
VARIABLE = "MODELYARD_STORE"


class Place(Struct, frozen=True):
    """Where a store lies, and the metadata's URL."""

    store: Store
    url: str

    @property
    def exists(self) -> bool:
        """Whether anything was ever stored here, be it a snapshot alone; of a database that is a server, the folder
        tells."""
        scheme, _, path = self.url.partition(":///")
        there = Path(path).exists() if scheme == "sqlite" else self.store.keys.is_dir()
        return there or self.store.snapshots.is_dir()

    def check(self) -> None:
        """Raises NoStore."""
        if not self.exists:
            raise NoStore(f"there is no store at {self.store.root}", where=str(self.store.root.absolute()))


def located(store: str | Path | None = None, folder: Path = Path(), blobs: bool = True) -> Place:
    """Where that store is, or that of the project file in `folder`, if there is one; of the file its head alone is
    read. `blobs`: whether its bucket is needed; where it is not and the store is named, the file is not read at all, so
    that one which is being edited stops no server."""
    written: str | StorePlace | None = None
    known, file = Connections(), folder / FILE
    if file.exists() and (blobs or not (store or os.environ.get(VARIABLE))):
        from modelyard.project.connections import connections
        from modelyard.project.environment import Environment
        from modelyard.project.read import read
        from modelyard.project.settings import settings

        document, environment = read(file.read_bytes(), FILE), Environment(dict(os.environ))
        written = settings(document, environment).store
        known = connections(document, environment) if isinstance(written, StorePlace) else known
    return place(store, written, folder, os.environ, known)


def place(
    given: str | Path | None = None,
    written: str | StorePlace | None = None,
    folder: Path = Path(),
    environment: Mapping[str, str] | None = None,
    connections: Connections | None = None,
) -> Place:
    """`given` on the command line, `written` in the project file of `folder`. Relative paths of the file start at its
    folder, others where we are.

    >>> place("yard").url
    'sqlite:///yard/meta.db'
    >>> place(None, "../yard", Path("churn"), {}).store.root.as_posix()
    'churn/../yard'
    """
    named = given or (environment or {}).get(VARIABLE)
    if named:
        found = _place(str(named), Path(), folder)
        return _beside(found, written, connections or Connections())
    if isinstance(written, StorePlace):
        return _told(written, folder, connections or Connections())
    return _place(written or "", folder, folder)


def _beside(found: Place, written: str | StorePlace | None, known: Connections) -> Place:
    """The store named, with the bucket of the file beside it: packages that lie there stay to be had."""
    if not isinstance(written, StorePlace) or not written.blobs:
        return found
    return Place(Store(found.store.root, _remote(written.blobs, known)), found.url)


def _told(written: StorePlace, folder: Path, known: Connections) -> Place:
    store = Store(folder / written.folder, _remote(written.blobs, known) if written.blobs else None)
    return Place(store, written.metadata or store.metadata_url)


def _remote(blobs: BlobPlace, known: Connections) -> Remote:
    """Opened when it is used. Raises UnknownConnection."""
    if blobs.connection not in list(known):
        known[blobs.connection]

    def connection() -> ObjectStore:
        found = known[blobs.connection]
        if not isinstance(found, ObjectStore):
            raise BadParameter(f"`store:` names {blobs.connection!r}, which is no object store",
                               way_out="Name a connection of kind s3, gcs or azure")  # fmt: skip
        return found

    return Remote(connection, blobs.path)


def _place(text: str, start: Path, folder: Path) -> Place:
    if "://" not in text:
        store = Store(start / text if text else folder / FOLDER)
        return Place(store, store.metadata_url)
    url, _, rest = text.partition(" ")
    return Place(Store(start / rest.strip() if rest.strip() else folder / FOLDER), url)
