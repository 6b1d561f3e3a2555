"""The second place of blobs and packages: a folder of an object store, for machines that share no disk.

What is here is put there before anybody is told of it, and what is missing here is fetched from there; so the folder of
a store may be lost, and another machine that shares the metadata has what the first one made. Names are digests:
nothing is ever replaced, two who put the same are one, and what comes back is checked against its name. The connection
is opened at the first use; a server uses none, since whoever promotes has fetched the package into its folder.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from modelyard.errors.connection import MissingObject

if TYPE_CHECKING:
    from modelyard.objects.bucket import Bucket
    from modelyard.schema.object_store import ObjectStore


class Remote:
    """Keys below `path`. Methods raise what `Bucket` raises."""

    def __init__(self, connection: Callable[[], ObjectStore], path: str = "") -> None:
        self._connection, self._path = connection, path.strip("/")

    @cached_property
    def _bucket(self) -> Bucket:
        from modelyard.objects.bucket import Bucket

        return Bucket(self._connection())

    def put(self, key: str, content: bytes) -> bool:
        """Whether it was not there."""
        return self._bucket.put_absent(self._key(key), content)

    def get(self, key: str, most: int | None = None) -> bytes | None:
        """None where there is nothing; at most so many bytes."""
        try:
            return self._bucket.read(self._key(key), most)
        except MissingObject:
            return None

    def has(self, key: str) -> bool:
        try:
            self._bucket.look(self._key(key))
        except MissingObject:
            return False
        return True

    def drop(self, key: str) -> None:
        """Nothing there any more, whether or not there was."""
        self._bucket.drop(self._key(key))

    def _key(self, key: str) -> str:
        return f"{self._path}/{key}" if self._path else key
