"""Objects as files: a copy of each version that is read, in the cache folder, under the mark of that version.

Why a copy: the readers of files read it as they read any file, so rows, types, errors and quarantine are the same
wherever a table lies; and an object that is replaced meanwhile changes nothing for who has begun. What was copied once
is not fetched again; copies that nobody took for a month are removed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from pathlib import Path
from secrets import token_hex

from modelyard.errors.connection import MissingObject, StoreRefused
from modelyard.objects.bucket import Bucket, Object
from modelyard.objects.glob import key_of, matcher, pattern, prefix
from modelyard.schema.object_store import ObjectStore

KEPT_DAYS = 30
FREE = 256 * 2**20
"""Bytes of the disk that copies leave free."""
_ODD = re.compile(r"[^A-Za-z0-9._=+-]")


def spooled(connection: ObjectStore, path: str, folder: Path) -> dict[str, Path]:
    """Key -> a copy below `folder`, of the object or of those that the pattern matches, in the order of keys. Raises
    MissingObject, ObjectChanged, AccessDenied, Unreachable, UnknownBucket, StoreRefused, MissingDriver."""
    bucket = Bucket(connection)
    there = folder / _place(connection)
    found = objects(bucket, path)
    copies = {one.key: _copied(bucket, one, there) for one in found}
    _forget(there)
    return copies


def objects(bucket: Bucket, path: str) -> list[Object]:
    """The versions that a path names now. Raises MissingObject where it names none."""
    key = key_of(path)
    if not pattern(key):
        return [bucket.look(key)]
    wanted = matcher(key)
    found = [one for one in bucket.matching(prefix(key)) if wanted.fullmatch(one.key) and one.size]
    if not found:
        raise MissingObject(f"no object matches {path!r}", who=f"connection {bucket.connection.name!r}",
                            where=bucket.shown(prefix(key)))  # fmt: skip
    return found


def _place(connection: ObjectStore) -> str:
    said = "\n".join((connection.scheme, connection.endpoint or "", getattr(connection, "account", ""),
                      connection.place, connection.within))  # fmt: skip
    return f"{connection.name}-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def _copied(bucket: Bucket, one: Object, there: Path) -> Path:
    """Its name ends as the object's does, since readers go by it."""
    pin = hashlib.sha256(f"{one.key}\n{one.mark}\n{one.size}".encode()).hexdigest()[:24]
    copy = there / pin / (_ODD.sub("_", one.key.rpartition("/")[2])[-120:].lstrip(".") or "object")
    if copy.is_file() and copy.stat().st_size == one.size:
        os.utime(copy.parent)
        return copy
    _room(bucket, one, there)
    copy.parent.mkdir(parents=True, exist_ok=True)
    unfinished = copy.with_name(f".{token_hex(6)}.part")
    try:
        with open(unfinished, "xb") as file:
            bucket.copy(one, file)
        unfinished.replace(copy)
    finally:
        unfinished.unlink(missing_ok=True)
    return copy


def _room(bucket: Bucket, one: Object, there: Path) -> None:
    there.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(there).free
    if one.size + FREE > free:
        way_out = f"Free space there: the copy of {one.key} takes {one.size:,} bytes, {free:,} are free"
        raise StoreRefused("no room for a copy", where=str(there), way_out=way_out)


def _forget(there: Path) -> None:
    before = time.time() - KEPT_DAYS * 86_400
    for pin in there.iterdir() if there.is_dir() else ():
        if pin.stat().st_mtime < before:
            shutil.rmtree(pin, ignore_errors=True)
