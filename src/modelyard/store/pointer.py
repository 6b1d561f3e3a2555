"""`pointer.json`: which package each model serves, for servers that know no SQL.

Written last in a promotion (the transaction is the truth) and by rename; it can be rebuilt from the metadata. A reader
polls it and keeps what it has unless the revision is greater, so a late writer cannot turn time back.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from modelyard.errors.store import BadPointer, StalePointer
from modelyard.package.synced import replace
from modelyard.store.exclusive import exclusive


class Pointer(Struct, frozen=True, forbid_unknown_fields=True):
    revision: int
    digest: str
    """The package's digest."""
    version: int = 0
    """The number under which the package is registered; 0 where nobody registered it."""


def read_pointer(path: Path) -> dict[str, Pointer]:
    """Model name -> pointer; empty where nothing was promoted yet. Raises BadPointer."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Pointer])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadPointer(f"the pointer cannot be read: {error}", where=str(path)) from error


def set_pointer(path: Path, model: str, pointer: Pointer) -> None:
    """Raises StalePointer when the revision is not greater; setting the same pointer again changes nothing."""
    with exclusive(path):
        known = read_pointer(path)
        before = known.get(model)
        if before == pointer:
            return
        if before is not None and pointer.revision <= before.revision:
            raise StalePointer(f"{model} is at revision {before.revision}, not before {pointer.revision}")
        replace(path, msgspec.json.encode({**known, model: pointer}, order="sorted"))
