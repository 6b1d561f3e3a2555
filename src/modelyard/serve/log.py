"""The server's end of the prediction log: lines in, done when they are as durable as promised.

Group commit without a timer: one thread takes whatever has queued up, writes it with one `write`, syncs once, and
acknowledges all of it; what comes meanwhile is the next group. With `os` the write happens on the loop itself (it is
cheaper than a change of thread) and survives the process, not the machine; with `off` nothing is waited for.

One file per server process. A file on which a write or sync failed is never written or synced again, because a second
sync may say yes to pages that the first one lost: the group is refused and the next one opens a new file. A line is
`crc32 in 8 hex digits, space, JSON`, so that a torn tail shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal
from zlib import crc32

from modelyard.errors.store import LogUnavailable
from modelyard.store.blobs import sync_folder
from modelyard.store.place import Store

Durability = Literal["fsync", "os", "off"]
SEGMENT_BYTES = 64_000_000
PAUSE_SECONDS = 0.2
"""After a failure everything is refused for so long, so that a full disk is not asked 20,000 times a second."""


def framed(records: Sequence[bytes]) -> bytes:
    """
    >>> framed([b"{}"])
    b'a3a6bf43 {}\\n'
    """
    return b"".join([b"%08x %b\n" % (crc32(record), record) for record in records])


class SegmentFile:
    """Appends to one file after another. Not for two threads at once."""

    def __init__(self, folder: Path, sync: bool) -> None:
        self._folder, self._sync = folder, sync
        self._stem = f"{time.time_ns():020d}-{os.getpid()}"
        self._count = self._size = 0
        self._file = -1
        self._path = folder
        self._again = 0.0

    def write(self, data: bytes) -> None:
        """All of it, synced if so promised. Raises LogUnavailable; the next call then opens a new file."""
        if time.monotonic() < self._again:
            raise LogUnavailable("the log could not be written a moment ago", where=str(self._folder))
        try:
            if self._file < 0:
                self._open()
            self._write_all(data)
            if self._sync:
                os.fdatasync(self._file) if hasattr(os, "fdatasync") else os.fsync(self._file)
        except OSError as error:
            self.close()
            self._again = time.monotonic() + PAUSE_SECONDS
            raise LogUnavailable(f"the log cannot be written: {error.strerror}", where=str(self._folder)) from error
        self._size += len(data)
        if self._size >= SEGMENT_BYTES:
            self.close()

    def close(self) -> None:
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.close(self._file)
        self._file = -1

    def _open(self) -> None:
        self._count += 1
        self._path = self._folder / f"{self._stem}-{self._count:06d}.log"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._size = 0
        if self._sync:
            sync_folder(self._folder)

    def _write_all(self, data: bytes) -> None:
        """`write` may take less than it is given and say nothing. A torn end is cut off again where that works."""
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
                if self._size == 0:
                    self._path.unlink()
            raise


Waiter = asyncio.Future[None]


class GroupCommit:
    def __init__(self, file: SegmentFile, loop: asyncio.AbstractEventLoop) -> None:
        self._file, self._loop = file, loop
        self._queue: list[tuple[bytes, Waiter | None]] = []
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def put(self, data: bytes, waiter: Waiter | None) -> None:
        with self._wake:
            self._queue.append((data, waiter))
            self._wake.notify()

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._closed:
                    self._wake.wait()
                group, self._queue = self._queue, []
            if not group:
                return
            self._commit(group)

    def _commit(self, group: list[tuple[bytes, Waiter | None]]) -> None:
        failed: LogUnavailable | None = None
        try:
            self._file.write(b"".join([data for data, _ in group]))
        except LogUnavailable as error:
            failed = error
        waiters = [waiter for _, waiter in group if waiter is not None]
        if waiters:
            with contextlib.suppress(RuntimeError):  # the loop is gone only when nobody waits any more
                self._loop.call_soon_threadsafe(_acknowledge, waiters, failed)


def _acknowledge(waiters: list[Waiter], failed: LogUnavailable | None) -> None:
    for waiter in waiters:
        if waiter.done():
            continue
        if failed is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(failed)


class Log:
    """What the app calls to append: what comes back is to be waited for, None when there is nothing to wait for."""

    def __init__(self, folder: Path, durability: Durability) -> None:
        self._file = SegmentFile(folder, sync=durability == "fsync")
        self._durability = durability
        self._group: GroupCommit | None = None

    def __call__(self, records: list[bytes]) -> Waiter | None:
        data = framed(records)
        if self._durability == "os":
            self._file.write(data)
            return None
        loop = asyncio.get_running_loop()
        if self._group is None:
            self._group = GroupCommit(self._file, loop)
        waiter: Waiter | None = loop.create_future() if self._durability == "fsync" else None
        self._group.put(data, waiter)
        return waiter

    def close(self) -> None:
        if self._group is not None:
            self._group.close()
        self._file.close()


@contextlib.contextmanager
def open_log(store: Store, durability: Durability) -> Iterator[Log]:
    """The log of this process, closed at the end with everything in it written."""
    log = Log(store.segments, durability)
    try:
        yield log
    finally:
        log.close()
