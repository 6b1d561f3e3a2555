"""Bytes by their SHA-256; a crash leaves all of them or none: temp file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from modelyard.errors.store import MissingBlob

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


def replace(path: Path, content: bytes) -> None:
    """Make `path` hold exactly `content`, for every reader at once and across a power loss."""
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """A rename or a new file is only there after a power loss once its folder is synced."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
