"""One segment: a file of lines `crc32 SPACE json`, appended to by one process, read by anybody.

Why lines: a torn or flipped line costs itself and nothing else, and a person can read the file. Why a lock: whoever
recovers must know that the writer is dead, and a lock ends with its process however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from modelyard.store.blobs import sync_folder

SUFFIX, QUARANTINED = ".log", ".bad.log"


def line(record: bytes) -> bytes:
    """
    >>> line(b'{"kind":"label"}')
    b'c1333e3d {"kind":"label"}\\n'
    """
    return b"%08x %s\n" % (zlib.crc32(record), record)


class SegmentFile:
    """An open segment. `length` counts the bytes known to be whole (and synced, where asked for)."""

    def __init__(self, folder: Path, durability: str) -> None:
        self.path = folder / f"{time.time_ns() // 1000:020d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        self.length = 0
        self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if durability == "fsync":
            sync_folder(folder)

    def write(self, data: bytes) -> None:
        """All of it or an OSError: a file limit or a full disk gives short counts first, and an error at the next."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]

    def sync(self) -> None:
        os.fdatasync(self._handle) if hasattr(os, "fdatasync") else os.fsync(self._handle)

    def cut(self) -> None:
        """Take back what was written and not acknowledged; where even that fails, recovery does it."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._handle, self.length)

    def close(self) -> None:
        os.close(self._handle)

    def quarantine(self) -> None:
        """After a failed sync nobody knows what of it is on the disk: it is closed, renamed, never synced again."""
        self.close()
        with contextlib.suppress(OSError):
            self.path.rename(self.path.with_name(self.path.name.removesuffix(SUFFIX) + QUARANTINED))


class Line(Struct, frozen=True):
    record: bytes | None
    """None: the line is damaged."""
    start: int
    end: int
    """Offset after its newline: where the next reading starts."""


def read_segment(path: Path, offset: int = 0) -> Iterator[Line]:
    """The complete lines from `offset` on. An unfinished last line is left for the next time."""
    with open(path, "rb") as file:
        file.seek(offset)
        for raw in file:
            if not raw.endswith(b"\n"):
                return
            yield Line(record=checked(raw), start=offset, end=offset + len(raw))
            offset += len(raw)


def checked(raw: bytes) -> bytes | None:
    """The record of a line, None when its checksum does not fit."""
    body = raw[9:-1]
    good = raw[8:9] == b" " and raw[:8] == b"%08x" % zlib.crc32(body)
    return body if good else None


class Recovery(Struct, frozen=True):
    segments: int = 0
    """Segments of dead writers that were looked through."""
    torn: int = 0
    """Of these, how many had an unfinished end, which was cut."""
    bytes_cut: int = 0
    damaged: tuple[tuple[str, int], ...] = ()
    """(segment, offset) of lines inside whose checksum is wrong; the rows around them stay readable."""


def segments(folder: Path) -> list[Path]:
    """All segments, oldest first, quarantined ones too: what was acknowledged in them is whole."""
    return sorted(folder.glob("*" + SUFFIX))


def recover(folder: Path) -> Recovery:
    """Cut the torn tails of segments whose writer is gone. Live ones are left alone."""
    looked, torn, cut, damaged = 0, 0, 0, []
    for path in segments(folder):
        with open(path, "r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            looked += 1
            lines = list(read_segment(path))
            bad = [one.start for one in lines if one.record is None]
            end = lines[-1].end if lines else 0
            size = os.fstat(file.fileno()).st_size
            if bad and bad[-1] == lines[-1].start and size == end:
                end = bad.pop()
            if size > end:
                torn, cut = torn + 1, cut + size - end
                os.ftruncate(file.fileno(), end)
                os.fsync(file.fileno())
            damaged += [(path.name, start) for start in bad]
    return Recovery(looked, torn, cut, tuple(damaged))
