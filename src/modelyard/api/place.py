"""Which store is meant: `--store`, else MODELYARD_STORE, else `store:` of the project file, else `.modelyard/` there.

A store is a folder. A database URL keeps the metadata elsewhere; the folder for everything else may follow it after a
blank (`postgresql://me@host/yard /srv/yard`), else it is `.modelyard/` beside the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from modelyard.errors.store import NoStore
from modelyard.store.place import Store

FILE, FOLDER = "modelyard.yaml", ".modelyard"
VARIABLE = "MODELYARD_STORE"


class Place(Struct, frozen=True):
    """Where a store lies, and the metadata's URL."""

    store: Store
    url: str

    @property
    def exists(self) -> bool:
        """Whether anything was ever stored here; of a database that is a server, the folder tells."""
        scheme, _, path = self.url.partition(":///")
        return Path(path).exists() if scheme == "sqlite" else self.store.keys.is_dir()

    def check(self) -> None:
        """Raises NoStore."""
        if not self.exists:
            raise NoStore(f"there is no store at {self.store.root}", where=str(self.store.root.absolute()))


def located(store: str | Path | None = None, folder: Path = Path()) -> Place:
    """Where that store is, or that of the project file in `folder`, if there is one; of the file its head alone is
    read."""
    written, file = None, folder / FILE
    if store is None and VARIABLE not in os.environ and file.exists():
        from modelyard.project.environment import Environment
        from modelyard.project.read import read
        from modelyard.project.settings import settings

        written = settings(read(file.read_bytes(), FILE), Environment(dict(os.environ))).store
    return place(store, written, folder, os.environ)


def place(
    given: str | Path | None = None,
    written: str | None = None,
    folder: Path = Path(),
    environment: Mapping[str, str] | None = None,
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
        return _place(str(named), Path(), folder)
    return _place(written or "", folder, folder)


def _place(text: str, start: Path, folder: Path) -> Place:
    if "://" not in text:
        store = Store(start / text if text else folder / FOLDER)
        return Place(store, store.metadata_url)
    url, _, rest = text.partition(" ")
    return Place(Store(start / rest.strip() if rest.strip() else folder / FOLDER), url)
