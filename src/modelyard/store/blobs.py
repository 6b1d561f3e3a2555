"""Bytes by their SHA-256; a crash leaves all of them or none (package/synced.py).

What was forgotten on purpose is told apart from what is damaged: in the place of the bytes a note says how many rows
went and which blob holds the rest, so that whatever names the old digest stays true.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from modelyard.errors.store import Forgotten, MissingBlob
from modelyard.package.synced import replace
from modelyard.store.remote import Remote

DIGEST = re.compile(r"[0-9a-f]{64}")
NOTES = "forgotten"


class Gone(Struct, frozen=True):
    """In the place of a blob: how many rows were forgotten of it, and the digest of the rest; "" where the bytes went
    whole. `why`, as a person reads it."""

    by: str = ""
    rows: int = 0
    why: str = "forgotten"


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
        """Store the bytes; their digest. What is there already is not written again, only dated anew: it is in use."""
        digest = hashlib.sha256(content).hexdigest()
        if self.path(digest).exists():
            os.utime(self.path(digest))
        else:
            if self._remote is not None:
                self._remote.put(_key(digest), content)
            self._keep(digest, content)
        return digest

    def checked(self, digest: str) -> Path:
        """Its file, after its bytes were compared with the digest. Raises MissingBlob."""
        path = self.path(digest)
        if not path.exists():
            self.get(digest)
        if _digest(path) != digest:
            raise MissingBlob(f"the blob {digest} is damaged", where=str(path))
        return path

    def get(self, digest: str) -> bytes:
        """The bytes, checked against their digest. Raises MissingBlob."""
        try:
            content = self.path(digest).read_bytes()
        except OSError as error:
            return self._fetched(digest, error)
        if hashlib.sha256(content).hexdigest() != digest:
            raise MissingBlob(f"the blob {digest} is damaged", where=str(self.path(digest)))
        return content

    def drop(self, digest: str) -> None:
        """Out of the folder and the second place."""
        self.path(digest).unlink(missing_ok=True)
        if self._remote is not None:
            self._remote.drop(_key(digest))

    def forget(self, digest: str, gone: Gone) -> None:
        """Put the note in its place. Killed between the two, the bytes are still there, and count."""
        note = msgspec.json.encode(gone)
        self._note(digest).parent.mkdir(parents=True, exist_ok=True)
        replace(self._note(digest), note)
        if self._remote is not None:
            self._remote.drop(f"blobs/{NOTES}/{digest}")
            self._remote.put(f"blobs/{NOTES}/{digest}", note)
        self.drop(digest)

    def gone(self, digest: str) -> Gone | None:
        """The note in the place of that blob; None where it is there, or nothing is known of it."""
        if digest in self:
            return None
        try:
            note: bytes | None = self._note(digest).read_bytes()
        except FileNotFoundError:
            note = None if self._remote is None else self._remote.get(f"blobs/{NOTES}/{digest}")
        return None if note is None else msgspec.json.decode(note, type=Gone)

    def rest(self, digest: str) -> tuple[str, int]:
        """The blob that holds what is left of that one (itself, where nothing was forgotten; "" where nothing is left),
        and how many rows were forgotten of it."""
        rows, gone = 0, self.gone(digest)
        while gone is not None:
            rows, digest = rows + gone.rows, gone.by
            gone = self.gone(digest) if digest else None
        return digest, rows

    def __contains__(self, digest: str) -> bool:
        return self.path(digest).exists() or (self._remote is not None and self._remote.has(_key(digest)))

    def __iter__(self) -> Iterator[str]:
        """Digests of the folder, in their order."""
        return iter(sorted(path.name for path in self.folder.glob("[0-9a-f][0-9a-f]/*") if DIGEST.fullmatch(path.name)))

    def _note(self, digest: str) -> Path:
        self.path(digest)
        return self.folder / NOTES / digest

    def _fetched(self, digest: str, error: OSError) -> bytes:
        content = None if self._remote is None else self._remote.get(_key(digest))
        gone = None if content is not None else self.gone(digest)
        if gone is not None:
            raise Forgotten(f"what the blob {digest} held was {gone.why}", where=str(self.folder)) from error
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


def _digest(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
