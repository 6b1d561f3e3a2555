"""Bytes on the disk that survive a power loss: file synced, then one rename, then the folder that holds it synced.

Here because a package at rest is the lowest thing that needs it; the store writes all that it has by the same hand.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Make `path` hold exactly `content`, for every reader at once and across a power loss."""
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            _write(file.fileno(), content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """A file that is not there yet, synced; its folder is not. Raises FileExistsError."""
    with open(path, "xb") as file:
        _write(file.fileno(), content)


def sync_folder(folder: Path) -> None:
    """A rename or a new file is only there after a power loss once its folder is synced."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]
    os.fsync(handle)
