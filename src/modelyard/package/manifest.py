"""The manifest: what a package folder holds, to the byte. Its SHA-256 is the digest; it is what is signed."""

from __future__ import annotations

import hashlib
import re

import msgspec
from msgspec import Struct

from modelyard.errors.package import BadPackage, UnknownFormat
from modelyard.package.codec import Extent

FORMAT = 1
"""The format of packages at rest.

To change it: (1) a new instruction, a new field with a default: keep the number, add a package that uses it to
tests/package/golden/. (2) Anything else: raise the number; keep today's reader as load of the old number, in a file of
its own; make a golden package with the last version of the old format first, and never remake one that is checked in.
The meaning of a word that is already in packages never changes; make a new word."""

MANIFEST, SIGNATURE, DOCUMENT, ARRAYS = "manifest.json", "signature.json", "model.json", "arrays.bin"
FLAT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}\.(json|bin)")
FILES, MANIFEST_BYTES, SIGNATURE_BYTES, FILE_BYTES = 16, 16 << 20, 64 << 10, 8 << 30
"""Caps on what is looked at before anything is verified."""


class FileEntry(Struct, frozen=True, forbid_unknown_fields=True):
    size: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    name: str
    created: int
    """Microseconds since 1970 UTC."""
    files: dict[str, FileEntry]
    arrays: tuple[Extent, ...]
    """Where each array lies in `arrays.bin`."""
    libraries: dict[str, str] = {}
    """Versions that made it; for people, never acted on."""


def canonical(manifest: Manifest) -> bytes:
    """Keys sorted, no blanks, UTF-8: equal manifests are equal bytes."""
    return msgspec.json.encode(manifest, order="sorted")


def digest(data: bytes) -> str:
    """
    >>> digest(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(data).hexdigest()


def entry(data: bytes) -> FileEntry:
    return FileEntry(len(data), digest(data))


def parse(data: bytes) -> Manifest:
    """A manifest whose signature has been verified. Raises BadPackage, UnknownFormat."""
    try:
        number = msgspec.json.decode(data, type=_Format).format
        if number != FORMAT:
            raise UnknownFormat(f"the package has format {number}; this version reads {FORMAT}")
        return msgspec.json.decode(data, type=Manifest)
    except ValueError as error:  # MsgspecError, and UnicodeDecodeError from inside a string
        raise BadPackage(f"the manifest cannot be read: {error}") from error


class _Format(Struct):
    format: int
