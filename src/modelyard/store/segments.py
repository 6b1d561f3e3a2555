"""The prediction log: a record is acknowledged only once it is written (and synced, by default).

Group commit without a timer: a thread takes whatever has queued up while the last sync ran, writes it in one go, syncs
once, then acknowledges all of it. Under load batches grow by themselves; a lone request waits for nothing but its own
sync. Durability: `fsync` survives a power loss, `os` a killed process, `off` acknowledges before writing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

from modelyard.errors.store import LogUnavailable
from modelyard.store.segment_file import SegmentFile, line

Durability = Literal["fsync", "os", "off"]
Done = Callable[[LogUnavailable | None], None]
ROTATE = 64 << 20
"""Bytes after which the next batch starts a new segment, so that shipped ones can be deleted."""


class Segments:
    """One process's log. All methods may be called from any thread."""

    def __init__(self, folder: Path, durability: Durability = "fsync", rotate: int = ROTATE) -> None:
        self.folder, self.durability, self.rotate = folder, durability, rotate
        self.healthy = True
        """False from a failed write until the next that works: readiness."""
        self.written = 0
        self._file: SegmentFile | None = None
        self._lock = threading.Lock()
        self._queue: SimpleQueue[tuple[bytes, Done] | None] = SimpleQueue()
        self._closed = False
        folder.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._drain, name="modelyard-log", daemon=True)
        self._thread.start()

    def append(self, record: bytes) -> Future[None]:
        """Queue one JSON record (no newline). The future is done when the record is as safe as `durability` says, or
        holds LogUnavailable."""
        future: Future[None] = Future()
        self._put(record, lambda error: future.set_exception(error) if error else future.set_result(None))
        return future

    def append_on(self, loop: asyncio.AbstractEventLoop, record: bytes) -> asyncio.Future[None]:
        """The same for an event loop: await it before replying."""
        future: asyncio.Future[None] = loop.create_future()
        self._put(record, lambda error: _tell(loop, future, error))
        return future

    def append_now(self, *records: bytes) -> None:
        """Write before returning, on the caller's thread: one `write` call, microseconds, under `os`; under `fsync` it
        waits for the disk. Raises LogUnavailable."""
        self._refuse_closed()
        self._commit(b"".join(map(line, records)), len(records))

    def close(self) -> None:
        """Write what is queued, then stop."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()
            with self._lock:
                self._leave()

    def _put(self, record: bytes, done: Done) -> None:
        self._refuse_closed()
        if self.durability == "off":
            done(None)
            self._queue.put((line(record), _nobody))
        else:
            self._queue.put((line(record), done))

    def _refuse_closed(self) -> None:
        if self._closed:
            raise LogUnavailable("the log is closed")

    def _drain(self) -> None:
        ended = False
        while not ended:
            taken = [self._queue.get()]
            while not self._queue.empty():
                taken.append(self._queue.get())
            batch = [one for one in taken if one is not None]
            ended = len(batch) < len(taken)
            error = self._try(batch) if batch else None
            for _, done in batch:
                done(error)

    def _try(self, batch: list[tuple[bytes, Done]]) -> LogUnavailable | None:
        try:
            self._commit(b"".join(data for data, _ in batch), len(batch))
        except LogUnavailable as error:
            return error
        return None

    def _commit(self, data: bytes, records: int) -> None:
        with self._lock:
            try:
                self._write(data)
            except OSError as error:
                self.healthy = False
                raise LogUnavailable(
                    f"the prediction log cannot be written: {error}", where=str(self.folder)
                ) from error
            self.healthy = True
            self.written += records

    def _write(self, data: bytes) -> None:
        """A failure leaves the segment for ever; the next batch starts a new one."""
        if self._file is not None and self._file.length >= self.rotate:
            self._leave()
        if self._file is None:
            self._file = SegmentFile(self.folder, self.durability)
        file = self._file
        try:
            file.write(data)
        except OSError:
            file.cut()
            self._leave()
            raise
        try:
            if self.durability == "fsync":
                file.sync()
        except OSError:
            self._file = None
            file.quarantine()
            raise
        file.length += len(data)

    def _leave(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _nobody(error: LogUnavailable | None) -> None:
    """Durability `off`: nobody waits."""


def _tell(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None], error: LogUnavailable | None) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(_set, future, error)


def _set(future: asyncio.Future[None], error: LogUnavailable | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
