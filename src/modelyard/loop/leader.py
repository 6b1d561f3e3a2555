"""One loop per store: a lock on a file, let go by the system when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.errors.loop import NotLeader
from modelyard.store.place import Store


@contextmanager
def leader(store: Store) -> Iterator[None]:
    """Hold the lock within the block. Raises NotLeader, naming the process that holds it."""
    with alone(store.root / "loop.lock"):
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold that file's lock within the block. Raises NotLeader."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode().strip() or "another"
            raise NotLeader(f"process {holder} runs the loop of this store", where=str(path)) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
