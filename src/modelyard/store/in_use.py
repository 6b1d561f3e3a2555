"""Whether somebody is reading into the store: rows that were read and belong to no version yet must not go.

Locks of the system, shared by readers, which a crash lets go: no list that a killed process would leave full.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from modelyard.errors.store import StoreInUse
from modelyard.store.place import Store

LOCK = "reading.lock"


@contextlib.contextmanager
def in_use(store: Store) -> Iterator[None]:
    """From before the first row is read until what was made of it is registered; many at once, and within each other in
    one process. Waits for `out_of_use`."""
    with _lock(store) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def out_of_use(store: Store, wait: float = 0.0) -> Iterator[None]:
    """Alone within the block. Raises StoreInUse after `wait` seconds."""
    with _lock(store) as handle:
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise StoreInUse("a run, a retraining or a snapshot is under way", where=str(store.root)) from None
                time.sleep(0.05)
        yield


@contextlib.contextmanager
def _lock(store: Store) -> Iterator[int]:
    handle = os.open(store.root / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)
