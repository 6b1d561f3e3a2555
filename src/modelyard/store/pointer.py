"""`pointer.json`: which package each model serves, for servers that know no SQL.

Written last in a promotion (the transaction is the truth) and by rename; it can be rebuilt from the metadata. A reader
polls it and keeps what it has unless the revision is greater, so a late writer cannot turn time back.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from modelyard.errors.store import BadPointer, StalePointer
from modelyard.store.blobs import replace


class Pointer(Struct, frozen=True, forbid_unknown_fields=True):
    revision: int
    digest: str
    """The package's digest."""


def read_pointer(path: Path) -> dict[str, Pointer]:
    """Model name -> pointer; empty where nothing was promoted yet. Raises BadPointer."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Pointer])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        raise BadPointer(f"the pointer cannot be read: {error}", where=str(path)) from error


def set_pointer(path: Path, model: str, pointer: Pointer) -> None:
    """Raises StalePointer when the revision is not greater; setting the same pointer again changes nothing."""
    handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        known = read_pointer(path)
        before = known.get(model)
        if before == pointer:
            return
        if before is not None and pointer.revision <= before.revision:
            raise StalePointer(f"{model} is at revision {before.revision}, not before {pointer.revision}")
        replace(path, msgspec.json.encode({**known, model: pointer}, order="sorted"))
    finally:
        os.close(handle)
