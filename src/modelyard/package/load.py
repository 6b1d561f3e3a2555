"""Load a package: verify, then parse, then build. No byte reaches a parser of the model before it is proven signed.

The order is the point: names and sizes, then the signature and who may sign, then the exact file set, then digests
over the bytes while they are read into memory; only those bytes, already in memory, are parsed. A file swapped after
its check changes nothing. Files are opened relative to the folder, never through a link.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from modelyard.errors.package import BadDigest, BadPackage
from modelyard.package.codec import Encoded, decode
from modelyard.package.keys import Trust, allow
from modelyard.package.manifest import (
    ARRAYS,
    DOCUMENT,
    FILE_BYTES,
    FILES,
    FLAT_NAME,
    MANIFEST,
    MANIFEST_BYTES,
    SIGNATURE,
    SIGNATURE_BYTES,
    Manifest,
    digest,
    parse,
)
from modelyard.package.model import Model
from modelyard.package.sign import verify


def load(folder: Path, trusted: Trust, digest: str | None = None, name: str | None = None) -> Model:
    """The model of a package folder, verified, its stored rows replayed. `digest`, `name`: refuse any other package
    (an old one put in a new one's place is signed too). Raises BadPackage, BadDigest, UntrustedKey, NotEqual."""
    from modelyard.package.parity import replay

    model = decode(verified(folder, trusted, digest, name), Model)
    if model.parity is not None:
        replay(model.program, model.parity)
    return model


def verified(folder: Path, trusted: Trust, digest: str | None = None, name: str | None = None) -> Encoded:
    """The package's bytes once all is proven, nothing of the model parsed yet."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (OSError, ValueError) as error:
        raise BadPackage(f"no package folder: {error}", where=str(folder)) from error
    try:
        return _verified(handle, trusted, digest, name)
    except OSError as error:
        raise BadPackage(f"the package cannot be read: {error}", where=str(folder)) from error
    finally:
        os.close(handle)


def _verified(handle: int, trusted: Trust, wanted: str | None, name: str | None) -> Encoded:
    found = _names(handle)
    signed = _read(handle, MANIFEST, MANIFEST_BYTES)
    key = verify(signed, _read(handle, SIGNATURE, SIGNATURE_BYTES), trusted)
    manifest = parse(signed)
    allow(key, manifest.name, time.time_ns() // 1000)
    if wanted is not None and digest(signed) != wanted:
        raise BadDigest(f"this is the package {digest(signed)}, not {wanted}")
    if name is not None and manifest.name != name:
        raise BadPackage(f"this is a package of {manifest.name!r}, not of {name!r}")
    _exact(found, manifest)
    return Encoded(_content(handle, DOCUMENT, manifest), manifest.arrays, _content(handle, ARRAYS, manifest))


def _names(handle: int) -> set[str]:
    with os.scandir(handle) as entries:
        names = set()
        for file in entries:
            names.add(file.name)
            if len(names) > FILES or not FLAT_NAME.fullmatch(file.name):
                raise BadPackage(f"a package holds no {file.name!r}")
    if not {MANIFEST, SIGNATURE} <= names:
        raise BadPackage(f"a package needs {MANIFEST} and {SIGNATURE}")
    return names


def _exact(found: set[str], manifest: Manifest) -> None:
    listed = {MANIFEST, SIGNATURE, *manifest.files}
    if found != listed or set(manifest.files) != {DOCUMENT, ARRAYS}:
        odd = sorted(found ^ listed) or sorted(manifest.files)
        raise BadPackage(f"files and manifest differ: {', '.join(odd)}")


def _content(handle: int, name: str, manifest: Manifest) -> bytes:
    listed = manifest.files[name]
    content = _read(handle, name, min(listed.size, FILE_BYTES))
    if len(content) != listed.size or digest(content) != listed.sha256:
        raise BadDigest(f"{name} is not what was signed")
    return content


def _read(handle: int, name: str, cap: int) -> bytes:
    """All bytes of a plain file of this folder: no link to elsewhere, no pipe, no second name (hard link)."""
    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
    with os.fdopen(opened, "rb") as file:
        state = os.fstat(opened)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
            raise BadPackage(f"{name} is no plain file of its own")
        if state.st_size > cap:
            raise BadPackage(f"{name} has {state.st_size} bytes, more than the {cap} it may have")
        return file.read(cap + 1)
