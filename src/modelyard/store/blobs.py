"""Bytes by their SHA-256; a crash leaves all of them or none (package/synced.py)."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from modelyard.errors.store import MissingBlob
from modelyard.package.synced import replace
from modelyard.store.remote import Remote

DIGEST = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A folder of blobs, in 256 subfolders by the first two digits; and a second place, if there is one, of which the
    folder is then a copy as far as it was used. Methods raise what the second place raises, too."""

    def __init__(self, folder: Path, remote: Remote | None = None) -> None:
        self.folder, self._remote = folder, remote

    def path(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise MissingBlob(f"{digest!r} is no digest")
        return self.folder / digest[:2] / digest

    def put(self, content: bytes) -> str:
        """Store the bytes; their digest. What is there already is not written again."""
        digest = hashlib.sha256(content).hexdigest()
        if not self.path(digest).exists():
            if self._remote is not None:
                self._remote.put(_key(digest), content)
            self._keep(digest, content)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes, checked against their digest. Raises MissingBlob."""
        try:
            content = self.path(digest).read_bytes()
        except OSError as error:
            return self._fetched(digest, error)
        if hashlib.sha256(content).hexdigest() != digest:
            raise MissingBlob(f"the blob {digest} is damaged", where=str(self.path(digest)))
        return content

    def __contains__(self, digest: str) -> bool:
        return self.path(digest).exists() or (self._remote is not None and self._remote.has(_key(digest)))

    def _fetched(self, digest: str, error: OSError) -> bytes:
        content = None if self._remote is None else self._remote.get(_key(digest))
        if content is None:
            raise MissingBlob(f"no blob {digest}") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise MissingBlob(f"the blob {digest} is damaged in the object store", where=_key(digest))
        self._keep(digest, content)
        return content

    def _keep(self, digest: str, content: bytes) -> None:
        path = self.path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, content)


def _key(digest: str) -> str:
    return f"blobs/{digest[:2]}/{digest}"
