"""The server's end of the prediction log: lines in, done when they are as durable as promised.

Group commit without a timer: one thread takes whatever has queued up, writes it with one `write`, syncs once, and
acknowledges all of it; what comes meanwhile is the next group. With `os` the write happens on the loop itself (it is
cheaper than a change of thread) and survives the process, not the machine; with `off` nothing is waited for.

What a line is, and what a failed write means, is known to store/segments.py and store/segment_file.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from modelyard.errors.store import LogUnavailable
from modelyard.store.place import Store
from modelyard.store.segment_file import SegmentFile
from modelyard.store.segments import line
from modelyard.store.serving import Durability

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
        data = b"".join(map(line, records))
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
