"""An open store: its models, their versions, who changed what. What `modelyard.connect` gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelyard.api.place import Place, located
from modelyard.errors import ModelyardError
from modelyard.errors.store import UnreachableStore
from modelyard.errors.system import FULL, DiskFull, SystemRefused, full
from modelyard.package.keys import PrivateKey, Trust
from modelyard.store.metadata import Metadata
from modelyard.store.place import Store


class Connection:
    """`store`: its folders; `metadata`: its database. To be closed, or used as `with connect() as yard:`."""

    def __init__(self, where: Place) -> None:
        self.where, self.store = where, where.store
        self.metadata = _open(where.url)

    @property
    def trust(self) -> Trust:
        """The keys that this store trusts."""
        return Trust.read(self.store.trusted)

    def key(self) -> PrivateKey:
        """What signs here; made at the first call."""
        return PrivateKey.ensure(self.store.keys)

    def close(self) -> None:
        self.metadata.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


Where = str | Path | Store | Place | None
"""A store, or where it is."""


def connect(store: Where = None, *, make: bool = False) -> Connection:
    """The store at that place (a folder, or a database URL and a folder); without one, the store of the project here.
    Raises NoStore, UnreachableStore, NewerStore. `make`: make it where there is none."""
    if isinstance(store, Place):
        return opened(store, make=make)
    if isinstance(store, Store):
        return opened(Place(store, store.metadata_url), make=make)
    return opened(located(store), make=make)


def opened(where: Place, *, make: bool = False) -> Connection:
    """Raises NoStore, UnreachableStore, NewerStore."""
    if make:
        where.store.make()
    else:
        where.check()
    return Connection(where)


def _open(url: str) -> Metadata:
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    try:
        return Metadata(url)
    except (ArgumentError, NoSuchModuleError) as error:
        raise UnreachableStore(f"{_shown(url)} is no database URL: {error}") from None
    except (SQLAlchemyError, OSError) as error:
        raise of_database(_shown(url), "cannot be opened", error) from None


def of_database(where: str, said: str, error: Exception) -> ModelyardError:
    """What the metadata's database says, by its own words alone; a full disk is no wrong URL."""
    reason: Any = getattr(error, "orig", None) or error
    words = str(reason).strip().splitlines()[0]
    kind: type[ModelyardError] = UnreachableStore
    if full(words) or getattr(error, "errno", None) in FULL:
        kind = DiskFull
    elif "disk i/o error" in words.lower():
        kind = SystemRefused
    return kind(f"{where} {said}: {words}")


def _shown(url: str) -> str:
    """Without the password."""
    head, at, tail = url.rpartition("@")
    user = head.rpartition(":")[0] if head.count(":") > 1 else head
    return f"{user}{at}{tail}"
