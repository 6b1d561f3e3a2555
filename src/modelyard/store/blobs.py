"""Bytes by their SHA-256; a crash leaves all of them or none (package/synced.py)."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from modelyard.errors.store import MissingBlob
from modelyard.package.synced import replace

DIGEST = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A folder of blobs, in 256 subfolders by the first two digits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise MissingBlob(f"{digest!r} is no digest")
        return self.folder / digest[:2] / digest

    def put(self, content: bytes) -> str:
        """Store the bytes; their digest. What is there already is not written again."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(path, content)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes, checked against their digest. Raises MissingBlob."""
        try:
            content = self.path(digest).read_bytes()
        except OSError as error:
            raise MissingBlob(f"no blob {digest}") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise MissingBlob(f"the blob {digest} is damaged", where=str(self.path(digest)))
        return content

    def __contains__(self, digest: str) -> bool:
        return self.path(digest).exists()
