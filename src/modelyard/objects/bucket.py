"""One bucket behind a connection: list, read, put. Keys are relative to the connection's `prefix`.

An object has a pin: the store's mark of its version (etag) and its size. What is fetched is fetched by its pin, in
parts of bounded size, so that it is one version whole, or an error that names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from modelyard.errors.connection import AccessDenied, MissingObject, ObjectChanged, StoreRefused
from modelyard.objects.client import client
from modelyard.objects.refusal import told
from modelyard.schema.object_store import ObjectStore

PART = 16 * 2**20
"""Bytes of one request."""
PARTS = 9_000
"""S3 takes 10,000 parts of an upload."""


class Object(Struct, frozen=True, kw_only=True):
    """`key`: relative to the connection's prefix. `mark`: what changes when the bytes do."""

    key: str
    size: int
    mark: str


class Bucket:
    """Raises MissingDriver; every method raises AccessDenied, Unreachable, UnknownBucket, StoreRefused."""

    def __init__(self, connection: ObjectStore) -> None:
        self.connection = connection
        with told(connection):
            self._client = client(connection)

    def matching(self, prefix: str = "") -> Iterator[Object]:
        """Objects whose key begins so, folder by folder, in the order of their keys."""
        import obstore

        folder, within = prefix.rpartition("/")[0], self.connection.within
        with told(self.connection):
            pages = obstore.list(self._client, f"{within}{folder}".rstrip("/") or None)
            found = [one for page in pages for one in page]
        for one in sorted(found, key=lambda one: one["path"]):
            key = one["path"].removeprefix(within)
            if one["path"].startswith(f"{within}{prefix}"):
                yield Object(key=key, size=one["size"], mark=_mark(one["e_tag"], one["last_modified"].isoformat()))

    def first(self, count: int) -> tuple[list[Object], bool]:
        """Some objects, and whether there are more: asks for one page alone."""
        import obstore

        within = self.connection.within
        with told(self.connection):
            page = next(iter(obstore.list(self._client, within.rstrip("/") or None, chunk_size=count + 1)), [])
        found = [Object(key=one["path"].removeprefix(within), size=one["size"], mark=_mark(one["e_tag"], ""))
                 for one in page]  # fmt: skip
        return found[:count], len(found) > count

    def look(self, key: str) -> Object:
        """Raises MissingObject."""
        import obstore

        with told(self.connection, key):
            one = obstore.head(self._client, self._path(key))
        return Object(key=key, size=one["size"], mark=_mark(one["e_tag"], one["last_modified"].isoformat()))

    def copy(self, one: Object, into: BinaryIO) -> None:
        """The bytes of that version. Raises ObjectChanged, MissingObject."""
        import obstore

        for start in range(0, one.size, PART):
            end = min(start + PART, one.size)
            with told(self.connection, one.key):
                answer = obstore.get(self._client, self._path(one.key), options={"range": (start, end)})
                mark = _mark(answer.meta["e_tag"], answer.meta["last_modified"].isoformat())
                part = b"" if mark != one.mark else bytes(answer.bytes())
            if mark != one.mark:
                raise ObjectChanged(f"the object {one.key!r} was replaced while it was read", where=self.shown(one.key))
            if len(part) != end - start:
                raise StoreRefused(f"{len(part)} bytes came of {end - start}", where=self.shown(one.key))
            into.write(part)

    def read(self, key: str, most: int | None = None) -> bytes:
        """The whole object, in memory. Raises MissingObject, and StoreRefused for one of more than `most` bytes."""
        import obstore

        with told(self.connection, key):
            answer = obstore.get(self._client, self._path(key))
            size = answer.meta["size"]
            if most is not None and size > most:
                raise StoreRefused(f"{size:,} bytes, more than the {most:,} it may have", where=self.shown(key))
            return bytes(answer.bytes())

    def put_absent(self, key: str, content: bytes) -> bool:
        """Put where there is nothing; whether it was so. Two who put at once: one is first, none is torn."""
        import obstore
        from obstore.exceptions import AlreadyExistsError

        self._may_write(key)
        with told(self.connection, key):
            try:
                obstore.put(self._client, self._path(key), content, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def drop(self, key: str) -> None:
        """Delete what is there; nothing there is well, too."""
        import obstore

        self._may_write(key)
        with suppress(MissingObject), told(self.connection, key):
            obstore.delete(self._client, self._path(key))

    def upload(self, file: Path, key: str) -> None:
        """The file as that object, in the place of what is there: visible whole, or not at all. In parts where it is
        large; an upload that breaks is taken back."""
        import obstore

        self._may_write(key)
        with told(self.connection, key):
            size = max(PART, file.stat().st_size // PARTS)
            obstore.put(self._client, self._path(key), file, chunk_size=size, max_concurrency=4)

    def shown(self, key: str) -> str:
        return f"{self.connection.name}:{key}"

    def _path(self, key: str) -> str:
        return f"{self.connection.within}{key}"

    def _may_write(self, key: str) -> None:
        if not self.connection.signed:
            found, way_out = "a connection without a key writes nothing", "Write its key, each secret as a variable"
            raise AccessDenied(found, who=f"connection {self.connection.name!r}", where=self.shown(key),
                               way_out=way_out)  # fmt: skip


def _mark(etag: str | None, modified: str) -> str:
    """Azure quotes it here and not there."""
    return (etag or modified).removeprefix("W/").strip('"')
