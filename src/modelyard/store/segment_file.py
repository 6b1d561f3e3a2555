"""Appending to segments, one file after another: the only writer of lines that grow.

A file on which a write or a sync failed is never written or synced again, because a second sync may say yes to pages
that the first one lost: what was handed over is refused, and the next call opens a new file.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from modelyard.errors.store import LogUnavailable
from modelyard.package.synced import sync_folder
from modelyard.store.segments import SUFFIX

SEGMENT_BYTES = 64_000_000
PAUSE_SECONDS = 0.2
"""After a failure everything is refused for so long, so that a full disk is not asked 20,000 times a second."""


class SegmentFile:
    """`write` appends to `<when>-<pid>-<count>.log` in the folder. Not for two threads at once."""

    def __init__(self, folder: Path, sync: bool) -> None:
        self._folder, self._sync = folder, sync
        self._stem = f"{time.time_ns():020d}-{os.getpid()}"
        self._count = self._size = 0
        self._file = -1
        self._path = folder
        self._again = 0.0

    def write(self, lines: bytes) -> None:
        """All of it, synced if so promised. Raises LogUnavailable; the next call then opens a new file."""
        if self._again and time.monotonic() < self._again:
            raise LogUnavailable("the log could not be written a moment ago", where=str(self._folder))
        try:
            if self._file < 0:
                self._open()
            self._write_all(lines)
            if self._sync:
                os.fdatasync(self._file) if hasattr(os, "fdatasync") else os.fsync(self._file)
        except OSError as error:
            self.close()
            self._again = time.monotonic() + PAUSE_SECONDS
            raise LogUnavailable(f"the log cannot be written: {error.strerror}", where=str(self._folder)) from error
        self._size += len(lines)
        if self._size >= SEGMENT_BYTES:
            self.close()

    def close(self) -> None:
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.close(self._file)
        self._file = -1

    def _open(self) -> None:
        self._count += 1
        self._path = self._folder / f"{self._stem}-{self._count:06d}{SUFFIX}"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._size = 0
        if self._sync:
            sync_folder(self._folder)

    def _write_all(self, lines: bytes) -> None:
        """`write` may take less than it is given and say nothing. A torn end is cut off again where that works."""
        try:
            written = os.write(self._file, lines)
            while written < len(lines):
                written += os.write(self._file, memoryview(lines)[written:])
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
                if self._size == 0:
                    self._path.unlink()
            raise
